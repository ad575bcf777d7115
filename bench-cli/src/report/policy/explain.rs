//! One pair explained.

use std::io::{self, Write};

use comfy_table::{Cell, Color};

use super::{DocumentFormat, html, outcome_words};
use crate::command::policy::ExplainReport;
use crate::output::Colour;
use crate::report::escape::{markdown as plain, one_line};
use crate::report::figures::{decimal, optional};
use crate::report::{broken, json};

/// Writes the explanation in the form that was asked for.
///
/// # Errors
///
/// Those of the writer.
pub fn explanation(
    report: &ExplainReport,
    format: DocumentFormat,
    colour: Colour,
    sink: &mut dyn Write,
) -> io::Result<()> {
    match format {
        DocumentFormat::Json => json(report, sink),
        DocumentFormat::Csv => csv(report, sink),
        DocumentFormat::Table => table(report, colour, sink),
        DocumentFormat::Markdown => markdown(report, sink),
        DocumentFormat::Html => page(report, sink),
    }
}

/// The answer in a line: `Signed with aes-128-gmac, SMB 3.1.1`.
fn answer(report: &ExplainReport) -> String {
    let by = report.algorithm.or(report.cipher).map(|by| format!(" with {by}"));
    let dialect = report.dialect.map(|dialect| format!(", SMB {}", dialect.trim_start_matches("SMB")));
    let (by, dialect) = (by.unwrap_or_default(), dialect.unwrap_or_default());
    format!("{}{by}{dialect}", outcome_words(report.outcome))
}

/// Titles and lines of what is below the answer.
fn sections(report: &ExplainReport) -> Vec<(String, Vec<String>)> {
    let because = report
        .because
        .iter()
        .map(|reason| format!("{}: {} [{}]", reason.statement, reason.here, reason.source));
    let decided = report.decided_by.iter().map(|decided| {
        let origin =
            decided.origin.as_deref().unwrap_or("nothing states it: taken as in Windows before 24H2");
        format!("{} ({origin})", decided.setting)
    });
    let mut sections = vec![
        ("Because".to_owned(), because.collect::<Vec<_>>()),
        (
            "Assumed where the sources are silent".to_owned(),
            report.assumptions.iter().map(ToString::to_string).collect(),
        ),
        ("What decides: a change of one of these would change the outcome".to_owned(), decided.collect()),
    ];
    let mut wanted: Vec<_> = report.ways.iter().map(|way| way.outcome).collect();
    wanted.dedup();
    for outcome in wanted {
        let ways = report.ways.iter().filter(|way| way.outcome == outcome).map(|way| {
            let against: String =
                way.advised_against.iter().map(|against| format!("; advised against: {against}")).collect();
            format!("{}{against}", way.set.join(" and "))
        });
        sections.push((format!("To have it {}", outcome.replace('-', " ")), ways.collect()));
    }
    let costs = report.costs.iter().map(|cost| {
        format!(
            "{} of {} bytes, {}, {}, link {}: {} ns of CPU a message, {} s/GB, {} cores used [{}]",
            cost.profile,
            cost.message_bytes,
            cost.direction,
            cost.engine,
            cost.link,
            optional(cost.added_cpu_ns_per_message, |ns| decimal(ns, 0)),
            optional(cost.added_cpu_s_per_gb, |seconds| decimal(seconds, 3)),
            decimal(cost.cores_used, 2),
            cost.record,
        )
    });
    sections.push(("What it costs beyond unsigned".to_owned(), costs.collect()));
    sections.retain(|(_, lines)| !lines.is_empty());
    sections
}

fn question(report: &ExplainReport) -> String {
    let guest = if report.account == "guest" { ", as a guest" } else { "" };
    format!("{} to {}, {}{guest}", report.client, report.server, report.path)
}

fn table(report: &ExplainReport, colour: Colour, sink: &mut dyn Write) -> io::Result<()> {
    writeln!(sink, "{}", one_line(&question(report)))?;
    let mut line = comfy_table::Table::new();
    line.load_style(comfy_table::TableStyle::new()).force_no_tty();
    if colour == Colour::Ansi {
        line.enforce_styling();
    }
    let shown = Cell::new(answer(report));
    line.add_row([match report.outcome {
        "fails-to-connect" => shown.fg(Color::Red),
        "not-signed" => shown.fg(Color::Yellow),
        _ => shown.fg(Color::Green),
    }]);
    writeln!(sink, "{}", line.trim_fmt().trim())?;
    if let Some(seen) = report.seen {
        writeln!(sink, "{}", broken(&format!("The client sees: {seen}"), "", "  "))?;
    }
    for (title, lines) in sections(report) {
        writeln!(sink, "\n{title}:")?;
        lines.iter().try_for_each(|line| writeln!(sink, "{}", broken(line, "- ", "  ")))?;
    }
    Ok(())
}

fn markdown(report: &ExplainReport, sink: &mut dyn Write) -> io::Result<()> {
    writeln!(sink, "# {}\n\n**{}**", plain(&question(report)), plain(&answer(report)))?;
    if let Some(seen) = report.seen {
        writeln!(sink, "\nThe client sees: {}", plain(seen))?;
    }
    for (title, lines) in sections(report) {
        writeln!(sink, "\n## {}\n", plain(&title))?;
        lines.iter().try_for_each(|line| writeln!(sink, "- {}", plain(line)))?;
    }
    Ok(())
}

fn page(report: &ExplainReport, sink: &mut dyn Write) -> io::Result<()> {
    html::page(&question(report), sink, |sink| {
        writeln!(
            sink,
            "<p class=\"{}\"><strong>{}</strong></p>",
            report.outcome,
            html::text(&answer(report))
        )?;
        if let Some(seen) = report.seen {
            writeln!(sink, "<p>The client sees: {}</p>", html::text(seen))?;
        }
        for (title, lines) in sections(report) {
            writeln!(sink, "<h2>{}</h2>\n<ul>", html::text(&title))?;
            lines.iter().try_for_each(|line| writeln!(sink, "<li>{}</li>", html::text(line)))?;
            writeln!(sink, "</ul>")?;
        }
        Ok(())
    })
}

fn csv(report: &ExplainReport, sink: &mut dyn Write) -> io::Result<()> {
    let mut rows = ::csv::Writer::from_writer(sink);
    rows.write_record([
        "client",
        "server",
        "path",
        "account",
        "outcome",
        "dialect",
        "algorithm",
        "cipher",
        "failure",
    ])?;
    let optional = |text: Option<&'static str>| text.unwrap_or_default();
    rows.write_record([
        report.client.as_str(),
        &report.server,
        &report.path,
        report.account,
        report.outcome,
        optional(report.dialect),
        optional(report.algorithm),
        optional(report.cipher),
        optional(report.failure),
    ])?;
    rows.flush()
}
