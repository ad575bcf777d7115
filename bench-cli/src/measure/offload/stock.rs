//! Which messages are at home, and which are under way.

use smbsign_engine::batch::Operation;
use smbsign_engine::mac::PreparedKey;
use smbsign_engine::offload::{Burst, Job, KeyId, OffloadEngine, TooManyKeys};
use smbsign_engine::traffic::{Generator, Outgoing, Series, Signing};

use super::super::chunk::{Chunk, ChunkBound, Next, Pace};
use super::super::duty::Duty;
use super::letter::Letter;

/// What is done to a message that is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    /// Nothing: it takes the same way without any MAC.
    PassOn,
    Sign,
    Verify,
}

/// The set's messages, owned one by one, and what is written into each before it leaves.
#[derive(Debug)]
pub(super) struct Stock {
    series: Series,
    /// By place; none while under way.
    letters: Vec<Option<Letter>>,
    /// By place: the intended departure.
    due: Vec<u64>,
    most_under_way: usize,
    under_way: usize,
    work: Work,
    /// By session.
    keys: Vec<KeyId>,
    /// Names no key: a message that asks for it takes the whole way and comes back as it was.
    nobody: KeyId,
}

impl Stock {
    /// Takes a generator apart, and registers the duty's keys.
    pub(super) fn new(
        mut generator: Generator,
        duty: Duty,
        spare: PreparedKey,
        engine: &OffloadEngine<Letter>,
    ) -> Result<Self, TooManyKeys> {
        let (work, prepared) = match duty {
            Duty::Sign(keys) => (Work::Sign, keys),
            Duty::Verify(keys) => (Work::Verify, keys),
            Duty::PassOn | Duty::Stamp | Duty::Seal(_) | Duty::Open(..) => (Work::PassOn, Vec::new()),
        };
        let nobody = engine.register(spare)?;
        // It was registered a moment ago.
        let _ = engine.remove(nobody);
        let keys = prepared.into_iter().map(|key| engine.register(key)).collect::<Result<_, _>>()?;
        let (series, buffers) = generator.split();
        let series = series.clone();
        // In the order of addresses, so that a shuffled set stays one.
        let mut by_address: Vec<_> = (0..buffers.len()).collect();
        by_address.sort_unstable_by_key(|place| buffers[*place].as_ptr());
        let mut letters: Vec<_> = buffers.iter().map(|_| None).collect();
        for place in by_address {
            letters[place] = Some(Letter::new(buffers[place], place));
        }
        let due = vec![0; letters.len()];
        let most_under_way = series.most_in_flight();
        Ok(Self { series, letters, due, most_under_way, under_way: 0, work, keys, nobody })
    }

    /// Messages in the set.
    pub(super) fn places(&self) -> usize {
        self.letters.len()
    }

    /// Those at home, in the order of play.
    pub(super) fn messages(&self) -> impl Iterator<Item = &[u8]> + Clone {
        self.letters.iter().flatten().map(Letter::content)
    }

    /// Messages that may be under way at once.
    pub(super) const fn most_under_way(&self) -> usize {
        self.most_under_way
    }

    /// Messages that are.
    pub(super) const fn under_way(&self) -> usize {
        self.under_way
    }

    /// What messages become when all went well; those that no session signs come back as they were.
    pub(super) const fn work(&self) -> Work {
        self.work
    }

    /// Whether the next message may leave: its session has not as many under way as it may. Sessions take turns, so that this
    /// is so when the message is back that left so many before; the next one's own buffer is then back, too.
    #[inline]
    pub(super) fn may_send(&self) -> bool {
        let behind = self.places() - self.most_under_way;
        let (next, places) = (self.series.next_place(), self.places());
        let at = if next + behind < places { next + behind } else { next + behind - places };
        self.letters[at].is_some()
    }

    /// Puts messages into a burst as long as the next one is due, the bound allows another and its session may send it; at
    /// least one, which the caller knows may leave.
    pub(super) fn fill(
        &mut self,
        burst: &mut Burst<Letter>,
        bound: ChunkBound,
        schedule: Option<(&mut smbsign_engine::traffic::Schedule, u64)>,
    ) -> Chunk {
        let mut chunk = Chunk::default();
        let mut intended = [0; Burst::<Letter>::MAX_MESSAGES];
        let mut pace = match schedule {
            Some((schedule, moment)) => Pace::Link { schedule, moment, intended: &mut intended },
            None => Pace::Saturated,
        };
        let first = self.series.next_place();
        loop {
            let place = self.series.next_place();
            let Some(mut letter) = self.letters[place].take() else { break };
            let outgoing = match self.work {
                Work::Verify => self.series.next_received(letter.bytes()),
                Work::PassOn | Work::Sign => self.series.next_message(letter.bytes()),
            };
            let next = chunk.add(&outgoing, bound, &mut pace);
            let (key, operation) = match (self.work, outgoing.signing) {
                (Work::PassOn, _) | (_, Signing::Unsigned) => (self.nobody, Operation::Sign),
                (Work::Sign, _) => (self.keys[outgoing.session], Operation::Sign),
                (Work::Verify, _) => (self.keys[outgoing.session], Operation::Verify(outgoing.sender)),
            };
            let sequence = outgoing.sequence;
            let pushed = burst.push(Job { key, operation, sequence, parcel: letter });
            debug_assert!(pushed.is_ok(), "the bound is a burst's");
            self.under_way += 1;
            if next == Next::Nothing || !self.may_send() {
                break;
            }
        }
        for (back, due) in intended[..chunk.messages].iter().enumerate() {
            let place = self.place_after(first, back);
            self.due[place] = *due;
        }
        chunk
    }

    /// A message is back.
    #[inline]
    pub(super) fn put_back(&mut self, letter: Letter) {
        self.under_way -= 1;
        let place = letter.place;
        self.letters[place] = Some(letter);
    }

    /// The message of a letter as it left.
    #[inline]
    pub(super) fn message<'a>(&self, letter: &'a mut Letter) -> Outgoing<'a> {
        self.series.message(letter.place, letter.bytes())
    }

    /// The message so many places after another, if it is at home.
    pub(super) fn at_home(&mut self, first: usize, after: usize) -> Option<Outgoing<'_>> {
        let place = self.place_after(first, after);
        let letter = self.letters[place].as_mut()?;
        Some(self.series.message(place, letter.bytes()))
    }

    /// The intended departures of so many messages from a place on.
    pub(super) fn due(&self, first: usize, messages: usize) -> impl ExactSizeIterator<Item = u64> {
        (0..messages).map(move |after| self.due[self.place_after(first, after)])
    }

    /// The earliest departure of what is under way.
    pub(super) fn oldest_due(&self) -> Option<u64> {
        let away = self.letters.iter().zip(&self.due).filter(|(letter, _)| letter.is_none());
        away.map(|(_, due)| *due).min()
    }

    /// Starts again with the same numbers, when all messages are at home.
    pub(super) fn rewind(&mut self) {
        self.series.rewind();
    }

    #[inline]
    fn place_after(&self, first: usize, after: usize) -> usize {
        let place = first + after;
        if place < self.places() { place } else { place - self.places() }
    }
}
