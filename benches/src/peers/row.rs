//! What is handed on of a cell and a peer.

use serde::Serialize;
use smbsign_engine::protocol::SigningAlgorithm;

use super::bars::{Verdict, bar};
use super::contender::Function;
use super::extent::{Extent, Set};
use super::floors::floor;
use super::libraries::Library;
use super::rounds::{Entry, Rounds};
use super::shot::Shot;
use super::statistics::{Estimate, median};

/// One peer in one cell. The first nine keys are a contract; more may be added.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// The algorithm, by the records' name.
    pub algorithm: &'static str,
    /// The length of all messages, or
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<usize>,
    /// the mix that their lengths are drawn from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mix: Option<&'static str>,
    /// `hot` or `cold`.
    pub set: &'static str,
    /// The library.
    pub peer: &'static str,
    /// Ours: median over rounds, in GB/s.
    pub ours_gbps: f64,
    /// The peer's by its best call: median over rounds, in GB/s.
    pub peer_gbps: f64,
    /// Ours ÷ the peer's: median over rounds of the ratio within a round.
    pub ratio: f64,
    /// Lower end of the ratio's 95 % interval.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
    /// The best call.
    pub call: String,
    /// The library's other calls, with their GB/s.
    pub other_calls: Vec<OtherCall>,
    /// What the peer computes: the signature, or another function in its place.
    pub function: &'static str,
    /// Ours, in core cycles per byte.
    pub ours_cycles_per_byte: f64,
    /// Ours, in core cycles per message.
    pub ours_cycles_per_message: f64,
    /// Ours in GB/s of compressed 64-byte blocks, padding and key included; MD5 alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ours_block_gbps: Option<f64>,
    /// The peer's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer_block_gbps: Option<f64>,
    /// Bytes of the set's messages.
    pub set_bytes: usize,
    /// Messages of the set.
    pub messages: usize,
    /// Rounds that were measured.
    pub rounds: usize,
    /// Rounds in which the machine probe moved by more than 3 %; they count all the same.
    pub disturbed_rounds: usize,
    /// Measurements of the cell that lost the core and were made again.
    pub repeated: usize,
    /// What the peer should reach here at least, in GB/s.
    pub floor_gbps: Option<f64>,
    /// Why the row is not to be trusted.
    pub mark: Option<&'static str>,
}

/// A call that was slower than the best.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OtherCall {
    /// The call.
    pub call: String,
    /// GB/s.
    pub gbps: f64,
}

/// What a row below its floor is marked with.
pub const MARK: &str = "peer misused or machine disturbed";

/// A cell, as rows need it.
#[derive(Debug, Clone, Copy)]
pub struct Cell {
    /// What signs.
    pub algorithm: SigningAlgorithm,
    /// How long the messages are.
    pub extent: Extent,
    /// Where they lie.
    pub set: Set,
    /// Bytes of the set's messages.
    pub set_bytes: usize,
    /// Messages of the set.
    pub messages: usize,
}

impl Row {
    /// A row for each library that was measured in the cell.
    #[must_use]
    pub fn of(cell: Cell, rounds: &Rounds) -> Vec<Self> {
        Library::ALL.into_iter().filter_map(|library| Self::of_library(cell, rounds, library)).collect()
    }

    fn of_library(cell: Cell, rounds: &Rounds, library: Library) -> Option<Self> {
        let gbps = |shots: &[Shot]| median(shots.iter().map(|shot| shot.gbps()));
        let mut entries: Vec<(&Entry, f64)> = rounds
            .peers
            .iter()
            .filter(|entry| entry.library == library)
            .filter_map(|entry| Some((entry, gbps(&entry.shots)?)))
            .collect();
        // Those with all their rounds first, the fastest first among them.
        let rank = |(entry, gbps): &(&Entry, f64)| (entry.shots.len() == rounds.ours.len(), *gbps);
        entries.sort_by(|one, other| {
            let ((one_whole, one_gbps), (other_whole, other_gbps)) = (rank(one), rank(other));
            other_whole.cmp(&one_whole).then(other_gbps.total_cmp(&one_gbps))
        });
        let (&(best, peer_gbps), others) = entries.split_first()?;
        let pairs = rounds.ours.iter().zip(&best.shots);
        let ratio = Estimate::of(pairs.map(|(ours, peer)| ours.gbps() / peer.gbps()))?;
        let Cell { algorithm, extent, set, set_bytes, messages } = cell;
        let ours_gbps = gbps(&rounds.ours)?;
        let (bytes, mix) = match extent {
            Extent::Bytes(bytes) => (Some(bytes), None),
            Extent::Mixed(mix) => (None, Some(mix.name())),
        };
        let function = best.contender.function();
        let blocks = |function, gbps: f64| {
            let per_byte = 64.0 * blocks(function, extent.mean()) / extent.mean() as f64;
            (algorithm == SigningAlgorithm::Md5 && mix.is_none()).then_some(gbps * per_byte)
        };
        let floor = floor(library, algorithm, extent, set);
        Some(Self {
            algorithm: algorithm.name(),
            bytes,
            mix,
            set: set.name(),
            peer: library.name(),
            ours_gbps,
            peer_gbps,
            ratio: ratio.median,
            low: ratio.low,
            high: ratio.high,
            call: best.contender.call().to_owned(),
            other_calls: others
                .iter()
                .map(|(entry, gbps)| OtherCall { call: entry.contender.call().to_owned(), gbps: *gbps })
                .collect(),
            function: match function {
                Function::Signature => algorithm.name(),
                Function::HmacMd5 => "hmac-md5",
            },
            ours_cycles_per_byte: median(rounds.ours.iter().map(|shot| shot.ns * shot.ghz / shot.bytes))?,
            ours_cycles_per_message: median(
                rounds.ours.iter().map(|shot| shot.ns * shot.ghz / shot.messages),
            )?,
            ours_block_gbps: blocks(Function::Signature, ours_gbps),
            peer_block_gbps: blocks(function, peer_gbps),
            set_bytes,
            messages,
            rounds: rounds.ours.len(),
            disturbed_rounds: rounds.disturbed,
            repeated: rounds.repeated,
            floor_gbps: floor,
            mark: floor.filter(|floor| peer_gbps < *floor).map(|_| MARK),
        })
    }

    /// Between which values the ratio lies.
    #[must_use]
    pub const fn estimate(&self) -> Estimate {
        Estimate { median: self.ratio, low: self.low, high: self.high }
    }

    /// `4096 B` or the mix's name.
    #[must_use]
    pub fn extent(&self) -> String {
        match (self.bytes, self.mix) {
            (Some(bytes), _) => Extent::Bytes(bytes).to_string(),
            (None, mix) => mix.unwrap_or_default().to_owned(),
        }
    }
}

/// Compressions of MD5 for a message: with the key before it, or, as HMAC with both pads prepared, one more at the end.
fn blocks(function: Function, message: usize) -> f64 {
    // A byte of padding and eight of length.
    let padded = |bytes: usize| (bytes + 9).div_ceil(64);
    (match function {
        Function::Signature => padded(16 + message),
        Function::HmacMd5 => padded(message) + 1,
    }) as f64
}

/// What is asked of a cell, of the best peer's row in it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BarRow {
    /// The algorithm.
    pub algorithm: &'static str,
    /// The message size; 65,536 where ipsec-mb's 65,280 is the best peer's.
    pub bytes: usize,
    /// The best peer.
    pub peer: &'static str,
    /// Ours ÷ its.
    pub ratio: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// What must hold.
    pub bar: f64,
    /// What to reach for.
    pub stretch: f64,
    /// Whether the bar holds.
    pub verdict: Verdict,
}

/// The bars of all hot cells among the rows: each against the fastest peer that computes at this size.
#[must_use]
pub fn judge(rows: &[Row]) -> Vec<BarRow> {
    let mut judged = Vec::new();
    for algorithm in SigningAlgorithm::ALL {
        for size in Extent::SIZES {
            let Some(bar) = bar(algorithm, Extent::Bytes(size)) else { continue };
            let of_size = |row: &&Row| {
                let bytes = row
                    .bytes
                    .map(|bytes| if bytes == super::extent::LONGEST_FOR_ALL { 64 << 10 } else { bytes });
                (row.algorithm, bytes, row.set) == (algorithm.name(), Some(size), Set::Hot.name())
            };
            let best = rows.iter().filter(of_size).max_by(|one, two| one.peer_gbps.total_cmp(&two.peer_gbps));
            judged.extend(best.map(|row| BarRow {
                algorithm: row.algorithm,
                bytes: size,
                peer: row.peer,
                ratio: row.ratio,
                low: row.low,
                high: row.high,
                bar: bar.must,
                stretch: bar.stretch,
                verdict: Verdict::of(bar.must, row.estimate()),
            }));
        }
    }
    judged
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hmac_md5_compresses_one_block_more_where_the_key_costs_none() {
        // 16 + 128 + 9 and 128 + 9 bytes both take three blocks; HMAC adds the outer one.
        assert_eq!((blocks(Function::Signature, 128), blocks(Function::HmacMd5, 128)), (3.0, 4.0));
        assert_eq!((blocks(Function::Signature, 111), blocks(Function::HmacMd5, 111)), (3.0, 3.0));
    }
}
