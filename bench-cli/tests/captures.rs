//! Real captures.
use smbsign::capture::keys::{KeyFile, Keys};
use smbsign::capture::verification::Verification;
use smbsign::report::messages;
use std::fs::File;
use std::path::Path;

#[test]
fn all() {
    for dir in ["/work/shared/captures", "/work/shared/dc-profile/captures"] {
        let mut total = [0; 4];
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|e| e != "pcap") {
                continue;
            }
            let keys = Keys::from_file(KeyFile::read(&path.with_extension("json")).unwrap());
            let mut rows = Vec::new();
            let v =
                Verification::of(File::open(&path).unwrap(), keys, |m| rows.push(messages::row(m))).unwrap();
            let mut csv = csv::Reader::from_path(path.with_extension("messages.csv")).unwrap();
            let expected: Vec<csv::StringRecord> = csv.records().map(|r| r.unwrap()).collect();
            let mut bad = 0;
            for (i, e) in expected.iter().enumerate() {
                let same = rows.get(i).is_some_and(|r| e.iter().zip(r).take(15).all(|(a, b)| a == b));
                if !same {
                    bad += 1;
                    if bad < 4 {
                        println!("  want {e:?}\n  got  {:?}", rows.get(i));
                    }
                }
            }
            if bad > 0 || rows.len() != expected.len() || !v.damage.is_empty() || v.counts.failed > 0 {
                println!(
                    "{:?} bad {bad} rows {} {} {:?} {:?}",
                    path.file_name().unwrap(),
                    rows.len(),
                    expected.len(),
                    v.counts,
                    v.damage
                );
            }
            total[0] += v.counts.verified;
            total[1] += v.counts.echoed;
            total[2] += v.counts.failed;
            total[3] += v.counts.unchecked;
        }
        println!("{dir} {total:?}");
    }
}
