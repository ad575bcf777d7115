//! Strings in a record are somebody else's: what keeps them text in each form, whatever stands in them.

use std::borrow::Cow;
use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// A longer word of a name is cut.
const LONGEST_WORD: usize = 64;

/// Text that stays in its line: what would end the line, steer a terminal or turn the direction of reading becomes
/// visible, as `\n` or `\u{1b}`.
pub(super) fn one_line(text: &str) -> Cow<'_, str> {
    if !text.contains(is_steering) {
        return text.into();
    }
    let mut line = String::new();
    for letter in text.chars() {
        if is_steering(letter) {
            line.extend(letter.escape_default());
        } else {
            line.push(letter);
        }
    }
    line.into()
}

fn is_steering(letter: char) -> bool {
    let invisible = '\u{200b}'..='\u{200f}';
    let breaks_and_embeddings = '\u{2028}'..='\u{202e}';
    let isolates = '\u{2060}'..='\u{206f}';
    letter.is_control()
        || ['\u{61c}', '\u{feff}'].contains(&letter)
        || [invisible, breaks_and_embeddings, isolates].iter().any(|range| range.contains(&letter))
}

/// Text in a line, a list or a table of Markdown: nothing in it is markup.
pub(super) fn markdown(text: &str) -> String {
    let mut escaped = String::new();
    for letter in one_line(text).chars() {
        if r"\`*_[]<>|~&#$".contains(letter) {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}

/// Text as code in a line of Markdown: fenced by one backtick more than it has in a row.
pub(super) fn code(text: &str) -> String {
    let text = one_line(text);
    let longest = text.split(|letter| letter != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    // A blank on either side keeps the text's own backticks off the fence; Markdown takes it away again.
    let apart = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{apart}{text}{apart}{fence}")
}

/// Text as a word of a benchmark's name: no blank, no slash, nothing that a tool gives a meaning, and not for ever.
/// Different texts give different words.
pub(super) fn word(text: &str) -> String {
    let mut word = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.:,+".contains(&byte) {
            word.push(char::from(byte));
        } else {
            let _ = write!(word, "%{byte:02X}");
        }
    }
    bounded(&word, LONGEST_WORD)
}

/// Text of at most so many bytes (forty or more). What is cut is told apart by the beginning of its hash.
pub(super) fn bounded(text: &str, bytes: usize) -> String {
    if text.len() <= bytes {
        return text.to_owned();
    }
    let digest = hex::encode(&Sha256::digest(text)[..8]);
    let room = bytes.saturating_sub(digest.len() + 1);
    let kept: String = text
        .char_indices()
        .take_while(|(start, letter)| start + letter.len_utf8() <= room)
        .map(|(_, letter)| letter)
        .collect();
    format!("{kept}~{digest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stays_a_line_and_steers_no_terminal() {
        assert_eq!(one_line("a\nb\u{1b}[2J\u{202e}c\u{2028}"), r"a\nb\u{1b}[2J\u{202e}c\u{2028}");
        assert_eq!(one_line("µs, ü, 10⁹"), "µs, ü, 10⁹");
    }

    #[test]
    fn markdown_shows_its_own_characters() {
        assert_eq!(markdown("a|b\n<i> [x](y) `c`"), r"a\|b\\n\<i\> \[x\](y) \`c\`");
    }

    #[test]
    fn code_ends_where_its_text_ends() {
        assert_eq!(code("smbsign run"), "`smbsign run`");
        assert_eq!(code("a``b"), "```a``b```");
        assert_eq!(code("`"), "`` ` ``");
    }

    #[test]
    fn different_texts_give_different_words_of_bounded_length() {
        assert_eq!(word("capture:some file/1.pcap"), "capture:some%20file%2F1.pcap");
        let texts = ["a b", "a%20b", "a_b", "a\u{a0}b", &"x".repeat(1000), &"x".repeat(1001)];
        let words = texts.map(word);
        for (index, word) in words.iter().enumerate() {
            assert!(word.len() <= LONGEST_WORD && !words[..index].contains(word), "{word}");
        }
    }
}
