//! `.reg`: what regedit and `reg export` write, versions 4 (`REGEDIT4`) and 5.

use super::registry::{Data, Values};
use super::text::{Line, Style, decoded, lines};
use super::{Layer, Place, Source};

/// Reads a `.reg` file; `file` names it in warnings.
#[must_use]
pub fn reg_file(file: &str, bytes: &[u8]) -> Source {
    let mut source = Source::default();
    let text = decoded(bytes, file, &mut source);
    let header = text.lines().next().unwrap_or_default().trim();
    let wide = header.eq_ignore_ascii_case("Windows Registry Editor Version 5.00");
    if !wide && header != "REGEDIT4" {
        source.warn(Place::line(file, 1), "neither REGEDIT4 nor Windows Registry Editor Version 5.00");
    }
    let mut values = Values::new(&mut source, Layer::Local);
    let mut key: Option<String> = None;
    for (number, line) in lines(&text, Style::Registry) {
        let place = Place::line(file, number);
        match line {
            // A key that is taken away has no values.
            Line::Section(name) => key = below_machine(name).map(str::to_owned),
            Line::Entry(name, value) => {
                let Some(key) = &key else { continue };
                let Some(name) = quoted(name) else { continue };
                match data(&value, wide) {
                    Ok(Some(data)) => values.take(key, &name, &data, place),
                    Ok(None) => {}
                    Err(reason) => values.warn(place, format!("{name}: {reason}")),
                }
            }
            Line::Other(text) if number > 1 => {
                values.warn(place, format!("neither a key nor a value: {}", shortened(text)));
            }
            Line::Other(_) => {}
        }
    }
    values.finish();
    source
}

/// The path below HKEY_LOCAL_MACHINE; other hives hold nothing of ours.
fn below_machine(name: &str) -> Option<&str> {
    let (hive, below) = name.split_once('\\')?;
    let machine = ["HKEY_LOCAL_MACHINE", "HKLM"].iter().any(|known| hive.eq_ignore_ascii_case(known));
    machine.then_some(below)
}

/// The name between its quotes; `@` is a key's nameless value.
fn quoted(text: &str) -> Option<String> {
    let inner = text.strip_prefix('"')?.strip_suffix('"')?;
    let mut name = String::new();
    let mut letters = inner.chars();
    while let Some(letter) = letters.next() {
        name.extend(if letter == '\\' { letters.next() } else { Some(letter) });
    }
    Some(name)
}

/// The data; none where the value is taken away.
fn data(text: &str, wide: bool) -> Result<Option<Data>, &'static str> {
    if text == "-" {
        return Ok(None);
    }
    if text.starts_with('"') {
        return quoted(text).map(|text| Some(Data::Text(text))).ok_or("the text has no closing quote");
    }
    let lower = text.to_ascii_lowercase();
    if let Some(digits) = lower.strip_prefix("dword:") {
        let value = u32::from_str_radix(digits.trim(), 16);
        return value.map(|value| Some(Data::Dword(value))).map_err(|_| "not a dword of hexadecimal digits");
    }
    let (kind, bytes) = lower.split_once(':').ok_or("a value of no known form")?;
    let bytes = hexadecimal(bytes).ok_or("not bytes in hexadecimal, with commas")?;
    Ok(Some(match kind {
        "hex(1)" | "hex(2)" => Data::Text(registry_text(&bytes, wide)),
        "hex(4)" => {
            let bytes = bytes.try_into().map_err(|_| "a dword has four bytes")?;
            Data::Dword(u32::from_le_bytes(bytes))
        }
        "hex" | "hex(3)" => Data::Other("REG_BINARY"),
        "hex(7)" => Data::Other("REG_MULTI_SZ"),
        "hex(b)" => Data::Other("REG_QWORD"),
        kind if kind.starts_with("hex(") => Data::Other("value of another type"),
        _ => return Err("a value of no known form"),
    }))
}

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let bytes = text.split(',').map(str::trim).filter(|byte| !byte.is_empty());
    bytes.map(|byte| u8::from_str_radix(byte, 16).ok()).collect()
}

/// Text as bytes: two a letter since version 5, one before; up to the closing zero.
fn registry_text(bytes: &[u8], wide: bool) -> String {
    let text: String = if wide {
        let units = bytes.as_chunks::<2>().0.iter().map(|pair| u16::from_le_bytes(*pair));
        char::decode_utf16(units).map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    } else {
        bytes.iter().copied().map(char::from).collect()
    };
    text.trim_end_matches('\0').to_owned()
}

/// The beginning of a line, for a warning.
pub(super) fn shortened(text: &str) -> String {
    let kept: String = text.chars().take(40).collect();
    if kept.len() < text.len() { format!("{kept}…") } else { kept }
}
