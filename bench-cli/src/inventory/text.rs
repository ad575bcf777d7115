//! Text as the tools of Windows and Unix write it, and the lines of files with `[sections]`.

use encoding_rs::{Encoding, UTF_8, UTF_16LE};

use super::{Place, Source};

/// The text of a file: by its byte order mark, else UTF-16LE where every other byte of the beginning is zero, else UTF-8.
/// What does not decode is replaced, with a warning.
pub(super) fn decoded(bytes: &[u8], file: &str, source: &mut Source) -> String {
    let (encoding, body) = match Encoding::for_bom(bytes) {
        Some((encoding, mark)) => (encoding, bytes.get(mark..).unwrap_or_default()),
        None if looks_wide(bytes) => (UTF_16LE, bytes),
        None => (UTF_8, bytes),
    };
    let (text, damage) = encoding.decode_without_bom_handling(body);
    if damage {
        let line = text.lines().position(|line| line.contains('\u{fffd}')).unwrap_or(0) + 1;
        source.warn(
            Place::line(file, line),
            format!("not {} from here on: read with what is damaged replaced", encoding.name()),
        );
    }
    text.into_owned()
}

/// Whether the beginning is ASCII in UTF-16LE.
fn looks_wide(bytes: &[u8]) -> bool {
    let pairs = bytes.get(..8).unwrap_or_default().as_chunks::<2>().0;
    !pairs.is_empty() && pairs.iter().all(|[low, high]| *low != 0 && *high == 0)
}

/// A line of a file with sections.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    /// `[name]`.
    Section(&'a str),
    /// `key = value`, both trimmed.
    Entry(&'a str, String),
    /// Anything else that is no comment and not blank.
    Other(&'a str),
}

/// What starts a comment, and where a value ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// `;` comments; a value that ends in `\` goes on in the next line (.reg).
    Registry,
    /// `;` comments; one line a value (.inf).
    Inf,
    /// `#` and `;` comments; a line that ends in `\` goes on (smb.conf).
    Samba,
}

/// The lines that mean something, each with its number from 1.
pub(super) fn lines(text: &str, style: Style) -> impl Iterator<Item = (usize, Line<'_>)> {
    let mut numbered = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
    std::iter::from_fn(move || {
        loop {
            let (number, line) = numbered.next()?;
            let comment = line.starts_with(';') || (style == Style::Samba && line.starts_with('#'));
            if line.is_empty() || comment {
                continue;
            }
            if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                return Some((number, Line::Section(name.trim())));
            }
            let Some((key, value)) = split(line, style) else { return Some((number, Line::Other(line))) };
            let mut value = value.trim().to_owned();
            while style != Style::Inf && value.ends_with('\\') && !value.ends_with("\\\"") {
                value.pop();
                match numbered.next() {
                    Some((_, more)) => value.push_str(more),
                    None => break,
                }
            }
            return Some((number, Line::Entry(key.trim(), value)));
        }
    })
}

/// Key and value. In a .reg file a quoted name may hold an equals sign.
fn split(line: &str, style: Style) -> Option<(&str, &str)> {
    if style != Style::Registry || !line.starts_with('"') {
        return line.split_once('=');
    }
    let mut escaped = false;
    let end = line.char_indices().skip(1).find(|(_, letter)| {
        let closes = *letter == '"' && !escaped;
        escaped = *letter == '\\' && !escaped;
        closes
    })?;
    let (name, rest) = line.split_at_checked(end.0 + 1)?;
    Some((name, rest.trim_start().strip_prefix('=')?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn byte_order_marks_and_bare_utf_16_are_understood() {
        let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
        let mut source = Source::default();
        let marked = [vec![0xff, 0xfe], wide("Wörter\r\n")].concat();
        assert_eq!(decoded(&marked, "f", &mut source), "Wörter\r\n");
        assert_eq!(decoded(&wide("plain"), "f", &mut source), "plain");
        assert_eq!(decoded(b"\xef\xbb\xbfplain", "f", &mut source), "plain");
        assert!(source.warnings.is_empty());
        assert_eq!(decoded(b"one\ntw\xff", "f", &mut source), "one\ntw\u{fffd}");
        assert_eq!(source.warnings[0].place, Place::line("f", 2));
    }

    #[test]
    fn lines_keep_their_numbers_across_continuations() {
        let found: Vec<_> = lines("; no\n[a]\n\"x=\\\"y\"=hex:01,\\\n  02\nz=1\n", Style::Registry).collect();
        let entry = |key, value: &str| Line::Entry(key, value.to_owned());
        assert_eq!(
            found,
            [(2, Line::Section("a")), (3, entry("\"x=\\\"y\"", "hex:01,02")), (5, entry("z", "1"))]
        );
    }
}
