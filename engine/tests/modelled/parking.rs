//! crossbeam's parking with its token: an unpark before a park ends it at once.

use std::time::Instant;

use loom::sync::{Arc, Condvar, Mutex};

pub(crate) struct Parker(Unparker);

#[derive(Clone)]
pub(crate) struct Unparker(Arc<(Mutex<bool>, Condvar)>);

impl Parker {
    pub(crate) fn new() -> Self {
        Self(Unparker(Arc::new((Mutex::new(false), Condvar::new()))))
    }

    pub(crate) const fn unparker(&self) -> &Unparker {
        &self.0
    }

    pub(crate) fn park(&self) {
        let (token, changed) = &*self.0.0;
        let mut token = token.lock().unwrap();
        while !*token {
            token = changed.wait(token).unwrap();
        }
        *token = false;
    }

    /// The deadline has always passed.
    pub(crate) fn park_deadline(&self, _: Instant) {
        *self.0.0.0.lock().unwrap() = false;
    }
}

impl Unparker {
    pub(crate) fn unpark(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_one();
    }
}
