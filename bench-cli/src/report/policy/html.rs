//! A page without scripts, styles of others or links elsewhere.

use std::borrow::Cow;
use std::io::{self, Write};

use crate::report::escape::one_line;

const HEAD: &str = "<!DOCTYPE html>
<html lang=\"en\">
<head>
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width\">
<style>
body { font: 15px/1.45 system-ui, sans-serif; margin: 2em auto; max-width: 70em; padding: 0 1em; }
table { border-collapse: collapse; margin: 1em 0; }
th, td { border: 1px solid #bbb; padding: .25em .6em; text-align: left; vertical-align: top; }
th { background: #f2f2f2; }
.signed, .encrypted { background: #e5f5e5; } .not-signed { background: #fff3d6; } .fails-to-connect { background: #fbe0e0; }
</style>
";

/// What keeps text text in HTML.
pub(super) fn text(text: &str) -> Cow<'_, str> {
    let line = one_line(text);
    if !line.contains(['&', '<', '>', '"', '\'']) {
        return line;
    }
    let mut escaped = String::new();
    for letter in line.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped.into()
}

/// A page with a title around what `body` writes.
pub(super) fn page(
    title: &str,
    sink: &mut dyn Write,
    body: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let title = text(title);
    write!(sink, "{HEAD}<title>{title}</title>\n</head>\n<body>\n<h1>{title}</h1>\n")?;
    body(sink)?;
    writeln!(sink, "</body>\n</html>")
}

/// A cell: its class, where it has one, and its text.
pub(super) type Cell = (Option<&'static str>, String);

/// A table with headings.
pub(super) fn table(
    headings: &[&str],
    rows: impl IntoIterator<Item = Vec<Cell>>,
    sink: &mut dyn Write,
) -> io::Result<()> {
    let heading = |heading: &&str| format!("<th>{}</th>", text(heading));
    let headings: String = headings.iter().map(heading).collect();
    writeln!(sink, "<table>\n<tr>{headings}</tr>")?;
    for row in rows {
        let cells = row.iter().map(|(class, content)| match class {
            Some(class) => format!("<td class=\"{class}\">{}</td>", text(content)),
            None => format!("<td>{}</td>", text(content)),
        });
        writeln!(sink, "<tr>{}</tr>", cells.collect::<String>())?;
    }
    writeln!(sink, "</table>")
}
