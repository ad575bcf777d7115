//! Any bytes as a record: what is accepted is written and read back as it was, and can be reported.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smbsign::output::{Colour, Format};
use smbsign::record;
use smbsign::report;

fuzz_target!(|bytes: &[u8]| {
    let Ok(run) = record::parse(bytes) else { return };
    let mut written = Vec::new();
    report::json(&run, &mut written).expect("memory can be written to");
    assert_eq!(record::parse(&written).expect("what we write we read"), run);
    for format in [Format::Table, Format::Csv] {
        report::run(&run, format, Colour::Plain, &mut std::io::sink()).expect("nothing is written");
    }
    let _ = (report::markdown(&run, &mut std::io::sink()), report::findings(&run.measurements));
});
