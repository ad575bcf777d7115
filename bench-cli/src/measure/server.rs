//! What a real server spends on a gigabyte without any protection: what a signature's cost is weighed against.
//!
//! The default is Samba 4.17's smbd, measured with smbclient on loopback, 1 GiB read from memory, a core for each:
//! 1127, 1951, 1827 and 1227 MB/s unsigned under SMB1, 2.1, 3.0 and 3.1.1 (get). S is the reciprocal, the whole time of the
//! core. smbd now and then waits for its client, so that S is an upper bound of its CPU time, and `vs_server` a little kind:
//! in the same measurements CPU time makes up 77 to 99 % of the time that signing adds. 2.0.2 and 3.0.2 were not
//! measured and take the figures of 2.1 and 3.0. Between two runs of a cell lay up to 15 %.
//!
//! Reads were large. A server's cost of a message of a few hundred bytes is mostly not per byte, so that below 32 KiB per
//! message, and for anything but bulk profiles, there is no default.

use smbsign_engine::protocol::Dialect;

use super::{ProfileChoice, Settings};

/// The shortest message that the default speaks for.
const LARGE: usize = 32 << 10;

/// CPU seconds per 10⁹ bytes of the unsigned server; `None` where nothing is known.
pub(super) fn cost(settings: &Settings, dialect: Dialect) -> Option<f64> {
    let is_bulk = matches!(settings.profile, ProfileChoice::BulkRead | ProfileChoice::BulkWrite);
    let default = (is_bulk && settings.message_bytes >= LARGE).then(|| samba(dialect));
    settings.server_cost.or(default)
}

fn samba(dialect: Dialect) -> f64 {
    let mbytes_per_s = match dialect {
        Dialect::Smb1 => 1127.0,
        Dialect::Smb202 | Dialect::Smb210 => 1951.0,
        Dialect::Smb300 | Dialect::Smb302 => 1827.0,
        Dialect::Smb311 => 1227.0,
    };
    1e3 / mbytes_per_s
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_large_reads_and_writes_have_a_default_and_what_was_asked_for_wins() {
        let settings = Settings::default();
        assert_eq!(cost(&settings, Dialect::Smb311), Some(1e3 / 1227.0));
        let small = Settings { message_bytes: 128, ..settings };
        assert_eq!(cost(&small, Dialect::Smb311), None);
        assert_eq!(cost(&Settings { server_cost: Some(0.4), ..small }, Dialect::Smb1), Some(0.4));
    }
}
