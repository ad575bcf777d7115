//! One message through an idle engine and back, and the same signed on the spot.

use fastrand::Rng;
use smbsign::measure::clock::Clock;
use smbsign_engine::kernels::Backend;
use smbsign_engine::mac::PreparedKey;
use smbsign_engine::offload::{Burst, Config, OffloadEngine, QueuePair, Waiting};
use smbsign_engine::protocol::SigningAlgorithm;
use smbsign_engine::signing;
use smbsign_engine::traffic::Clock as _;

use super::super::shot::{WrongTag, elapsed, prepared};
use super::super::statistics::median;
use super::super::work_set::random_keys;
use super::letter::{Belonging, Letter, Sessions, sequence};

/// Messages of each side in a round.
const MESSAGES: usize = 400;
/// Nobody has anything to do for so long before each message.
const IDLE_NS: u64 = 10_000;

/// An engine and a message.
pub(super) struct Alone {
    // Before the engine, which would else abandon what it has out.
    pair: QueuePair<Letter>,
    _engine: OffloadEngine<Letter>,
    sessions: Sessions,
    /// With the one message in it.
    burst: Option<Burst<Letter>>,
    /// The same on the spot.
    here: (PreparedKey, Letter),
    algorithm: SigningAlgorithm,
}

impl Alone {
    /// A worker on a core, and a message of so many bytes.
    pub(super) fn new(
        (algorithm, bytes): (SigningAlgorithm, usize),
        (waiting, core): (Waiting, usize),
        backend: Backend,
        rng: &mut Rng,
    ) -> Self {
        let config = Config { backend, waiting, cores: vec![core], ..Config::default() };
        let engine = OffloadEngine::start(config).expect("a core of this process");
        let sessions = Sessions::register(&engine, algorithm, (1, Belonging::Fixed), rng);
        let mut burst = Burst::new();
        let job = sessions.address(Letter::new(algorithm, bytes, 0, rng), 0);
        assert!(burst.push(job).is_ok(), "an empty burst has room");
        let key = prepared(algorithm, backend, &random_keys(1, rng)).remove(0);
        let here = (key, Letter::new(algorithm, bytes, 0, rng));
        Self { pair: engine.queue_pair(), _engine: engine, sessions, burst: Some(burst), here, algorithm }
    }

    /// The median time through the engine, and that on the spot, both in microseconds.
    pub(super) fn round(&mut self, clock: &Clock) -> Result<(f64, f64), WrongTag> {
        let (mut there, mut here) = (Vec::with_capacity(MESSAGES), Vec::with_capacity(MESSAGES));
        for _ in 0..MESSAGES {
            there.push(self.through_the_engine(clock));
            here.push(self.on_the_spot(clock)?);
        }
        let mut burst = self.burst.take().expect("it came back");
        let done: Vec<_> = burst.drain().collect();
        for completion in done {
            self.sessions.check(&completion)?;
            assert!(burst.push(completion.job).is_ok(), "an empty burst has room");
        }
        self.burst = Some(burst);
        Ok((median(there).unwrap_or(0.0) / 1e3, median(here).unwrap_or(0.0) / 1e3))
    }

    fn through_the_engine(&mut self, clock: &Clock) -> f64 {
        let burst = self.burst.take().expect("it came back");
        let start = idle(clock);
        self.pair.submit(burst).expect("nothing else is out");
        self.burst = self.pair.wait();
        elapsed(start, clock)
    }

    fn on_the_spot(&mut self, clock: &Clock) -> Result<f64, WrongTag> {
        let (key, letter) = &mut self.here;
        let bytes = letter.len();
        let start = idle(clock);
        let signed = signing::sign(key, letter.bytes_mut(), sequence(self.algorithm));
        let ns = elapsed(start, clock);
        signed.map_err(|_| WrongTag::of_ours(self.algorithm, bytes))?;
        Ok(ns)
    }
}

/// Lets time pass, and says when it has.
fn idle(clock: &Clock) -> u64 {
    let until = clock.now() + IDLE_NS;
    loop {
        let now = clock.now();
        if now >= until {
            return now;
        }
        std::hint::spin_loop();
    }
}
