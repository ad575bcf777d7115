//! Where tests make a worker panic.

/// A place on a worker's way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// With nothing to do.
    Idle,
    /// Messages have gone into lanes, and some have come out.
    MidGroup,
    /// Some bursts of a round have gone back, others have not.
    MidPublish,
}

/// The panics that a test has ordered; nothing at all outside this crate's own tests.
#[derive(Default)]
pub(super) struct Faults {
    #[cfg(test)]
    ordered: std::sync::Mutex<Option<(Place, usize)>>,
}

#[cfg(not(test))]
impl Faults {
    /// A worker passes here.
    #[inline(always)]
    pub(super) const fn pass(&self, _: Place) {}
}

#[cfg(test)]
impl Faults {
    /// Panics if a test has ordered it.
    pub(super) fn pass(&self, place: Place) {
        let mut ordered = self.ordered.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some((_, passes)) = ordered.as_mut().filter(|(ordered, _)| *ordered == place) {
            if *passes == 0 {
                *ordered = None;
                drop(ordered);
                panic!("ordered by a test: {place:?}");
            }
            *passes -= 1;
        }
    }

    /// Orders one panic at a place, after it has been passed so many times.
    pub(super) fn order(&self, place: Place, passes: usize) {
        *self.ordered.lock().unwrap() = Some((place, passes));
    }

    /// Whether the panic is still to come.
    pub(super) fn pending(&self) -> bool {
        self.ordered.lock().unwrap().is_some()
    }
}
