//! What stands out in a fleet, with who says that it should.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;
use smbsign_engine::policy::{
    Advice, Demand, Endpoint, Failure, Generation, Guests, Outcome, Presence, Role, Rule, Setting, Side,
    Smb2Signing,
};
use smbsign_engine::protocol::{Dialect, SigningAlgorithm};

use super::{Cell, ObservedPair};
use crate::inventory::{Audited, Fleet, Observed, Origin};

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Open to tampering, or broken.
    High,
    /// Weaker than it need be.
    Medium,
    /// Against advice, with little effect.
    Low,
    /// Worth knowing.
    Info,
}

/// Something that stands out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// A word for programs.
    pub id: &'static str,
    /// What it is, and what to do.
    pub text: String,
    /// Who says so.
    pub source: &'static str,
    /// The groups, machines or pairs that it is about, in the order of their names.
    pub about: Vec<String>,
    /// How many pairs, where pairs are meant.
    pub pairs: Option<u64>,
}

const SETTINGS_ALONE: &str = "the settings of both ends; see `policy explain` for a pair";

/// Everything that stands out, the most severe first.
pub(super) fn findings(fleet: &Fleet, cells: &[Cell], observed: &[ObservedPair]) -> Vec<Finding> {
    let mut found = Vec::new();
    found.extend(of_servers(fleet));
    found.extend(of_clients(fleet, cells));
    found.extend(of_either_side(fleet));
    found.extend(of_pairs(fleet, cells));
    found.extend(of_observations(fleet, observed));
    found.retain(|finding| !finding.about.is_empty());
    found.sort_by(|one, other| (one.severity, one.id).cmp(&(other.severity, other.id)));
    found
}

fn advised(severity: Severity, id: &'static str, advice: Advice, about: BTreeSet<String>) -> Finding {
    let about = about.into_iter().collect();
    Finding { severity, id, text: advice.text.to_owned(), source: advice.source, about, pairs: None }
}

fn of_servers(fleet: &Fleet) -> Vec<Finding> {
    let lowered = fleet.servers.iter().filter(|group| {
        let server = &group.machine.server;
        server.role == Role::DomainController && server.endpoint.signing.smb2() == Smb2Signing::NotRequired
    });
    let lowered = lowered.map(|group| group.name.clone()).collect();
    vec![advised(Severity::High, "dc-signing-not-required", Advice::KEEP_DC_SIGNING, lowered)]
}

fn of_clients(fleet: &Fleet, cells: &[Cell]) -> Vec<Finding> {
    let names = |which: &dyn Fn(&crate::inventory::ClientGroup) -> bool| {
        fleet.clients.iter().filter(|group| which(group)).map(|group| group.name.clone()).collect()
    };
    let guests = names(&|group| group.client().guests == Guests::Accepted);
    // Only who reaches a SYSVOL has it to protect.
    let is_policy =
        |share: &str| ["sysvol", "netlogon"].iter().any(|known| share.eq_ignore_ascii_case(known));
    let open: BTreeSet<_> = cells
        .iter()
        .filter(|cell| is_policy(&cell.share) && cell.outcome != Outcome::FailsToConnect)
        .filter(|cell| {
            !cell.because.iter().any(|rule| [Rule::HardenedIntegrity, Rule::HardenedPrivacy].contains(rule))
        })
        .map(|cell| cell.client.as_str())
        .collect();
    let unhardened = names(&|group| {
        let hardened = group.client().hardened_paths.iter();
        open.contains(group.name.as_str())
            && hardened.filter(|entry| entry.hardening.integrity == Demand::Required).count() == 0
    });
    vec![
        advised(Severity::Medium, "guests-accepted", Advice::REFUSE_GUESTS, guests),
        advised(Severity::Medium, "sysvol-not-hardened", Advice::HARDEN_SYSVOL, unhardened),
    ]
}

fn of_either_side(fleet: &Fleet) -> Vec<Finding> {
    let clients = fleet.clients.iter().map(|group| (Side::Client, &group.name, &group.machine));
    let servers = fleet.servers.iter().map(|group| (Side::Server, &group.name, &group.machine));
    let (mut smb1, mut only, mut legacy, mut enable) =
        <(BTreeSet<_>, BTreeSet<_>, BTreeSet<_>, BTreeSet<_>)>::default();
    for (side, name, machine) in clients.chain(servers) {
        let end: &Endpoint = match side {
            Side::Client => &machine.client.endpoint,
            Side::Server => &machine.server.endpoint,
        };
        let named = || format!("{name} ({})", side.name());
        if end.dialects.smb1 == Presence::Present {
            smb1.insert(named());
            if end.dialects.maximum == Dialect::Smb1 {
                only.insert(named());
            }
            if end.smb1_generation == Generation::Legacy {
                legacy.insert(named());
            }
        }
        // What stands as its system has it was not set.
        if let Some(Origin::Stated { place, .. }) = machine.origin(side, &Setting::Enable(0)) {
            enable.insert(format!("{}: {place}", named()));
        }
    }
    vec![
        advised(Severity::High, "smb1-present", Advice::REMOVE_SMB1, smb1),
        Finding {
            severity: Severity::High,
            id: "smb1-only",
            text: "these ends speak nothing later than SMB1, so that whoever works with them has to keep it: update or \
                   replace them first"
                .to_owned(),
            source: Advice::REMOVE_SMB1.source,
            about: only.into_iter().collect(),
            pairs: None,
        },
        advised(Severity::Medium, "smb1-legacy", Advice::PATCH_LEGACY, legacy),
        advised(Severity::Low, "enable-setting-used", Advice::LEAVE_ENABLE, enable),
    ]
}

fn of_pairs(fleet: &Fleet, cells: &[Cell]) -> Vec<Finding> {
    let optimised: BTreeSet<_> =
        fleet.clients.iter().filter(|group| group.wan_optimiser).map(|group| group.name.as_str()).collect();
    let no_common = |cell: &Cell| cell.failure == Some(Failure::NoCommonDialect);
    let finding = |severity, id, text: &str, source, which: &dyn Fn(&Cell) -> bool| {
        let found: Vec<_> = cells.iter().filter(|cell| which(cell)).collect();
        Finding {
            severity,
            id,
            text: text.to_owned(),
            source,
            about: found
                .iter()
                .map(|cell| format!(r"{} → \\{}\{}", cell.client, cell.server, cell.share))
                .collect(),
            pairs: Some(found.iter().fold(0, |sum, cell| sum.saturating_add(cell.pairs))),
        }
    };
    vec![
        finding(
            Severity::High,
            "fails-to-connect",
            "these pairs do not connect: one end requires what the other cannot do",
            SETTINGS_ALONE,
            &|cell| cell.outcome == Outcome::FailsToConnect && !no_common(cell),
        ),
        finding(
            Severity::High,
            "no-common-dialect",
            "these pairs have no dialect in common; the old end needs an update, not the new one SMB1",
            "MS-SMB2 3.3.5.4; aka.ms/stopusingsmb1",
            &no_common,
        ),
        finding(
            Severity::High,
            "falls-to-smb1",
            "these pairs speak SMB1: one end has nothing later",
            Advice::REMOVE_SMB1.source,
            &|cell| cell.dialect == Some(Dialect::Smb1),
        ),
        finding(
            Severity::Medium,
            "not-signed",
            "these pairs are neither signed nor encrypted: require signing at the servers, or at the clients, with the \
             policy \"(always)\"",
            "The Basics of SMB Signing; Microsoft Learn, Overview of SMB signing",
            &|cell| cell.outcome == Outcome::NotSigned,
        ),
        finding(
            Severity::Info,
            "wan-optimiser",
            "a WAN optimiser cannot work on these pairs: their messages are signed or encrypted. Lowering the \
             requirement for its sake is what the article advises against",
            Advice::KEEP_DC_SIGNING.source,
            &|cell| {
                optimised.contains(cell.client.as_str())
                    && [Outcome::Signed, Outcome::Encrypted].contains(&cell.outcome)
            },
        ),
        finding(
            Severity::Info,
            "slower-algorithm",
            "these pairs speak 3.1.1 and sign with AES-CMAC or HMAC-SHA256, since one end does not offer AES-GMAC, which \
             costs a fraction of them",
            "MS-SMB2 2.2.3.1.7; results of `smbsign run`",
            &|cell| {
                cell.dialect == Some(Dialect::Smb311)
                    && cell.algorithm.is_some_and(|algorithm| algorithm != SigningAlgorithm::AesGmac)
            },
        ),
    ]
}

fn of_observations(fleet: &Fleet, observed: &[ObservedPair]) -> Vec<Finding> {
    let source =
        "Microsoft Learn, SMB audit events of Windows 11 24H2 and Server 2025 (3021, 3022, 31998, 31999)";
    let audited = |wanted: Audited, id, text: &str| {
        let about: BTreeSet<_> = fleet
            .seen
            .iter()
            .filter_map(|seen| match &seen.observation.observed {
                Observed::Audit { lacks, side, peer } if *lacks == wanted => {
                    let peer = peer.as_deref().unwrap_or("an unnamed peer");
                    Some(format!("{} {peer}, seen by {}", side.peer().name(), seen.machine))
                }
                _ => None,
            })
            .collect();
        let severity = Severity::Medium;
        Finding {
            severity,
            id,
            text: text.to_owned(),
            source,
            about: about.into_iter().collect(),
            pairs: None,
        }
    };
    let differs: BTreeSet<_> = observed
        .iter()
        .filter(|pair| pair.agrees == Some(false))
        .map(|pair| format!("{} → {}: {}", pair.client, pair.server, pair.place))
        .collect();
    vec![
        audited(
            Audited::Signing,
            "peer-cannot-sign",
            "these peers did not sign: they fail once signing is required",
        ),
        audited(
            Audited::Encryption,
            "peer-cannot-encrypt",
            "these peers did not encrypt: they fail once encryption is required",
        ),
        Finding {
            severity: Severity::Medium,
            id: "observed-differs",
            text: "what was seen is not what the settings give: an export is old, or another setting decides"
                .to_owned(),
            source: "Get-SmbConnection and Get-SmbSession beside the settings",
            about: differs.into_iter().collect(),
            pairs: None,
        },
    ]
}
