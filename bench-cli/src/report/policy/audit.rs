//! A fleet's audit.

mod classes;

use std::io::{self, Write};

use comfy_table::{Cell, Color};

use super::{DocumentFormat, html, outcome_words};
use crate::audit::{Audit, Finding, Severity, Totals};
use crate::output::Colour;
use crate::report::escape::{markdown as plain, one_line};
use crate::report::figures::grouped;
use crate::report::{broken, json, ruled};
use classes::{Row, rows};

/// How many names a finding's line shows; JSON has all.
const NAMES_SHOWN: usize = 6;
/// How many rows the table shows; JSON and CSV have all.
const ROWS_SHOWN: usize = 60;

const HEADINGS: [&str; 8] = ["Clients", "Servers", "Share", "Pairs", "Outcome", "Dialect", "With", "Why not"];

/// Writes the audit in the form that was asked for.
///
/// # Errors
///
/// Those of the writer.
pub fn audit(audit: &Audit, format: DocumentFormat, colour: Colour, sink: &mut dyn Write) -> io::Result<()> {
    match format {
        DocumentFormat::Json => json(audit, sink),
        DocumentFormat::Csv => csv(audit, sink),
        DocumentFormat::Table => table(audit, colour, sink),
        DocumentFormat::Markdown => markdown(audit, sink),
        DocumentFormat::Html => html::page("Who signs with whom: the fleet", sink, |sink| body(audit, sink)),
    }
}

/// The fleet and its totals, in lines.
fn summary(audit: &Audit) -> Vec<String> {
    let size = audit.fleet;
    let mut lines = vec![format!(
        "{} clients in {}, {} servers in {}, {} pairs of a client and a share",
        grouped(&size.clients.to_string()),
        groups(size.client_groups),
        grouped(&size.servers.to_string()),
        groups(size.server_groups),
        grouped(&size.pairs.to_string()),
    )];
    lines.push(totals(&audit.totals));
    if let Some(what_if) = &audit.what_if {
        lines.push(format!("With {}: {}", what_if.set.join(", "), totals(&what_if.totals)));
    }
    lines
}

fn groups(count: usize) -> String {
    if count == 1 { "1 group".to_owned() } else { format!("{count} groups") }
}

fn totals(totals: &Totals) -> String {
    let counts = |counts: &std::collections::BTreeMap<&str, u64>| {
        let shown = counts.iter().filter(|(_, pairs)| **pairs > 0);
        shown
            .map(|(name, pairs)| format!("{name} {}", grouped(&pairs.to_string())))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let parts =
        [("", &totals.outcomes), ("dialects: ", &totals.dialects), ("signed with: ", &totals.algorithms)];
    let parts = parts.into_iter().filter(|(_, of)| !of.is_empty());
    parts.map(|(title, of)| format!("{title}{}", counts(of))).collect::<Vec<_>>().join("; ")
}

/// Titles and lines of what stands below the matrix.
fn sections(audit: &Audit) -> Vec<(String, Vec<String>)> {
    let mut sections = vec![("Findings".to_owned(), audit.findings.iter().map(finding).collect::<Vec<_>>())];
    if let Some(what_if) = &audit.what_if {
        let changes = what_if.changes.iter().map(|change| {
            let failure = change.failure.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
            let pairs = grouped(&change.pairs.to_string());
            let (client, server, share) = (&change.client, &change.server, &change.share);
            format!(
                r"{client} → \\{server}\{share}, {pairs} pairs: {} becomes {}{failure}",
                change.from, change.to
            )
        });
        sections.push((format!("What {} would change", what_if.set.join(", ")), first_rows(changes)));
        sections.push(("Advised against".to_owned(), what_if.advised_against.clone()));
    }
    let observed = audit.observed.iter().filter(|pair| pair.agrees == Some(false)).map(|pair| {
        let words = |outcome: Option<&str>, dialect: Option<&str>| {
            [outcome, dialect].into_iter().flatten().collect::<Vec<_>>().join(" ")
        };
        let seen = words(pair.observed, pair.observed_dialect);
        let configured = words(pair.configured, pair.configured_dialect);
        format!("{} → {}: seen {seen}, configured {configured} ({})", pair.client, pair.server, pair.place)
    });
    sections.push(("Seen otherwise than configured".to_owned(), first_rows(observed)));
    let assumed = audit.assumptions.values().map(ToString::to_string).collect();
    sections.push(("Assumed where the sources are silent".to_owned(), assumed));
    let required = audit.required.iter().map(|required| {
        let name = serde_json::to_value(required.requirement).ok();
        let name = name.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
        if required.met {
            format!("{name}: met")
        } else {
            format!("{name}: not met by {} pairs", grouped(&required.failing_pairs.to_string()))
        }
    });
    sections.push(("Required".to_owned(), required.collect()));
    sections.retain(|(_, lines)| !lines.is_empty());
    sections
}

fn first_rows(mut lines: impl Iterator<Item = String>) -> Vec<String> {
    let mut shown: Vec<_> = lines.by_ref().take(ROWS_SHOWN).collect();
    if let more @ 1.. = lines.count() {
        shown.push(format!("and {more} more (--format json has all)"));
    }
    shown
}

const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::High => "high",
        Severity::Medium => "medium",
        Severity::Low => "low",
        Severity::Info => "info",
    }
}

fn finding(finding: &Finding) -> String {
    let mut about: Vec<_> = finding.about.iter().take(NAMES_SHOWN).cloned().collect();
    if let more @ 1.. = finding.about.len().saturating_sub(NAMES_SHOWN) {
        about.push(format!("and {more} more"));
    }
    let pairs =
        finding.pairs.map(|pairs| format!(", {} pairs", grouped(&pairs.to_string()))).unwrap_or_default();
    let (level, id) = (severity(finding.severity), finding.id);
    format!("{level} · {id}{pairs}: {} [{}] — {}", finding.text, finding.source, about.join(", "))
}

fn table(audit: &Audit, colour: Colour, sink: &mut dyn Write) -> io::Result<()> {
    summary(audit).iter().try_for_each(|line| writeln!(sink, "{}", broken(line, "", "  ")))?;
    let mut table = ruled(HEADINGS, HEADINGS.len());
    if colour == Colour::Ansi {
        table.enforce_styling();
    }
    let rows = rows(audit);
    for row in rows.iter().take(ROWS_SHOWN) {
        let outcome = Cell::new(outcome_words(row.outcome));
        let outcome = match row.outcome {
            "fails-to-connect" => outcome.fg(Color::Red),
            "not-signed" => outcome.fg(Color::Yellow),
            _ => outcome,
        };
        let mut cells: Vec<_> = row.words().iter().map(|word| Cell::new(one_line(word))).collect();
        if let Some(place) = cells.get_mut(4) {
            *place = outcome;
        }
        table.add_row(cells);
    }
    writeln!(sink, "\n{}", table.trim_fmt())?;
    if let more @ 1.. = rows.len().saturating_sub(ROWS_SHOWN) {
        writeln!(sink, "and {more} more rows (--format json and csv have all)")?;
    }
    for (title, lines) in sections(audit) {
        writeln!(sink, "\n{}:", one_line(&title))?;
        lines.iter().try_for_each(|line| writeln!(sink, "{}", broken(line, "- ", "  ")))?;
    }
    Ok(())
}

fn markdown(audit: &Audit, sink: &mut dyn Write) -> io::Result<()> {
    writeln!(sink, "# Who signs with whom: the fleet\n")?;
    summary(audit).iter().try_for_each(|line| writeln!(sink, "- {}", plain(line)))?;
    writeln!(sink, "\n| {} |\n|{}", HEADINGS.join(" | "), " --- |".repeat(HEADINGS.len()))?;
    for row in rows(audit) {
        writeln!(sink, "| {} |", row.words().map(|word| plain(&word)).join(" | "))?;
    }
    for (title, lines) in sections(audit) {
        writeln!(sink, "\n## {}\n", plain(&title))?;
        lines.iter().try_for_each(|line| writeln!(sink, "- {}", plain(line)))?;
    }
    Ok(())
}

fn body(audit: &Audit, sink: &mut dyn Write) -> io::Result<()> {
    summary(audit).iter().try_for_each(|line| writeln!(sink, "<p>{}</p>", html::text(line)))?;
    let rows = rows(audit);
    let cells = |row: &Row| {
        let words = row.words().into_iter().enumerate();
        words.map(|(index, word)| ((index == 4).then_some(row.outcome), word)).collect()
    };
    html::table(&HEADINGS, rows.iter().map(cells), sink)?;
    for (title, lines) in sections(audit) {
        writeln!(sink, "<h2>{}</h2>\n<ul>", html::text(&title))?;
        lines.iter().try_for_each(|line| writeln!(sink, "<li>{}</li>", html::text(line)))?;
        writeln!(sink, "</ul>")?;
    }
    Ok(())
}

/// A row per cell, in the order of the names.
fn csv(audit: &Audit, sink: &mut dyn Write) -> io::Result<()> {
    let mut rows = ::csv::Writer::from_writer(sink);
    rows.write_record([
        "client",
        "clients",
        "server",
        "servers",
        "share",
        "pairs",
        "outcome",
        "dialect",
        "algorithm",
        "cipher",
        "failure",
        "assumptions",
    ])?;
    for cell in &audit.cells {
        let optional = |word: Option<&str>| word.unwrap_or_default().to_owned();
        let assumptions: Vec<_> = cell.assumptions.iter().map(|assumed| assumed.name()).collect();
        rows.write_record([
            cell.client.clone(),
            cell.clients.to_string(),
            cell.server.clone(),
            cell.servers.to_string(),
            cell.share.clone(),
            cell.pairs.to_string(),
            cell.outcome.name().to_owned(),
            optional(cell.dialect.map(smbsign_engine::protocol::Dialect::name)),
            optional(cell.algorithm.map(smbsign_engine::protocol::SigningAlgorithm::name)),
            optional(cell.cipher.map(smbsign_engine::protocol::Cipher::name)),
            optional(cell.failure.map(smbsign_engine::policy::Failure::name)),
            assumptions.join(" "),
        ])?;
    }
    rows.flush()
}
