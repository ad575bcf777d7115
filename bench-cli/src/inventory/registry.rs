//! What registry values mean, whichever file brings them.

use smbsign_engine::policy::{Change, Encryption, Guests, HardenedPath, Presence, Setting, Side};
use smbsign_engine::protocol::Dialect;

use super::{Layer, Place, Source};

/// The data of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Data {
    /// REG_DWORD.
    Dword(u32),
    /// REG_SZ and REG_EXPAND_SZ.
    Text(String),
    /// Any other type, by its name.
    Other(&'static str),
}

impl Data {
    const fn type_name(&self) -> &'static str {
        match self {
            Self::Dword(_) => "REG_DWORD",
            Self::Text(_) => "REG_SZ",
            Self::Other(name) => name,
        }
    }
}

/// Takes the values of one file, and states what they mean.
#[derive(Debug)]
pub(super) struct Values<'a> {
    source: &'a mut Source,
    layer: Layer,
    seen: Vec<(String, Place)>,
    encrypt: Option<(u32, Place, Layer)>,
    reject: Option<u32>,
}

/// Where a key of ours lies, below HKEY_LOCAL_MACHINE.
enum Key {
    Service(Side),
    Smb1Client,
    Policy(Side),
    HardenedPaths,
}

impl Key {
    fn of(path: &str) -> Option<Self> {
        let path = path.trim_matches('\\').to_ascii_lowercase();
        let (hive, below) = path.split_once('\\')?;
        match hive {
            "system" => {
                let (set, below) = below.split_once('\\')?;
                if set != "currentcontrolset" && !set.starts_with("controlset") {
                    return None;
                }
                match below {
                    r"services\lanmanworkstation\parameters" => Some(Self::Service(Side::Client)),
                    r"services\lanmanserver\parameters" => Some(Self::Service(Side::Server)),
                    r"services\mrxsmb10" => Some(Self::Smb1Client),
                    _ => None,
                }
            }
            "software" => match below {
                r"policies\microsoft\windows\lanmanworkstation" => Some(Self::Policy(Side::Client)),
                r"policies\microsoft\windows\lanmanserver" => Some(Self::Policy(Side::Server)),
                r"policies\microsoft\windows\networkprovider\hardenedpaths" => Some(Self::HardenedPaths),
                _ => None,
            },
            _ => None,
        }
    }
}

impl<'a> Values<'a> {
    /// Values of a file of this layer; what lies below `SOFTWARE\Policies` is Group Policy's in any case.
    pub(super) fn new(source: &'a mut Source, layer: Layer) -> Self {
        Self { source, layer, seen: Vec::new(), encrypt: None, reject: None }
    }

    /// Notes what could not be used.
    pub(super) fn warn(&mut self, place: Place, text: impl Into<String>) {
        self.source.warn(place, text);
    }

    /// Takes a value of a key below HKEY_LOCAL_MACHINE.
    pub(super) fn take(&mut self, key: &str, name: &str, data: &Data, place: Place) {
        let Some(found) = Key::of(key) else { return };
        let full = format!("{}\\{}", key.trim_matches('\\'), name).to_ascii_lowercase();
        if let Some((_, first)) = self.seen.iter().find(|(known, _)| *known == full) {
            let text = format!("{name} is set a second time, after {first}: the later one counts");
            self.source.warn(place.clone(), text);
        }
        self.seen.push((full, place.clone()));
        match found {
            Key::Service(side) => self.service(side, name, data, self.layer, place),
            Key::Policy(side) => self.service(side, name, data, Layer::GroupPolicy, place),
            Key::Smb1Client if name.eq_ignore_ascii_case("Start") => {
                if let Some(start) = self.dword(name, data, &place) {
                    let presence = if start == 4 { Presence::Removed } else { Presence::Present };
                    self.state(Side::Client, Setting::Smb1(presence), self.layer, place);
                }
            }
            Key::Smb1Client => {}
            Key::HardenedPaths => self.hardened(name, data, place),
        }
    }

    fn service(&mut self, side: Side, name: &str, data: &Data, layer: Layer, place: Place) {
        let lower = name.to_ascii_lowercase();
        let known = [
            "requiresecuritysignature",
            "enablesecuritysignature",
            "allowinsecureguestauth",
            "requireencryption",
            "smb1",
            "smb2",
            "encryptdata",
            "rejectunencryptedaccess",
            "minsmb2dialect",
            "maxsmb2dialect",
        ];
        if !known.contains(&lower.as_str()) {
            if lower.contains("securitysignature") {
                self.warn(place, format!("{name} is no value that SMB knows"));
            }
            return;
        }
        let Some(value) = self.dword(name, data, &place) else { return };
        if value > 1 && !lower.ends_with("smb2dialect") {
            self.warn(place.clone(), format!("{name} is {value}, neither 0 nor 1: taken as 1"));
        }
        let setting = match (lower.as_str(), side) {
            ("requiresecuritysignature", _) => Setting::Require(value),
            ("enablesecuritysignature", _) => Setting::Enable(value),
            ("allowinsecureguestauth", Side::Client) => {
                Setting::Guests(if value == 0 { Guests::Refused } else { Guests::Accepted })
            }
            ("requireencryption", Side::Client) => {
                Setting::Encryption(if value == 0 { Encryption::Off } else { Encryption::Required })
            }
            ("smb1", Side::Server) => {
                Setting::Smb1(if value == 0 { Presence::Removed } else { Presence::Present })
            }
            ("smb2", Side::Server) if value == 0 => Setting::MaxDialect(Dialect::Smb1),
            ("encryptdata", Side::Server) => {
                self.encrypt = Some((value, place, layer));
                return;
            }
            ("rejectunencryptedaccess", Side::Server) => {
                self.reject = Some(value);
                return;
            }
            ("minsmb2dialect" | "maxsmb2dialect", _) => {
                let Some(dialect) = u16::try_from(value).ok().and_then(Dialect::from_revision) else {
                    // 0 and 0xffff stand for no limit.
                    if value != 0 && value != 0xffff {
                        self.warn(place, format!("{name} is {value:#x}, which is no dialect"));
                    }
                    return;
                };
                if lower.starts_with("min") {
                    Setting::MinDialect(dialect)
                } else {
                    Setting::MaxDialect(dialect)
                }
            }
            _ => return,
        };
        self.state(side, setting, layer, place);
    }

    fn hardened(&mut self, name: &str, data: &Data, place: Place) {
        let Data::Text(demands) = data else {
            let text = format!("the hardened path {name} is a {}, not a REG_SZ: left out", data.type_name());
            return self.warn(place, text);
        };
        match HardenedPath::parse(name, demands) {
            Ok(entry) => self.state(Side::Client, Setting::Hardened(entry), Layer::GroupPolicy, place),
            Err(error) => self.warn(place, format!("the hardened path {name} is left out: {error}")),
        }
    }

    fn dword(&mut self, name: &str, data: &Data, place: &Place) -> Option<u32> {
        let Data::Dword(value) = data else {
            let text = format!("{name} is a {}, not a REG_DWORD: left out", data.type_name());
            self.warn(place.clone(), text);
            return None;
        };
        Some(*value)
    }

    fn state(&mut self, side: Side, setting: Setting, layer: Layer, place: Place) {
        self.source.state(Change { side, setting }, layer, place);
    }

    /// States what takes two values to tell.
    pub(super) fn finish(mut self) {
        if let Some((encrypt, place, layer)) = self.encrypt.take() {
            let encryption = encryption(encrypt != 0, self.reject != Some(0));
            self.state(Side::Server, Setting::Encryption(encryption), layer, place);
        }
    }
}

/// What a Windows server's two switches make: it refuses whom it cannot encrypt for, unless told not to.
pub(super) const fn encryption(encrypt_data: bool, reject_unencrypted: bool) -> Encryption {
    match (encrypt_data, reject_unencrypted) {
        (false, _) => Encryption::Off,
        (true, true) => Encryption::Required,
        (true, false) => Encryption::Desired,
    }
}
