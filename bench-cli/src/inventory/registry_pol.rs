//! `Registry.pol`: the administrative templates of a Group Policy object (MS-GPREG 2.2.1): a header of eight bytes, then
//! `[key;value;type;size;data]`, all in UTF-16LE.

use super::registry::{Data, Values};
use super::{Layer, Place, Source};

const HEADER: [u8; 8] = *b"PReg\x01\0\0\0";

/// Reads a policy file; `file` names it in warnings.
#[must_use]
pub fn registry_pol(file: &str, bytes: &[u8]) -> Source {
    let mut source = Source::default();
    let Some(body) = bytes.strip_prefix(&HEADER) else {
        source.warn(Place::file(file), "no policy file of version 1: it begins with other bytes than PReg");
        return source;
    };
    let mut values = Values::new(&mut source, Layer::GroupPolicy);
    let mut reader = Reader { rest: body };
    let mut entry = 0_usize;
    while !reader.rest.is_empty() {
        entry += 1;
        let Some(Entry { key, name, kind, data }) = reader.entry() else {
            values.warn(
                Place::file(file),
                format!("entry {entry} is damaged: it and all behind it are left out"),
            );
            break;
        };
        // **del.NAME, **delvals. and their like take values away.
        if name.starts_with("**") {
            continue;
        }
        let data = match kind {
            1 | 2 => Data::Text(text(data)),
            3 => Data::Other("REG_BINARY"),
            4 => match data.try_into() {
                Ok(bytes) => Data::Dword(u32::from_le_bytes(bytes)),
                Err(_) => Data::Other("REG_DWORD of another length than four bytes"),
            },
            7 => Data::Other("REG_MULTI_SZ"),
            11 => Data::Other("REG_QWORD"),
            _ => Data::Other("value of an unknown type"),
        };
        values.take(&key, &name, &data, Place { file: format!("{file}, entry {entry}"), line: None });
    }
    values.finish();
    source
}

struct Entry<'a> {
    key: String,
    name: String,
    kind: u32,
    data: &'a [u8],
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn entry(&mut self) -> Option<Entry<'a>> {
        self.mark(b'[')?;
        let key = self.string()?;
        self.mark(b';')?;
        let name = self.string()?;
        self.mark(b';')?;
        let kind = self.number()?;
        self.mark(b';')?;
        let size = usize::try_from(self.number()?).ok()?;
        self.mark(b';')?;
        let (data, rest) = self.rest.split_at_checked(size)?;
        self.rest = rest;
        self.mark(b']')?;
        Some(Entry { key, name, kind, data })
    }

    fn mark(&mut self, mark: u8) -> Option<()> {
        self.rest = self.rest.strip_prefix(&[mark, 0])?;
        Some(())
    }

    fn number(&mut self) -> Option<u32> {
        let (bytes, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(u32::from_le_bytes(*bytes))
    }

    /// Up to the closing zero, which is taken too.
    fn string(&mut self) -> Option<String> {
        let units = self.rest.as_chunks::<2>().0;
        let end = units.iter().position(|unit| *unit == [0, 0])?;
        let (bytes, rest) = self.rest.split_at_checked(end.checked_add(1)?.checked_mul(2)?)?;
        self.rest = rest;
        Some(text(bytes))
    }
}

fn text(bytes: &[u8]) -> String {
    let units = bytes.as_chunks::<2>().0.iter().map(|unit| u16::from_le_bytes(*unit));
    let text: String =
        char::decode_utf16(units).map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    text.trim_end_matches('\0').to_owned()
}
