//! The captures to test with.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use serde_json::Value;
use smbsign::capture::follow::{Follower, Message};
use smbsign::capture::keys::{Credentials, KeyFile, Keys, Secret};
use smbsign::capture::{Event, Events};

/// A capture with what is known about it.
pub(crate) struct Capture {
    pub(crate) path: PathBuf,
    pub(crate) json: Value,
}

/// The captures in the repository.
pub(crate) fn small() -> Vec<Capture> {
    let captures = set("tests/data/captures");
    assert!(!captures.is_empty(), "the repository has captures");
    captures
}

/// One capture of the repository.
pub(crate) fn named(name: &str) -> Capture {
    small().into_iter().find(|capture| capture.name() == name).unwrap()
}

/// The captures of a full set; none if it is not there.
pub(crate) fn full(set_name: &str) -> Vec<Capture> {
    set(&format!("../../shared/{set_name}"))
}

fn set(path: &str) -> Vec<Capture> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let entries = fs::read_dir(&directory).into_iter().flatten().map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|kind| kind == "pcap")).collect();
    paths.sort();
    println!(
        "{}: {}",
        directory.display(),
        match paths.len() {
            0 => "not found, not run".to_owned(),
            count => format!("{count} captures"),
        }
    );
    let json = |path: &Path| serde_json::from_slice(&fs::read(path.with_extension("json")).unwrap()).unwrap();
    paths.into_iter().map(|path| Capture { json: json(&path), path }).collect()
}

impl Capture {
    pub(crate) fn name(&self) -> &str {
        self.path.file_stem().unwrap().to_str().unwrap()
    }

    pub(crate) fn file(&self) -> File {
        File::open(&self.path).unwrap()
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        Events::new(self.file()).unwrap().collect()
    }

    /// The keys of the JSON beside the capture.
    pub(crate) fn keys(&self) -> Keys {
        Keys::from_file(KeyFile::read(&self.path.with_extension("json")).unwrap())
    }

    /// The keys of the JSON, changed.
    pub(crate) fn keys_with(&self, change: impl FnOnce(&mut Value)) -> Keys {
        let mut json = self.json.clone();
        change(&mut json);
        Keys::from_file(serde_json::from_value(json).unwrap())
    }

    /// The user, domain and password of each account.
    pub(crate) fn accounts(&self) -> Vec<[&str; 3]> {
        let accounts = self.json["credentials"].as_array().unwrap().iter();
        accounts
            .map(|account| ["user", "domain", "password"].map(|key| account[key].as_str().unwrap()))
            .collect()
    }

    /// Nothing but the accounts' passwords.
    pub(crate) fn passwords(&self) -> Keys {
        let credentials = self.accounts().into_iter().map(|[user, domain, password]| {
            Credentials::new(user.to_owned(), domain.to_owned(), Secret::new(password.to_owned()))
        });
        Keys::from_credentials(credentials.collect())
    }

    /// One of the counts that the capture was recorded with.
    pub(crate) fn expected(&self, count: &str) -> u64 {
        self.json["expected"][count].as_u64().unwrap()
    }
}

/// The messages of a capture's events, judged.
pub(crate) fn judge(events: &[Event], keys: Keys) -> Vec<Message> {
    let mut follower = Follower::new(keys);
    events.iter().flat_map(|event| follower.event(event)).collect()
}
