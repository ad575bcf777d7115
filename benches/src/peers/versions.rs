//! Which versions of crates are compiled in: the workspace's lock file, as it was when this was built.

const LOCK: &str = include_str!("../../../Cargo.lock");

/// The version of a crate; of several, the newest.
pub(super) fn of_crate(name: &str) -> String {
    let wanted = format!("name = \"{name}\"");
    let mut lines = LOCK.lines();
    let mut found = "unknown";
    while let Some(line) = lines.next() {
        if line == wanted {
            let version = lines.next().and_then(|line| line.strip_prefix("version = \"")?.strip_suffix('"'));
            found = version.unwrap_or(found);
        }
    }
    found.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_file_tells_versions() {
        assert!(of_crate("ring").starts_with("0.17."));
        assert_eq!(of_crate("no-such-crate"), "unknown");
    }
}
