//! What both sides are to run: the options of `run` that name cells, as they were typed.

use std::ffi::OsString;
use std::num::NonZeroU32;
use std::time::Duration;

use crate::command::run;

/// Options of `smbsign run`, passed on to both sides. Lists are comma-separated and take `all`.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "What both sides measure (as for `run`)")]
pub(super) struct Selection {
    /// SMB1, 2.0.2, 2.1, 3.0, 3.0.2, 3.1.1
    #[arg(long, value_name = "LIST", default_value = "SMB1,2.1,3.1.1")]
    dialect: String,
    /// md5, hmac-sha256, aes-128-cmac, aes-128-gmac, encryption, and none, which runs only where it is named
    #[arg(long, value_name = "LIST", default_value = "md5,hmac-sha256,aes-128-cmac,aes-128-gmac")]
    protection: String,
    /// serial: one message after another; lanes: many together; offload: in threads of their own
    #[arg(long, value_name = "LIST", default_value = "serial")]
    engine: String,
    /// How long the offload engine lets a message wait for company
    #[arg(long, value_name = "LIST")]
    max_wait: Option<String>,
    /// Link rates, or max for no link
    #[arg(long, value_name = "LIST", default_value = "max")]
    link: String,
    /// sign, verify
    #[arg(long, value_name = "LIST")]
    direction: Option<String>,
    /// bulk-read, bulk-write, metadata, mixed, or capture:FILE
    #[arg(long, value_name = "LIST")]
    profile: Option<String>,
    /// Bytes that the signature covers, for bulk profiles [default: 4KiB,64KiB]
    #[arg(long, value_name = "LIST")]
    message_size: Option<String>,
    /// Threads that sign
    #[arg(long, value_name = "LIST", default_value = "1")]
    workers: String,
    /// Sessions, each with its own key
    #[arg(long, value_name = "N")]
    sessions: Option<String>,
    /// Requests that a session has in flight
    #[arg(long, value_name = "N")]
    outstanding: Option<String>,
    /// Memory that the messages lie in: hot, cold, or a size
    #[arg(long, value_name = "SET")]
    set: Option<String>,
    /// After signing: copy, none
    #[arg(long, value_name = "LIST", default_value = "none")]
    transmit: String,
    /// Kernels [default: the best that each side knows]
    #[arg(long, value_name = "LIST")]
    backend: Option<String>,
    /// Departures at a link: paced, poisson, burst:N
    #[arg(long, value_name = "LIST")]
    arrival: Option<String>,
    /// Share of the link that is offered
    #[arg(long, value_name = "SHARE")]
    load: Option<String>,
    /// MTU of the link: 1500, 9000
    #[arg(long, value_name = "BYTES")]
    mtu: Option<String>,
    /// How small messages share TCP segments
    #[arg(long, value_name = "HOW")]
    packing: Option<String>,
    /// Time of each side in each cell and round, all slices together
    #[arg(long, value_name = "TIME", default_value = "80ms", value_parser = run::duration)]
    duration: Duration,
}

impl Selection {
    /// The same as arguments of `run`, whose trials are the slices.
    pub(super) fn arguments(&self, slices: NonZeroU32) -> Vec<OsString> {
        let duration = format!("{}ns", (self.duration / slices.get()).as_nanos().max(1));
        // Other profiles have sizes of their own, and refuse any.
        let sizes = self.message_size.clone().or_else(|| match self.profile {
            None => Some("4KiB,64KiB".to_owned()),
            Some(_) => None,
        });
        [
            ("dialect", Some(&self.dialect)),
            ("protection", Some(&self.protection)),
            ("engine", Some(&self.engine)),
            ("max-wait", self.max_wait.as_ref()),
            ("link", Some(&self.link)),
            ("direction", self.direction.as_ref()),
            ("profile", self.profile.as_ref()),
            ("message-size", sizes.as_ref()),
            ("workers", Some(&self.workers)),
            ("sessions", self.sessions.as_ref()),
            ("outstanding", self.outstanding.as_ref()),
            ("set", self.set.as_ref()),
            ("transmit", Some(&self.transmit)),
            ("backend", self.backend.as_ref()),
            ("arrival", self.arrival.as_ref()),
            ("load", self.load.as_ref()),
            ("mtu", self.mtu.as_ref()),
            ("packing", self.packing.as_ref()),
            ("duration", Some(&duration)),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some(format!("--{name}={}", value?).into()))
        .collect()
    }
}
