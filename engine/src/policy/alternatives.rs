//! What else could be: which settings decide, and which changes lead to a wanted outcome.
//!
//! Both are found by asking [`negotiate`] again with one setting or two changed, so that they cannot disagree with it.

use super::{
    Account, Change, Client, Decision, Eagerness, Encryption, Generation, Guests, HardenedPath, Outcome,
    Presence, Server, Setting, Side, UncPath, negotiate,
};
use crate::protocol::Dialect;

/// Changes that together lead to the wanted outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// One or two settings with their new values.
    pub changes: Vec<Change>,
    /// What becomes of the session then.
    pub decision: Decision,
}

/// The settings that decide: changing one of them alone changes the outcome. Each is named once, with the value that it
/// has; none where no single setting would.
#[must_use]
pub fn deciding(client: &Client, server: &Server, path: &UncPath, account: Account) -> Vec<(Side, Setting)> {
    let outcome = negotiate(client, server, path, account).outcome;
    let mut found: Vec<(Side, Setting)> = Vec::new();
    for (present, change) in candidates(client, server, path) {
        let named = found.iter().any(|(side, known)| *side == change.side && known.replaces(&change.setting));
        if !named && changed(client, server, path, account, &[&change]).outcome != outcome {
            found.push((change.side, present));
        }
    }
    found
}

/// The single changes that lead to the outcome; where there is none, the pairs of changes.
#[must_use]
pub fn ways_to(
    wanted: Outcome,
    client: &Client,
    server: &Server,
    path: &UncPath,
    account: Account,
) -> Vec<Way> {
    let changes: Vec<_> = candidates(client, server, path).into_iter().map(|(_, change)| change).collect();
    let way = |changes: &[&Change]| {
        let decision = changed(client, server, path, account, changes);
        let changes = || changes.iter().map(|change| (*change).clone()).collect();
        (decision.outcome == wanted).then(|| Way { changes: changes(), decision: decision.clone() })
    };
    let single: Vec<_> = changes.iter().filter_map(|change| way(&[change])).collect();
    if !single.is_empty() {
        return single;
    }
    let pairs = changes.iter().enumerate().flat_map(|(index, first)| {
        let others = changes.iter().skip(index + 1);
        others
            .filter(|second| !(first.side == second.side && first.setting.replaces(&second.setting)))
            .map(move |second| [first, second])
    });
    pairs.filter_map(|pair| way(&pair)).collect()
}

fn changed(
    client: &Client,
    server: &Server,
    path: &UncPath,
    account: Account,
    changes: &[&Change],
) -> Decision {
    let (mut client, mut server) = (client.clone(), server.clone());
    for change in changes {
        match change.side {
            Side::Client => client.apply(&change.setting),
            Side::Server => server.apply(&change.setting),
        }
    }
    negotiate(&client, &server, path, account)
}

/// Every change that an administrator could make, with the value that the setting has now.
fn candidates(client: &Client, server: &Server, path: &UncPath) -> Vec<(Setting, Change)> {
    let mut found = Vec::new();
    for (side, end) in [(Side::Client, &client.endpoint), (Side::Server, &server.endpoint)] {
        let mut add = |present: Setting, others: Vec<Setting>| {
            let others = others.into_iter().filter(|other| *other != present);
            found.extend(others.map(|setting| (present.clone(), Change { side, setting })));
        };
        let flip = |value: Option<u32>| u32::from(value.unwrap_or(0) == 0);
        let signing = end.signing;
        add(Setting::Require(signing.require.unwrap_or(0)), vec![Setting::Require(flip(signing.require))]);
        if end.dialects.contains(Dialect::Smb1) {
            add(Setting::Enable(signing.enable.unwrap_or(0)), vec![Setting::Enable(flip(signing.enable))]);
            let generations = vec![Setting::Smb1Generation(Generation::Current)];
            add(Setting::Smb1Generation(end.smb1_generation), generations);
        }
        add(
            Setting::Smb1(end.dialects.smb1),
            [Presence::Present, Presence::Removed].map(Setting::Smb1).into(),
        );
        if !end.ciphers.is_empty() {
            let values =
                [Encryption::Off, Encryption::Desired, Encryption::Required].map(Setting::Encryption);
            add(Setting::Encryption(end.encryption), values.into());
        }
        match side {
            Side::Client => {
                let guests = [Guests::Accepted, Guests::Refused].map(Setting::Guests);
                add(Setting::Guests(client.guests), guests.into());
                // Nothing that Windows has a switch for.
                if client.eagerness == Eagerness::WheneverPossible {
                    add(Setting::Signing(client.eagerness), vec![Setting::Signing(Eagerness::WhenRequired)]);
                }
                for entry in &client.hardened_paths {
                    add(Setting::Hardened(entry.clone()), waived(entry));
                }
            }
            Side::Server => {
                for (share, encryption) in &server.share_encryption {
                    if share == path.share() {
                        let off = vec![Setting::ShareEncryption(share.clone(), Encryption::Off)];
                        add(Setting::ShareEncryption(share.clone(), *encryption), off);
                    }
                }
            }
        }
    }
    found
}

/// The entry without any demand.
fn waived(entry: &HardenedPath) -> Vec<Setting> {
    vec![Setting::Hardened(HardenedPath { hardening: super::Hardening::default(), ..entry.clone() })]
}
