//! What `Get-SmbServerConfiguration`, `Get-SmbClientConfiguration`, `Get-SmbConnection` and `Get-SmbSession` answer, as
//! `ConvertTo-Json` writes it: one object or a list of them, in UTF-8 or in the UTF-16LE of `>` in Windows PowerShell.

use std::collections::{HashMap, HashSet};
use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use smbsign_engine::policy::{Change, Encryption, Guests, Presence, Setting, Side};
use smbsign_engine::protocol::{Cipher, Dialect};

use super::registry::encryption;
use super::text::decoded;
use super::{Layer, Observation, Observed, Place, Source};

/// Reads what `ConvertTo-Json` wrote; `file` names it in warnings.
#[must_use]
pub fn powershell(file: &str, bytes: &[u8]) -> Source {
    let mut source = Source::default();
    let text = decoded(bytes, file, &mut source);
    let values = match serde_json::from_str(&text) {
        Ok(Json::List(values)) => values,
        Ok(value) => vec![value],
        Err(error) => {
            source.warn(Place::line(file, error.line().max(1)), format!("no JSON: {error}"));
            return source;
        }
    };
    let lines = key_lines(&text);
    for (index, value) in values.into_iter().enumerate() {
        let Json::Object(fields) = value else {
            source.warn(Place::file(file), format!("entry {} is no object", index + 1));
            continue;
        };
        let mut answer = Answer { source: &mut source, file, lines: &lines, index, fields };
        answer.doubled();
        answer.machine();
        answer.take();
    }
    source
}

/// The lines on which a key stands, from 1, in their order: ConvertTo-Json gives each a line of its own.
fn key_lines(text: &str) -> HashMap<&str, Vec<usize>> {
    let mut lines: HashMap<_, Vec<_>> = HashMap::new();
    for (index, line) in text.lines().enumerate() {
        let key = line.trim_start().strip_prefix('"').and_then(|line| line.split_once("\":"));
        if let Some((key, _)) = key {
            lines.entry(key).or_default().push(index + 1);
        }
    }
    lines
}

/// JSON that keeps keys in their order, doubled ones too.
enum Json {
    Nothing,
    Bool(bool),
    Number(u64),
    Text(String),
    List(Vec<Self>),
    Object(Vec<(String, Self)>),
    /// A number of another kind.
    Other,
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyJson;
        impl<'de> Visitor<'de> for AnyJson {
            type Value = Json;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("JSON")
            }
            fn visit_unit<E>(self) -> Result<Json, E> {
                Ok(Json::Nothing)
            }
            fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
                Ok(Json::Bool(value))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
                Ok(Json::Number(value))
            }
            fn visit_i64<E>(self, _: i64) -> Result<Json, E> {
                Ok(Json::Other)
            }
            fn visit_f64<E>(self, _: f64) -> Result<Json, E> {
                Ok(Json::Other)
            }
            fn visit_str<E>(self, value: &str) -> Result<Json, E> {
                Ok(Json::Text(value.to_owned()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element()? {
                    list.push(item);
                }
                Ok(Json::List(list))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Json, A::Error> {
                let mut fields = Vec::new();
                while let Some(entry) = entries.next_entry()? {
                    fields.push(entry);
                }
                Ok(Json::Object(fields))
            }
        }
        deserializer.deserialize_any(AnyJson)
    }
}

/// One object of the answer.
struct Answer<'a> {
    source: &'a mut Source,
    file: &'a str,
    lines: &'a HashMap<&'a str, Vec<usize>>,
    /// Which of the list it is, from 0.
    index: usize,
    fields: Vec<(String, Json)>,
}

impl Answer<'_> {
    fn field(&self, name: &str) -> Option<&Json> {
        let mut found = self.fields.iter().rev().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value).filter(|value| !matches!(value, Json::Nothing))
    }

    /// The line of a key: that of its n-th mention for the n-th object.
    fn place(&self, name: &str) -> Place {
        let line = self.lines.get(name).and_then(|mentions| mentions.get(self.index)).copied();
        Place { file: self.file.to_owned(), line: line.or(Some(1)) }
    }

    fn doubled(&mut self) {
        let mut seen = HashSet::new();
        let doubled = self.fields.iter().filter(|(name, _)| !seen.insert(name.to_lowercase()));
        let doubled: Vec<_> = doubled.map(|(name, _)| name.clone()).collect();
        for name in doubled {
            let place = self.place(&name);
            self.source.warn(place, format!("{name} is there twice: the later one counts"));
        }
    }

    fn machine(&mut self) {
        if let Some(Json::Text(name)) = self.field("PSComputerName") {
            let name = name.clone();
            if !name.is_empty() && self.source.machine.is_none() {
                self.source.machine = Some(name);
            }
        }
    }

    fn take(&mut self) {
        let has = |name| self.fields.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
        if has("ShareName") && has("ServerName") {
            self.connection(Side::Client, "ServerName");
        } else if has("ClientComputerName") {
            self.connection(Side::Server, "ClientComputerName");
        } else if has("EncryptData") || has("EnableSMB1Protocol") {
            self.server();
        } else if has("EnableInsecureGuestLogons") || has("ConnectionCountPerRssNetworkInterface") {
            self.client();
        } else {
            let place = Place::file(self.file);
            let text = format!(
                "object {} is no answer of Get-Smb…Configuration, Get-SmbConnection or Get-SmbSession",
                self.index + 1
            );
            self.source.warn(place, text);
        }
    }

    fn server(&mut self) {
        self.signing(Side::Server);
        if let Some(present) = self.switch("EnableSMB1Protocol") {
            let presence = if present { Presence::Present } else { Presence::Removed };
            self.state(Side::Server, Setting::Smb1(presence), "EnableSMB1Protocol");
        }
        if self.switch("EnableSMB2Protocol") == Some(false) {
            self.state(Side::Server, Setting::MaxDialect(Dialect::Smb1), "EnableSMB2Protocol");
        }
        if let Some(encrypt) = self.switch("EncryptData") {
            let reject = self.switch("RejectUnencryptedAccess").unwrap_or(true);
            self.state(Side::Server, Setting::Encryption(encryption(encrypt, reject)), "EncryptData");
        }
        self.limits(Side::Server);
    }

    fn client(&mut self) {
        self.signing(Side::Client);
        if let Some(accepted) = self.switch("EnableInsecureGuestLogons") {
            let guests = if accepted { Guests::Accepted } else { Guests::Refused };
            self.state(Side::Client, Setting::Guests(guests), "EnableInsecureGuestLogons");
        }
        if let Some(required) = self.switch("RequireEncryption") {
            let encryption = if required { Encryption::Required } else { Encryption::Off };
            self.state(Side::Client, Setting::Encryption(encryption), "RequireEncryption");
        }
        self.limits(Side::Client);
    }

    fn signing(&mut self, side: Side) {
        if let Some(require) = self.switch("RequireSecuritySignature") {
            self.state(side, Setting::Require(require.into()), "RequireSecuritySignature");
        }
        if let Some(enable) = self.switch("EnableSecuritySignature") {
            self.state(side, Setting::Enable(enable.into()), "EnableSecuritySignature");
        }
    }

    /// Ciphers and the range of dialects.
    fn limits(&mut self, side: Side) {
        if let Some(Json::Text(text)) = self.field("EncryptionCiphers") {
            let words: Vec<_> =
                text.split(',').map(|word| word.trim().replace('_', "-").to_lowercase()).collect();
            let known = |word: &String| Cipher::ALL.into_iter().find(|cipher| cipher.name() == word);
            let ciphers: Vec<_> = words.iter().filter_map(known).collect();
            for word in words.iter().filter(|word| known(word).is_none() && !word.is_empty()) {
                let place = self.place("EncryptionCiphers");
                self.source.warn(place, format!("{word} is no cipher that SMB3 has"));
            }
            self.state(side, Setting::Ciphers(ciphers), "EncryptionCiphers");
        }
        for name in ["Smb2DialectMin", "Smb2DialectMax"] {
            if let Some(dialect) = self.limit(name) {
                let minimum = name.ends_with("Min");
                let setting =
                    if minimum { Setting::MinDialect(dialect) } else { Setting::MaxDialect(dialect) };
                self.state(side, setting, name);
            }
        }
    }

    /// `SMB300`, or the number that stands for it; `None` is no limit.
    fn limit(&mut self, name: &str) -> Option<Dialect> {
        let (found, shown) = match self.field(name)? {
            Json::Text(text) => {
                let digits = text.to_ascii_uppercase().trim_start_matches("SMB").to_owned();
                if text.eq_ignore_ascii_case("none") {
                    return None;
                }
                (u16::from_str_radix(&digits, 16).ok(), text.clone())
            }
            Json::Number(0 | 0xffff) => return None,
            Json::Number(number) => (u16::try_from(*number).ok(), number.to_string()),
            _ => (None, "another type".to_owned()),
        };
        let dialect = found.and_then(Dialect::from_revision);
        if dialect.is_none() {
            let place = self.place(name);
            self.source.warn(place, format!("{name}: {shown} is no dialect"));
        }
        dialect
    }

    fn switch(&mut self, name: &str) -> Option<bool> {
        match self.field(name)? {
            Json::Bool(value) => Some(*value),
            _ => {
                let place = self.place(name);
                self.source.warn(place, format!("{name} is neither true nor false: left out"));
                None
            }
        }
    }

    fn state(&mut self, side: Side, setting: Setting, name: &str) {
        let place = self.place(name);
        self.source.state(Change { side, setting }, Layer::Running, place);
    }

    fn connection(&mut self, side: Side, peer: &str) {
        let text = |name: &str| match self.field(name) {
            Some(Json::Text(text)) => Some(text.trim_matches('\\').to_owned()),
            _ => None,
        };
        let flag = |name: &str| match self.field(name) {
            Some(Json::Bool(value)) => Some(*value),
            _ => None,
        };
        let dialect = text("Dialect").and_then(|dialect| {
            let name = dialect.trim();
            name.parse().ok().or(match name {
                "1.5" | "1.0" => Some(Dialect::Smb1),
                "3.00" | "3.0.0" => Some(Dialect::Smb300),
                "3.02" => Some(Dialect::Smb302),
                "2.10" | "2.1.0" => Some(Dialect::Smb210),
                "2.02" | "2.00" => Some(Dialect::Smb202),
                _ => None,
            })
        });
        let (signed, encrypted) = (flag("Signed"), flag("Encrypted"));
        let (share, place) = (text("ShareName"), self.place(peer));
        let Some(name) = text(peer) else {
            return self.source.warn(place, format!("{peer} is no name: the connection is left out"));
        };
        let observed = Observed::Connection { side, peer: name, share, dialect, signed, encrypted };
        self.source.observations.push(Observation { observed, place });
    }
}
