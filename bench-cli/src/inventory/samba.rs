//! Samba's `smb.conf`, and what `testparm -s` prints of it.

use std::collections::HashMap;

use smbsign_engine::policy::{Change, Eagerness, Encryption, Generation, Presence, Role, Setting, Side};
use smbsign_engine::protocol::{Cipher, Dialect, SigningAlgorithm};

use super::reg_file::shortened;
use super::text::{Line, Style, decoded, lines};
use super::{Layer, Place, Source};

/// Reads a configuration; `file` names it in warnings.
#[must_use]
pub fn samba(file: &str, bytes: &[u8]) -> Source {
    let mut source = Source::default();
    let text = decoded(bytes, file, &mut source);
    let mut reading =
        Reading { source: &mut source, section: None, seen: HashMap::new(), is_ad_dc: false, signing: None };
    for (number, line) in lines(&text, Style::Samba) {
        let place = Place::line(file, number);
        match line {
            Line::Section(name) => reading.section = Some(name.to_lowercase()),
            Line::Entry(key, value) => reading.entry(&normal(key), &value, place),
            // testparm's own messages, where stderr was kept along.
            Line::Other(text)
                if text.ends_with(':') || text.starts_with("Loaded ") || text.starts_with("Server role") => {}
            Line::Other(text) => {
                let text = format!("neither a section nor a parameter: {}", shortened(text));
                reading.source.warn(place, text);
            }
        }
    }
    reading.finish(file);
    source
}

/// Samba takes parameters without regard to case and blanks.
fn normal(key: &str) -> String {
    key.split_whitespace().collect::<String>().to_lowercase()
}

struct Reading<'a> {
    source: &'a mut Source,
    section: Option<String>,
    seen: HashMap<String, Place>,
    is_ad_dc: bool,
    signing: Option<Signing>,
}

/// The values of `server signing` and `client signing`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Signing {
    Default,
    Off,
    IfRequired,
    Desired,
    Required,
}

impl Reading<'_> {
    fn entry(&mut self, key: &str, value: &str, place: Place) {
        let section = self.section.clone();
        let global = section.as_deref().is_none_or(|name| name == "global" || name == "globals");
        let full = format!("{}/{key}", section.unwrap_or_default());
        if let Some(first) = self.seen.get(&full) {
            let text = format!("{key} is set a second time, after {first}: the later one counts");
            self.source.warn(place.clone(), text);
        }
        self.seen.insert(full, place.clone());
        let value = value.trim();
        if global { self.global(key, value, place) } else { self.share(key, value, place) }
    }

    fn share(&mut self, key: &str, value: &str, place: Place) {
        if ["smbencrypt", "serversmbencrypt"].contains(&key) {
            match encryption(value) {
                Some((encryption, _)) => {
                    let share = self.section.clone().unwrap_or_default();
                    self.state(Side::Server, Setting::ShareEncryption(share, encryption), place);
                }
                None => self.unknown(key, value, place),
            }
        }
    }

    fn global(&mut self, key: &str, value: &str, place: Place) {
        match key {
            "serversigning" => match signing(value) {
                Some(signing) => {
                    self.signing = Some(signing);
                    self.signing(Side::Server, signing, place);
                }
                None => self.unknown(key, value, place),
            },
            "clientsigning" => match signing(value) {
                Some(signing) => self.signing(Side::Client, signing, place),
                None => self.unknown(key, value, place),
            },
            "serverminprotocol" | "minprotocol" => self.minimum(Side::Server, key, value, place),
            "clientminprotocol" => self.minimum(Side::Client, key, value, place),
            "servermaxprotocol" | "maxprotocol" | "protocol" => self.maximum(Side::Server, key, value, place),
            "clientmaxprotocol" => self.maximum(Side::Client, key, value, place),
            "serversmb3signingalgorithms" => self.algorithms(Side::Server, value, place),
            "clientsmb3signingalgorithms" => self.algorithms(Side::Client, value, place),
            "serversmb3encryptionalgorithms" => self.ciphers(Side::Server, value, place),
            "clientsmb3encryptionalgorithms" => self.ciphers(Side::Client, value, place),
            "smbencrypt" | "serversmbencrypt" => self.encryption(Side::Server, key, value, place),
            "clientsmbencrypt" => self.encryption(Side::Client, key, value, place),
            "serverrole" => {
                let role = normal(value);
                self.is_ad_dc =
                    ["activedirectorydomaincontroller", "domaincontroller", "dc"].contains(&role.as_str());
                if self.is_ad_dc {
                    self.state(Side::Server, Setting::Role(Role::DomainController), place);
                }
            }
            "netbiosname" => self.source.machine = Some(value.to_owned()),
            "include" | "configfile" => {
                self.source.warn(place, format!("{value} is not read along: give what `testparm -s` prints"));
            }
            _ => {}
        }
    }

    fn signing(&mut self, side: Side, signing: Signing, place: Place) {
        // As seen with 4.17 (experiments/samba-signing): on SMB1 a server offers signing from `if_required` on, and signs
        // for a client that requires it even when `disabled`; a client that is `disabled` never does, and one that has
        // `if_required` does not take up an offer. That is MS-SMB's Enabled, Declined, Disabled, Declined.
        let (require, enable, generation) = match (signing, side) {
            (Signing::Default, _) => return,
            (Signing::Off, Side::Client) => (0, 0, Generation::Legacy),
            (Signing::Off, Side::Server) | (Signing::IfRequired, Side::Client) => (0, 0, Generation::Current),
            (Signing::IfRequired, Side::Server) | (Signing::Desired, _) => (0, 1, Generation::Current),
            (Signing::Required, _) => (1, 1, Generation::Current),
        };
        if side == Side::Client {
            // Under SMB2, `desired` signs whatever the server says.
            let desired = signing == Signing::Desired;
            let eagerness = if desired { Eagerness::WheneverPossible } else { Eagerness::WhenRequired };
            self.state(side, Setting::Signing(eagerness), place.clone());
        }
        self.state(side, Setting::Require(require), place.clone());
        self.state(side, Setting::Enable(enable), place.clone());
        self.state(side, Setting::Smb1Generation(generation), place);
    }

    fn minimum(&mut self, side: Side, key: &str, value: &str, place: Place) {
        let Some(dialect) = protocol(value) else { return self.unknown(key, value, place) };
        let Some(dialect) = dialect else { return };
        let presence = if dialect == Dialect::Smb1 { Presence::Present } else { Presence::Removed };
        self.state(side, Setting::Smb1(presence), place.clone());
        self.state(side, Setting::MinDialect(dialect.max(Dialect::Smb202)), place);
    }

    fn maximum(&mut self, side: Side, key: &str, value: &str, place: Place) {
        match protocol(value) {
            Some(Some(dialect)) => self.state(side, Setting::MaxDialect(dialect), place),
            Some(None) => {}
            None => self.unknown(key, value, place),
        }
    }

    fn algorithms(&mut self, side: Side, value: &str, place: Place) {
        let algorithms = self.list(value, &place, |word| match word {
            "aes-128-gmac" => Some(SigningAlgorithm::AesGmac),
            "aes-128-cmac" => Some(SigningAlgorithm::AesCmac),
            "hmac-sha256" => Some(SigningAlgorithm::HmacSha256),
            _ => None,
        });
        self.state(side, Setting::SigningAlgorithms(algorithms), place);
    }

    fn ciphers(&mut self, side: Side, value: &str, place: Place) {
        let ciphers =
            self.list(value, &place, |word| Cipher::ALL.into_iter().find(|cipher| cipher.name() == word));
        self.state(side, Setting::Ciphers(ciphers), place);
    }

    fn list<T>(&mut self, value: &str, place: &Place, known: impl Fn(&str) -> Option<T>) -> Vec<T> {
        let mut found = Vec::new();
        let separators = |letter: char| letter == ',' || letter == ';' || letter.is_whitespace();
        for word in value.split(separators).filter(|word| !word.is_empty()) {
            match known(&word.to_lowercase()) {
                Some(value) => found.push(value),
                None => self.source.warn(place.clone(), format!("{word} is no algorithm that SMB3 has")),
            }
        }
        found
    }

    fn encryption(&mut self, side: Side, key: &str, value: &str, place: Place) {
        let Some((encryption, able)) = encryption(value) else { return self.unknown(key, value, place) };
        self.state(side, Setting::Encryption(encryption), place.clone());
        if able == Able::No {
            self.state(side, Setting::Ciphers(Vec::new()), place);
        }
    }

    fn state(&mut self, side: Side, setting: Setting, place: Place) {
        self.source.state(Change { side, setting }, Layer::Local, place);
    }

    fn unknown(&mut self, key: &str, value: &str, place: Place) {
        self.source.warn(place, format!("{key}: {value} is no value that Samba knows"));
    }

    /// An AD domain controller requires signing unless it says otherwise.
    fn finish(mut self, file: &str) {
        if self.is_ad_dc && self.signing.is_none_or(|signing| signing == Signing::Default) {
            self.signing(Side::Server, Signing::Required, Place::file(file));
        }
    }
}

fn signing(value: &str) -> Option<Signing> {
    Some(match normal(value).as_str() {
        "default" => Signing::Default,
        "no" | "false" | "0" | "off" | "disabled" => Signing::Off,
        "if_required" | "yes" | "true" | "1" | "on" | "enabled" | "auto" => Signing::IfRequired,
        "desired" => Signing::Desired,
        "required" | "mandatory" | "force" | "forced" | "enforced" => Signing::Required,
        _ => return None,
    })
}

/// Whether encryption is there at all.
#[derive(PartialEq, Eq)]
enum Able {
    Yes,
    No,
}

fn encryption(value: &str) -> Option<(Encryption, Able)> {
    Some(match normal(value).as_str() {
        "default" | "if_required" | "auto" | "enabled" | "yes" | "true" | "1" | "on" => {
            (Encryption::Off, Able::Yes)
        }
        "off" | "no" | "false" | "0" | "disabled" => (Encryption::Off, Able::No),
        "desired" => (Encryption::Desired, Able::Yes),
        "required" | "mandatory" | "force" | "forced" | "enforced" => (Encryption::Required, Able::Yes),
        _ => return None,
    })
}

/// The dialect of a protocol's name; none within for `default`.
fn protocol(value: &str) -> Option<Option<Dialect>> {
    Some(Some(match normal(value).as_str() {
        "default" => return Some(None),
        "core" | "coreplus" | "core+" | "lanman1" | "lanman2" | "nt1" => Dialect::Smb1,
        "smb2_02" => Dialect::Smb202,
        "smb2" | "smb2_10" => Dialect::Smb210,
        "smb3_00" => Dialect::Smb300,
        "smb3_02" => Dialect::Smb302,
        "smb3" | "smb3_11" => Dialect::Smb311,
        _ => return None,
    }))
}
