//! Records: what stands on disk while a run goes on and after it, and what comes back from there.

#[path = "../report/example.rs"]
mod example;
mod hostile;
mod keeping;
mod kept;
#[cfg(unix)]
mod kills;
mod properties;
mod reading;
mod schema;
