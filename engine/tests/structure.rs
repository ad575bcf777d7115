//! The house stands as drawn: imports flow one way, and every signing rule is named where it is kept.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Which rooms of the engine each room may import: the arrows of ARCHITECTURE.md.
const ARROWS: &[(&str, &[&str])] = &[
    ("protocol", &[]),
    ("policy", &["protocol"]),
    ("kernels", &[]),
    ("mac", &["kernels", "protocol"]),
    ("batch", &["protocol", "mac", "kernels"]),
    ("offload", &["protocol", "mac", "batch", "kernels"]),
    ("signing", &["protocol", "mac"]),
    ("sealing", &["protocol", "mac", "kernels"]),
    ("traffic", &["protocol", "signing", "sealing"]),
];

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// The room a file of `engine/src` belongs to: its folder there, or its own name.
fn room(relative: &Path) -> String {
    let first = relative.components().next().expect("a path below src").as_os_str();
    Path::new(first).file_stem().unwrap().to_string_lossy().into_owned()
}

/// The rooms that a source text names behind `crate::`, single or in braces; comments do not count.
fn imported_rooms(source: &str) -> BTreeSet<String> {
    let code: String =
        source.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let mut rooms = BTreeSet::new();
    for path in code.split("crate::").skip(1) {
        match path.strip_prefix('{') {
            Some(group) => rooms.extend(names_of_group(group)),
            None => rooms.extend(first_name(path)),
        }
    }
    rooms
}

fn names_of_group(group: &str) -> Vec<String> {
    let (mut depth, mut names, mut start) = (0, Vec::new(), 0);
    for (at, symbol) in group.char_indices() {
        match symbol {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                names.extend(first_name(group[start..at].trim()));
                if symbol == '}' {
                    return names;
                }
                start = at + 1;
            }
            _ => {}
        }
    }
    names
}

fn first_name(path: &str) -> Option<String> {
    let name: String = path.chars().take_while(|symbol| symbol.is_alphanumeric() || *symbol == '_').collect();
    (!name.is_empty()).then_some(name)
}

fn violations(room: &str, source: &str) -> Vec<String> {
    let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == room) else {
        return vec![format!("{room} is no room of the drawing")];
    };
    let strangers =
        imported_rooms(source).into_iter().filter(|name| name != room && !allowed.contains(&name.as_str()));
    strangers.map(|name| format!("{room} imports {name}")).collect()
}

#[test]
fn imports_flow_one_way() {
    let src = project().join("engine/src");
    let mut wrong = Vec::new();
    for path in sources(&src) {
        let relative = path.strip_prefix(&src).unwrap();
        if relative != Path::new("lib.rs") {
            let source = fs::read_to_string(&path).unwrap();
            let found = violations(&room(relative), &source);
            wrong.extend(found.into_iter().map(|what| format!("{}: {what}", relative.display())));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn an_import_against_the_arrows_is_noticed() {
    assert_eq!(violations("protocol", "use crate::mac::Tag;"), ["protocol imports mac"]);
    let group = "use crate::{mac::{Tag, reference}, signing, protocol};";
    assert_eq!(violations("kernels", group).len(), 3);
    assert_eq!(violations("mac", "//! [`crate::signing`]\nuse crate::{kernels, protocol::Nonce};").len(), 0);
    assert_eq!(violations("attic", "").len(), 1);
}

/// Where `unsafe` may be: kernels call the CPU's instructions, and the comparison with other libraries calls theirs, which
/// are foreign functions. The lints deny it everywhere else.
const UNSAFE_ROOMS: [&str; 2] = ["engine/src/kernels/mod.rs", "benches/src/peers/ffi/mod.rs"];

#[test]
fn the_denial_of_unsafe_is_lifted_in_two_rooms_alone() {
    let (mut lifted, root) = (Vec::new(), project());
    for folder in ["engine/src", "bench-cli/src", "benches/src", "experiments"] {
        for path in sources(&root.join(folder)) {
            let lifts = |line: &str| line.starts_with("#") && line.contains("(unsafe_code)");
            if fs::read_to_string(&path).unwrap().lines().any(|line| lifts(line.trim_start())) {
                let relative = path.strip_prefix(&root).unwrap();
                lifted.push(relative.to_string_lossy().replace('\\', "/"));
            }
        }
    }
    lifted.sort_unstable();
    assert_eq!(lifted, [UNSAFE_ROOMS[1], UNSAFE_ROOMS[0]]);
}

/// The numbers in every `rule 7`, `rules 9, 10` and `Rules 30–37` of a text.
fn rules_named(source: &str) -> BTreeSet<u32> {
    let mut named = BTreeSet::new();
    let text = source.to_lowercase().replace("\n", " ");
    for mention in text.split("rule").skip(1) {
        let list = mention.trim_start_matches('s').trim_start();
        let mut previous = None;
        let mut range = false;
        for part in list.split_inclusive(|symbol: char| !symbol.is_ascii_digit()) {
            let digits: String = part.chars().take_while(char::is_ascii_digit).collect();
            if let Ok(number) = digits.parse::<u32>() {
                named.extend(if range { previous.unwrap_or(number)..=number } else { number..=number });
                (previous, range) = (Some(number), false);
            }
            match part.trim_start_matches(|symbol: char| symbol.is_ascii_digit()) {
                "," | " " | "" => {}
                "–" => range = true,
                _ => break,
            }
        }
    }
    named
}

#[test]
fn rule_numbers_are_read_from_comments() {
    let text = "rule 7; (rules 9, 10; RFC) and Rules 30–33, rule 38.";
    assert_eq!(rules_named(text), BTreeSet::from([7, 9, 10, 30, 31, 32, 33, 38]));
}

#[test]
fn each_of_the_38_signing_rules_is_named_beside_code_that_keeps_it() {
    let mut named = BTreeSet::new();
    for folder in ["engine/src", "bench-cli/src"] {
        for path in sources(&project().join(folder)) {
            named.extend(rules_named(&fs::read_to_string(path).unwrap()));
        }
    }
    let missing: Vec<u32> = (1..=38).filter(|rule| !named.contains(rule)).collect();
    assert!(missing.is_empty(), "no code names rules {missing:?}");
}
