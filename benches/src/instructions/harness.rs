//! What a trial spends around a MAC that costs nothing, and a record written and read.

use std::hint::black_box;
use std::time::Duration;

use smbsign::measure::{Plan, Rehearsal, Settings};
use smbsign::record::{Engine, Protection, Run, Transmit};
use smbsign_engine::protocol::Dialect;
use smbsign_engine::traffic::LinkRate;

use super::{Portable, Row};

pub(super) const BENCHMARKS: &[Row] = &[
    ("harness/unpaced/SMB1", |portable| trial(Dialect::Smb1, LinkRate::Max, 20, portable)),
    ("harness/unpaced/3.1.1", |portable| trial(Dialect::Smb311, LinkRate::Max, 20, portable)),
    ("harness/10GbE/3.1.1", |portable| trial(Dialect::Smb311, LinkRate::ETHERNET[2], 1_000, portable)),
    ("harness/record/write", |_| {
        let run: Run = serde_json::from_str(RECORD).expect("a record that was kept");
        Box::new(move || {
            let mut bytes = Vec::with_capacity(2 * RECORD.len());
            smbsign::report::json(&run, &mut bytes).expect("memory takes it");
            black_box(bytes);
        })
    }),
    ("harness/record/read", |_| {
        Box::new(|| {
            let run: Run = serde_json::from_str(black_box(RECORD)).expect("a record that was kept");
            black_box(run);
        })
    }),
];

/// The smallest record that is kept: some thirty trials.
const RECORD: &str = include_str!("../../../results/2026-11-22-amd-epyc-0544fa80-4/record.json");

/// A trial of 128-byte messages under the null MAC, for so many microseconds of a clock that counts its readings.
fn trial(dialect: Dialect, link: LinkRate, microseconds: u64, portable: Portable) -> Box<dyn FnOnce()> {
    let settings = Settings {
        dialects: vec![dialect],
        protections: vec![Protection::Null],
        engines: Some(vec![Engine::Serial]),
        links: vec![link],
        message_bytes: 128,
        workers: 1,
        backend: portable.backend(),
        transmit: Transmit::None,
        duration: Some(Duration::from_micros(microseconds)),
        ..Settings::default()
    };
    let plan = Plan::new(settings).expect("a plan of two cells");
    let is_null = |cell: &&smbsign::measure::Cell| cell.protection == Protection::Null;
    let cell = *plan.cells().iter().find(is_null).expect("the null MAC's cell");
    let rehearsal = Rehearsal::new(&plan, cell).expect("the null MAC takes no key");
    Box::new(move || {
        black_box(rehearsal.run().expect("the null MAC signs everything"));
    })
}
