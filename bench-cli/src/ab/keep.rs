//! Every round's records, kept as they come.

use std::io;
use std::path::Path;

use super::{Name, Played, Record};
use crate::output::Colour;
use crate::record::{Run, Store};
use crate::regression::Comparison;
use crate::report::{self, ComparisonFormat};

/// A directory with one below it for each side, either of which is a set of records that `compare` reads.
#[derive(Debug)]
pub struct Keeper {
    store: Store,
    old: Store,
    new: Store,
}

const OLD: &str = "old";
const NEW: &str = "new";

impl Keeper {
    /// Makes the directory below `parent`, named as those of `run --record`.
    ///
    /// # Errors
    ///
    /// It cannot be made.
    pub fn create(parent: &Path) -> io::Result<Self> {
        let here = Run::start(String::new(), serde_json::Value::Null);
        let sides = |store: &Store| Ok((store.below(OLD)?, store.below(NEW)?));
        let store = Store::create(parent, &here, |store| sides(store).map(drop))?;
        let (old, new) = sides(&store)?;
        Ok(Self { store, old, new })
    }

    /// Where everything is kept.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.store.directory()
    }

    /// Keeps what a round gave, whole or not; rounds are counted from 0, their files from 1.
    ///
    /// # Errors
    ///
    /// Those of writing.
    pub fn keep(&self, round: u32, played: &Played) -> io::Result<()> {
        for (name, record) in Name::BOTH.into_iter().zip([&played.old, &played.new]) {
            if let Some(Record { text, .. }) = record {
                let store = if name == Name::Old { &self.old } else { &self.new };
                let file = format!("round-{:03}.json", round + 1);
                store.put(&file, |sink| sink.write_all(text.as_bytes()))?;
            }
        }
        Ok(())
    }

    /// Keeps what the rounds say together.
    ///
    /// # Errors
    ///
    /// Those of writing.
    pub fn conclude(&self, comparison: &Comparison) -> io::Result<()> {
        let put = |name, format| {
            self.store.put(name, |sink| report::comparison(comparison, format, Colour::Plain, sink))
        };
        put("comparison.json", ComparisonFormat::Json)?;
        put("README.md", ComparisonFormat::Markdown)
    }
}
