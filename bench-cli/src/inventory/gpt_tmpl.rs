//! `GptTmpl.inf`: the security settings of a Group Policy object, as they lie in SYSVOL below
//! `Machine\Microsoft\Windows NT\SecEdit`.

use super::reg_file::shortened;
use super::registry::{Data, Values};
use super::text::{Line, Style, decoded, lines};
use super::{Layer, Place, Source};

/// Reads a security template; `file` names it in warnings.
#[must_use]
pub fn gpt_tmpl(file: &str, bytes: &[u8]) -> Source {
    let mut source = Source::default();
    let text = decoded(bytes, file, &mut source);
    let mut values = Values::new(&mut source, Layer::GroupPolicy);
    let (mut section, mut templates) = (String::new(), false);
    for (number, line) in lines(&text, Style::Inf) {
        let place = Place::line(file, number);
        match line {
            Line::Section(name) => {
                section = name.to_ascii_lowercase();
                templates |= ["registry values", "version", "unicode"].contains(&section.as_str());
            }
            Line::Entry(path, value) if section == "registry values" => {
                let machine = path.get(..8).filter(|hive| hive.eq_ignore_ascii_case("MACHINE\\"));
                let below = machine.and_then(|_| path.get(8..)).and_then(|path| path.rsplit_once('\\'));
                let Some((key, name)) = below else {
                    values.warn(place, format!("no value below MACHINE: {}", shortened(path)));
                    continue;
                };
                match data(&value) {
                    Ok(data) => values.take(key, name, &data, place),
                    Err(reason) => values.warn(place, format!("{name}: {reason}")),
                }
            }
            Line::Entry(..) | Line::Other(_) => {}
        }
    }
    values.finish();
    if !templates {
        source.warn(Place::file(file), "no section of a security template");
    }
    source
}

/// `4,1`: the type's number, and the value.
fn data(text: &str) -> Result<Data, &'static str> {
    let (kind, value) = text.split_once(',').ok_or("no type and value with a comma between them")?;
    let value = value.trim();
    match kind.trim() {
        "1" | "2" => Ok(Data::Text(value.trim_matches('"').to_owned())),
        "3" => Ok(Data::Other("REG_BINARY")),
        "4" => value.parse().map(Data::Dword).map_err(|_| "not a number"),
        "7" => Ok(Data::Other("REG_MULTI_SZ")),
        _ => Err("not a type that templates have"),
    }
}
