//! The tables of "The Basics of SMB Signing", copied from the article's text, cell by cell, and not from the code.
//!
//! Rows are clients, columns servers; `*` is the default of domain controller traffic, `**` that of all other traffic.

use smbsign_engine::policy::{
    Account, Client, Dialects, Failure, Footnote, Generation, Matrix, Outcome, Presence, Server, Side,
    SigningValues, UncPath, negotiate,
};
use smbsign_engine::protocol::{Dialect, SigningAlgorithm};

const SMB2: &str = "\
             | Required | Not Required
Required     | Signed   | Signed
Not Required | Signed*  | Not Signed**";

const SMB1: &str = "\
         | Required | Enabled    | Disabled
Required | Signed   | Signed     | Signed
Enabled  | Signed*  | Signed     | Not signed**
Disabled | Signed   | Not Signed | Not Signed";

const OLD_SMB1: &str = "\
         | Required         | Enabled    | Disabled
Required | Signed           | Signed     | Fails to connect
Enabled  | Signed*          | Signed     | Not signed**
Disabled | Fails to connect | Not Signed | Not Signed";

/// A cell: client, server, outcome, mark.
type Cell = (String, String, String, &'static str);

fn cells(table: &'static str) -> Vec<Cell> {
    let word = |text: &str| text.trim().to_lowercase().replace(' ', "-");
    let mut lines = table.lines();
    let servers: Vec<_> = lines.next().unwrap().split('|').skip(1).map(word).collect();
    let mut cells = Vec::new();
    for line in lines {
        let mut fields = line.split('|');
        let client = word(fields.next().unwrap());
        for (server, field) in servers.iter().zip(fields) {
            let field = field.trim();
            let outcome = field.trim_end_matches('*');
            cells.push((client.clone(), server.clone(), word(outcome), &field[outcome.len()..]));
        }
    }
    cells
}

/// The registry values that the article gives for a setting's name.
fn values(setting: &str) -> Vec<SigningValues> {
    match setting {
        "required" => {
            [None, Some(0), Some(1)].map(|enable| SigningValues { require: Some(1), enable }).into()
        }
        "enabled" => vec![SigningValues::new(0, 1)],
        "disabled" => vec![SigningValues::new(0, 0)],
        "not-required" => {
            [None, Some(0), Some(1)].map(|enable| SigningValues { require: Some(0), enable }).into()
        }
        other => panic!("{other}"),
    }
}

fn pair(dialects: Dialects, generation: Generation) -> (Client, Server) {
    let (mut client, mut server) = (Client::windows(), Server::windows());
    for endpoint in [&mut client.endpoint, &mut server.endpoint] {
        endpoint.dialects = dialects;
        endpoint.smb1_generation = generation;
    }
    (client, server)
}

fn smb1() -> Dialects {
    Dialects { smb1: Presence::Present, ..Dialects::up_to(Dialect::Smb1) }
}

#[test]
fn every_cell_of_the_three_matrices_comes_out_of_registry_values() {
    let later = [Dialect::Smb202, Dialect::Smb210, Dialect::Smb300, Dialect::Smb302, Dialect::Smb311];
    let smb2 = later.map(|dialect| (SMB2, Dialects::up_to(dialect), Generation::Current));
    let smb1 = [(SMB1, smb1(), Generation::Current), (OLD_SMB1, smb1(), Generation::Legacy)];
    let mut seen = 0;
    for (table, dialects, generation) in smb2.into_iter().chain(smb1) {
        let (mut client, mut server) = pair(dialects, generation);
        for (of_client, of_server, outcome, _) in cells(table) {
            for (client_values, server_values) in values(&of_client)
                .into_iter()
                .flat_map(|one| values(&of_server).into_iter().map(move |two| (one, two)))
            {
                client.endpoint.signing = client_values;
                server.endpoint.signing = server_values;
                let decision = negotiate(&client, &server, &UncPath::new("a", "b"), Account::User);
                assert_eq!(
                    decision.outcome.name(),
                    outcome,
                    "{client_values:?} {server_values:?} {dialects:?}"
                );
                assert_eq!(decision.algorithm.is_some(), outcome == "signed");
                assert!(decision.assumptions.iter().all(|assumed| generation == Generation::Legacy
                    && *assumed == smbsign_engine::policy::Assumption::MismatchedValues));
                seen += 1;
            }
        }
    }
    assert_eq!(seen, 5 * 4 * 9 + 2 * (9 + 4 * 3 + 4));
}

#[test]
fn the_matrices_print_as_the_article_prints_them() {
    for (matrix, table) in [(Matrix::Smb2, SMB2), (Matrix::Smb1, SMB1), (Matrix::Smb1Legacy, OLD_SMB1)] {
        let printed: Vec<Cell> = matrix
            .cells()
            .into_iter()
            .map(|cell| {
                let mark = cell.footnote.map_or("", Footnote::mark);
                (cell.client.to_owned(), cell.server.to_owned(), cell.outcome.name().to_owned(), mark)
            })
            .collect();
        assert_eq!(printed, cells(table));
    }
}

#[test]
fn the_marked_cells_are_what_the_defaults_give() {
    // Footnotes: clients enable and do not require, servers do neither, domain controllers require.
    let defaults = [("*", SigningValues::new(1, 1)), ("**", SigningValues::windows(Side::Server))];
    for (mark, of_server) in defaults {
        for (table, dialects, generation) in [
            (SMB2, Dialects::up_to(Dialect::Smb210), Generation::Current),
            (SMB1, smb1(), Generation::Current),
            (OLD_SMB1, smb1(), Generation::Legacy),
        ] {
            let (client, mut server) = pair(dialects, generation);
            server.endpoint.signing = of_server;
            let decision = negotiate(&client, &server, &UncPath::new("a", "b"), Account::User);
            let marked = cells(table).into_iter().find(|cell| cell.3 == mark).unwrap();
            assert_eq!(decision.outcome.name(), marked.2);
            let settings = match dialects.maximum {
                Dialect::Smb1 => [client.endpoint.signing.smb1().name(), of_server.smb1().name()],
                _ => [client.endpoint.signing.smb2().name(), of_server.smb2().name()],
            };
            assert_eq!(settings, [marked.0, marked.1]);
        }
    }
}

#[test]
fn the_question_below_the_article_is_answered_for_both_generations() {
    // "What is the behavior in SMB1 if server keys are Require=1 AND Enable=1 and the client keys are Require=0 and
    // Enable=0? Signed or fails to connect?"
    let ask = |generation| {
        let (mut client, mut server) = pair(smb1(), generation);
        client.endpoint.signing = SigningValues::new(0, 0);
        server.endpoint.signing = SigningValues::new(1, 1);
        negotiate(&client, &server, &UncPath::new("a", "b"), Account::User)
    };
    let current = ask(Generation::Current);
    assert_eq!((current.outcome, current.algorithm), (Outcome::Signed, Some(SigningAlgorithm::Md5)));
    let legacy = ask(Generation::Legacy);
    assert_eq!(legacy.failure, Some(Failure::ServerRequiresSigning));
    let seen = legacy.failure.unwrap().seen();
    assert!(seen.contains("STATUS_ACCESS_DENIED") && seen.contains("tree connect"), "{seen}");
}
