//! A strict reader of Go's benchmark format, line by line as the format's document says
//! (<https://go.dev/design/14313-benchmark-format>). Lines that other readers would skip are errors here, unless they are
//! blank or comments.

use std::collections::BTreeMap;

/// What a file holds.
#[derive(Debug, Default)]
pub(crate) struct File {
    pub(crate) results: Vec<Result>,
    /// Unit and key → value.
    pub(crate) units: BTreeMap<(String, String), String>,
}

/// A result, with the configuration that was in force.
#[derive(Debug)]
pub(crate) struct Result {
    pub(crate) name: String,
    pub(crate) configuration: BTreeMap<String, String>,
    pub(crate) iterations: u64,
    pub(crate) values: Vec<(f64, String)>,
}

impl Result {
    pub(crate) fn value(&self, unit: &str) -> Option<f64> {
        self.values.iter().find(|(_, own)| own == unit).map(|(value, _)| *value)
    }

    /// The sub-names, which are all of the form `key=value`.
    pub(crate) fn parts(&self) -> BTreeMap<&str, &str> {
        self.name.split('/').skip(1).map(|part| part.split_once('=').expect(part)).collect()
    }
}

pub(crate) fn read(text: &str) -> File {
    let mut file = File::default();
    let mut configuration = BTreeMap::new();
    for line in text.split_terminator('\n') {
        assert!(!line.contains(char::is_control) && line.len() < 64 << 10, "{line:?}");
        let fields: Vec<&str> = line.split_whitespace().collect();
        match fields.as_slice() {
            [] => {}
            [first, ..] if first.starts_with('#') => {}
            ["Unit", unit, pairs @ ..] => {
                for pair in pairs {
                    let (key, value) = pair.split_once('=').expect(line);
                    let before = file.units.insert(((*unit).to_owned(), key.to_owned()), value.to_owned());
                    assert!(before.is_none_or(|before| before == value), "{line}");
                }
            }
            [name, iterations, figures @ ..] if name.starts_with("Benchmark") => {
                check_name(name.strip_prefix("Benchmark").unwrap());
                assert!(!figures.is_empty() && figures.len().is_multiple_of(2), "{line}");
                let values = figures.chunks(2).map(|pair| {
                    let value: f64 = pair[0].parse().expect(line);
                    assert!(value.is_finite(), "{line}");
                    (value, pair[1].to_owned())
                });
                file.results.push(Result {
                    name: (*name).to_owned(),
                    configuration: configuration.clone(),
                    iterations: iterations.parse().expect(line),
                    values: values.collect(),
                });
            }
            _ => {
                let (key, value) = line.split_once(':').expect(line);
                assert!(key.starts_with(char::is_lowercase), "{line}");
                assert!(
                    !key.contains(|letter: char| letter.is_whitespace() || letter.is_uppercase()),
                    "{line}"
                );
                assert!(value.is_empty() || value.starts_with([' ', '\t']), "{line}");
                match value.trim_start_matches([' ', '\t']) {
                    "" => configuration.remove(key),
                    value => configuration.insert(key.to_owned(), value.to_owned()),
                };
            }
        }
    }
    file
}

/// What follows `Benchmark` starts like a name, and its end is not taken for a number of CPUs.
fn check_name(name: &str) {
    assert!(name.starts_with(char::is_uppercase), "{name}");
    let cpus = name.rsplit_once('-').map(|(_, last)| last);
    assert!(
        cpus.is_none_or(|last| last.is_empty() || last.contains(|letter: char| !letter.is_ascii_digit())),
        "{name}"
    );
}
