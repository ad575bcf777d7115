//! The outline of a JSON text, without keeping its values: what a stranger's file may cost is decided before it is read.

use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::error::{Problem, printable};

/// The longest string; an encoded histogram has a tenth of it.
const STRING_BYTES: usize = 1 << 20;
/// The longest list; no more cells or trials than that.
const ENTRIES: usize = 100_000;
/// Values in the measurements: half a million trials.
const MEASURED_VALUES: usize = 8_000_000;
/// Values in all the rest together.
const OTHER_VALUES: usize = 100_000;
/// Lists and objects within one another; a record has seven.
const LEVELS: usize = 32;

/// What the outline tells.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Shape {
    /// The outermost object's `schema`, where it is a string; cut to what fits a line.
    pub(super) form: Option<String>,
}

impl Shape {
    /// Walks over a text from its beginning to its end.
    ///
    /// # Errors
    ///
    /// It is no JSON, an object has a key twice, a string would upset a terminal, or there is more of something than any
    /// record needs.
    pub(super) fn of(text: &[u8]) -> Result<Self, Problem> {
        let mut seen = Seen { form: None, other: 0, measured: 0 };
        let mut json = serde_json::Deserializer::from_slice(text);
        Value { seen: &mut seen, key: Key::None, levels: 0 }
            .deserialize(&mut json)
            .and_then(|()| json.end())
            .map_err(|error| Problem::json(&error))?;
        Ok(Self { form: seen.form })
    }
}

/// What was met so far.
#[derive(Debug)]
struct Seen {
    form: Option<String>,
    measured: usize,
    other: usize,
}

/// The key, in the outermost object, that a value belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    None,
    Schema,
    Measurements,
    Other,
}

/// A value to walk over.
struct Value<'a> {
    seen: &'a mut Seen,
    key: Key,
    levels: usize,
}

impl Value<'_> {
    fn count<E: Error>(&mut self) -> Result<(), E> {
        let (count, limit) = match self.key {
            Key::Measurements => (&mut self.seen.measured, MEASURED_VALUES),
            Key::None | Key::Schema | Key::Other => (&mut self.seen.other, OTHER_VALUES),
        };
        *count += 1;
        if *count > limit {
            return Err(E::custom(format_args!("more than {limit} values")));
        }
        Ok(())
    }

    fn inner(&mut self, key: Key) -> Value<'_> {
        Value { seen: self.seen, key, levels: self.levels + 1 }
    }

    fn descend<E: Error>(&self) -> Result<(), E> {
        if self.levels == LEVELS {
            return Err(E::custom(format_args!("more than {LEVELS} lists and objects within one another")));
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E: Error>(mut self) -> Result<(), E> {
        self.count()
    }

    fn visit_bool<E: Error>(mut self, _: bool) -> Result<(), E> {
        self.count()
    }

    fn visit_i64<E: Error>(mut self, _: i64) -> Result<(), E> {
        self.count()
    }

    fn visit_u64<E: Error>(mut self, _: u64) -> Result<(), E> {
        self.count()
    }

    fn visit_f64<E: Error>(mut self, _: f64) -> Result<(), E> {
        self.count()
    }

    fn visit_str<E: Error>(mut self, text: &str) -> Result<(), E> {
        self.count()?;
        check_string(text)?;
        if self.key == Key::Schema && self.levels == 1 {
            self.seen.form = Some(printable(text));
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        self.count()?;
        self.descend()?;
        let key = self.key;
        let mut entries = 0;
        while list.next_element_seed(self.inner(key))?.is_some() {
            entries += 1;
            if entries > ENTRIES {
                return Err(A::Error::custom(format_args!("a list of more than {ENTRIES} entries")));
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut object: A) -> Result<(), A::Error> {
        self.count()?;
        self.descend()?;
        let mut keys = HashSet::new();
        while let Some(name) = object.next_key::<String>()? {
            check_string(&name)?;
            let key = match (self.key, name.as_str()) {
                (Key::None, "schema") => Key::Schema,
                (Key::None, "measurements") => Key::Measurements,
                (Key::None, _) => Key::Other,
                (within, _) => within,
            };
            if keys.len() == ENTRIES {
                return Err(A::Error::custom(format_args!("an object of more than {ENTRIES} keys")));
            }
            if let Some(twice) = keys.replace(name) {
                return Err(A::Error::custom(format_args!(
                    "{:?} stands twice in one object",
                    printable(&twice)
                )));
            }
            object.next_value_seed(self.inner(key))?;
        }
        Ok(())
    }
}

fn check_string<E: Error>(text: &str) -> Result<(), E> {
    if text.len() > STRING_BYTES {
        return Err(E::custom(format_args!(
            "a string of {} bytes, where {STRING_BYTES} are the most",
            text.len()
        )));
    }
    if text.contains(|letter: char| letter.is_control() && !"\n\t".contains(letter)) {
        return Err(E::custom("a string with control characters"));
    }
    Ok(())
}
