//! Where a run is kept while it goes on and afterwards: a directory of its own, new for each run.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

use super::Run;

/// A run's directory, `<date>-<machine>`. A run that ended is never written to again: each gets a directory that did not
/// exist before.
#[derive(Debug)]
pub struct Store {
    directory: PathBuf,
}

impl Store {
    /// Makes the directory of this run below `parent`, and `parent` where it is missing. The date is that of UTC; a second
    /// run of the day on the same machine gets `-2`, the next `-3`.
    ///
    /// The directory has its name only once `fill` has put into it what it begins with: whenever the process ends, there is
    /// none or one with a record.
    ///
    /// # Errors
    ///
    /// `parent` cannot be made or written to; those of `fill`.
    pub fn create(parent: &Path, run: &Run, fill: impl FnOnce(&Self) -> io::Result<()>) -> io::Result<Self> {
        fs::create_dir_all(parent)?;
        let hidden = for_everybody(Builder::new().prefix(".run."), 0o777).tempdir_in(parent)?;
        fill(&Self { directory: hidden.path().to_owned() })?;
        let name = format!("{}-{}", run.started.strftime("%F"), run.machine.short_name());
        let names = std::iter::once(name.clone()).chain((2_u64..).map(|number| format!("{name}-{number}")));
        for directory in names.map(|name| parent.join(name)) {
            // A rename would take an empty directory's place.
            if fs::symlink_metadata(&directory).is_ok() {
                continue;
            }
            match fs::rename(hidden.path(), &directory) {
                Ok(()) => {
                    let _no_longer_there = hidden.keep();
                    sync_directory(parent)?;
                    return Ok(Self { directory });
                }
                Err(error) if is_taken(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// Where the run is kept.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// A directory within this one.
    ///
    /// # Errors
    ///
    /// It cannot be made.
    pub fn below(&self, name: &str) -> io::Result<Self> {
        let directory = self.directory.join(name);
        fs::create_dir_all(&directory)?;
        Ok(Self { directory })
    }

    /// Puts a file into the directory, in the place of its older version. Whoever reads it, whenever the process or the
    /// machine ends, finds the older version or this one, whole.
    ///
    /// # Errors
    ///
    /// Those of `content` and of writing.
    pub fn put(&self, name: &str, content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        let mut file = BufWriter::new(self.temporary(name)?);
        content(&mut file)?;
        let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.as_file().sync_all()?;
        file.persist(self.directory.join(name))?;
        sync_directory(&self.directory)
    }

    fn temporary(&self, name: &str) -> io::Result<NamedTempFile> {
        let prefix = format!(".{name}.");
        for_everybody(Builder::new().prefix(&prefix), 0o666).tempfile_in(&self.directory)
    }
}

/// Another run, started at the same moment, was given the name first.
fn is_taken(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::AlreadyExists | io::ErrorKind::DirectoryNotEmpty)
}

/// Records are for everybody that the umask lets read; what is temporary is not, by default.
#[cfg(unix)]
fn for_everybody<'a, 'b, 'c>(builder: &'a mut Builder<'b, 'c>, mode: u32) -> &'a mut Builder<'b, 'c> {
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(mode))
}

#[cfg(not(unix))]
fn for_everybody<'a, 'b, 'c>(builder: &'a mut Builder<'b, 'c>, _mode: u32) -> &'a mut Builder<'b, 'c> {
    builder
}

/// A renamed file has its new name for good once its directory is on disk.
#[cfg(unix)]
fn sync_directory(directory: &Path) -> io::Result<()> {
    fs::File::open(directory)?.sync_all()
}

#[cfg(not(unix))]
fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn each_run_gets_a_directory_that_did_not_exist() {
        let parent = tempfile::tempdir().unwrap();
        let run = Run::start(String::new(), serde_json::Value::Null);
        for _ in 0..3 {
            Store::create(&parent.path().join("results"), &run, |_| Ok(())).unwrap();
        }
        let made = names(&parent.path().join("results"));
        let first = format!("{}-{}", run.started.strftime("%F"), run.machine.short_name());
        assert_eq!(made, [first.clone(), format!("{first}-2"), format!("{first}-3")]);
    }

    #[test]
    fn a_directory_that_cannot_be_filled_is_none() {
        let parent = tempfile::tempdir().unwrap();
        let run = Run::start(String::new(), serde_json::Value::Null);
        let failed = Store::create(parent.path(), &run, |_| Err(io::ErrorKind::StorageFull.into()));
        assert!(failed.is_err());
        assert_eq!(names(parent.path()), [""; 0]);
    }

    #[test]
    fn a_file_is_replaced_whole_or_not_at_all() {
        let parent = tempfile::tempdir().unwrap();
        let run = Run::start(String::new(), serde_json::Value::Null);
        let store = Store::create(parent.path(), &run, |_| Ok(())).unwrap();
        store.put("record.json", |sink| sink.write_all(b"older")).unwrap();
        let failed = store.put("record.json", |sink| {
            sink.write_all(b"half")?;
            Err(io::ErrorKind::Other.into())
        });
        assert!(failed.is_err());
        assert_eq!(fs::read(store.directory().join("record.json")).unwrap(), b"older");
        store.put("record.json", |sink| sink.write_all(b"newer")).unwrap();
        assert_eq!(fs::read(store.directory().join("record.json")).unwrap(), b"newer");
        assert_eq!(names(store.directory()), ["record.json"]);
    }
}
