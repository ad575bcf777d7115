//! Keys by number: who gives the numbers out, and what each worker knows of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::kernels::prefetch;
use crate::mac::PreparedKey;

/// The number of a registered key. No number is given twice in a process: one whose key was removed, or which came from
/// another engine, names no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyId {
    serial: u64,
    slot: u32,
}

/// As many keys are registered as [`Config::max_keys`](super::Config::max_keys) allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} keys are registered, as many as are allowed")]
pub struct TooManyKeys(pub(super) usize);

/// The key is not registered, or not any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the key is not registered")]
pub struct UnknownKey;

static LAST_SERIAL: AtomicU64 = AtomicU64::new(0);

/// Which numbers are given out.
pub(super) struct Registry {
    max_keys: usize,
    /// The serial of each slot's key; zero if it has none.
    serials: Vec<u64>,
    free: Vec<u32>,
}

impl Registry {
    pub(super) const fn new(max_keys: usize) -> Self {
        Self { max_keys, serials: Vec::new(), free: Vec::new() }
    }

    /// A number for a key.
    pub(super) fn issue(&mut self) -> Result<KeyId, TooManyKeys> {
        let serial = LAST_SERIAL.fetch_add(1, Ordering::Relaxed) + 1;
        if let Some(slot) = self.free.pop() {
            self.serials[slot as usize] = serial;
            return Ok(KeyId { serial, slot });
        }
        match u32::try_from(self.serials.len()) {
            Ok(slot) if self.serials.len() < self.max_keys => {
                self.serials.push(serial);
                Ok(KeyId { serial, slot })
            }
            _ => Err(TooManyKeys(self.serials.len())),
        }
    }

    /// Takes a number back.
    pub(super) fn revoke(&mut self, id: KeyId) -> Result<(), UnknownKey> {
        let serial = self.serials.get_mut(id.slot as usize).filter(|serial| **serial == id.serial);
        *serial.ok_or(UnknownKey)? = 0;
        self.free.push(id.slot);
        Ok(())
    }
}

/// A worker's own table of keys: it learns of changes between two rounds, so that nothing guards, locks or counts when a
/// message asks for its key.
pub(super) struct Keys {
    slots: Vec<Slot>,
}

/// A table of up to so many bytes is near without being asked for.
const NEAR_BYTES: usize = 32 << 10;

#[derive(Clone, Default)]
struct Slot {
    serial: u64,
    key: Option<Arc<PreparedKey>>,
}

impl Keys {
    /// A table that does not move as it fills; what is never used of it costs addresses, not memory. Where there are not so
    /// many addresses, it moves.
    pub(super) fn new(max_keys: usize) -> Self {
        let mut slots = Vec::new();
        let _ = slots.try_reserve_exact(max_keys);
        Self { slots }
    }

    pub(super) fn insert(&mut self, id: KeyId, key: Arc<PreparedKey>) {
        let slot = id.slot as usize;
        if slot >= self.slots.len() {
            self.slots.resize(slot + 1, Slot::default());
        }
        self.slots[slot] = Slot { serial: id.serial, key: Some(key) };
    }

    /// Forgets a key; the last table that does erases it.
    pub(super) fn remove(&mut self, id: KeyId) {
        if let Some(slot) = self.slots.get_mut(id.slot as usize)
            && slot.serial == id.serial
        {
            *slot = Slot::default();
        }
    }

    /// Asks for the slots of these keys: in a large table they are as far away as the keys, and must not be waited for one by
    /// one.
    #[inline]
    pub(super) fn expect(&self, ids: impl Iterator<Item = KeyId>) {
        if size_of_val(&*self.slots) > NEAR_BYTES {
            ids.filter_map(|id| self.slots.get(id.slot as usize)).for_each(prefetch);
        }
    }

    #[inline]
    pub(super) fn find(&self, id: KeyId) -> Option<&Arc<PreparedKey>> {
        self.slots.get(id.slot as usize).filter(|slot| slot.serial == id.serial)?.key.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::Backend;
    use crate::protocol::{SigningAlgorithm, SigningKey};

    fn key() -> Arc<PreparedKey> {
        let key = SigningKey::new(SigningAlgorithm::AesCmac, &[1; 16]).unwrap();
        Arc::new(PreparedKey::new(&key, Backend::detect()))
    }

    #[test]
    fn a_slot_is_used_again_under_another_number() {
        let mut registry = Registry::new(1);
        let first = registry.issue().unwrap();
        assert_eq!(registry.issue(), Err(TooManyKeys(1)));
        assert_eq!(registry.revoke(first), Ok(()));
        assert_eq!(registry.revoke(first), Err(UnknownKey));
        let second = registry.issue().unwrap();
        assert_eq!((first.slot, second.slot), (0, 0));
        let mut keys = Keys::new(1);
        keys.insert(second, key());
        assert!(keys.find(first).is_none() && keys.find(second).is_some());
        // A removal that comes late must not take the slot's next key.
        keys.remove(first);
        assert!(keys.find(second).is_some());
    }

    #[test]
    fn a_number_of_another_registry_names_no_key() {
        let (ours, theirs) = (Registry::new(9).issue().unwrap(), Registry::new(9).issue().unwrap());
        let mut keys = Keys::new(9);
        keys.insert(ours, key());
        assert!(ours.slot == theirs.slot && keys.find(theirs).is_none());
    }

    #[test]
    fn a_number_beyond_the_table_is_not_asked_for() {
        let (mut registry, mut keys) = (Registry::new(4096), Keys::new(4096));
        let ids: Vec<_> = (0..4096).map_while(|_| registry.issue().ok()).collect();
        ids.iter().take(4095).for_each(|id| keys.insert(*id, key()));
        assert!(size_of_val(&*keys.slots) > NEAR_BYTES);
        keys.expect(ids.iter().copied());
        assert!(ids.iter().all(|id| keys.find(*id).is_some() == (id.slot < 4095)));
    }

    #[test]
    fn the_last_table_that_forgets_a_key_erases_it() {
        let (id, key) = (Registry::new(1).issue().unwrap(), key());
        let watch = Arc::downgrade(&key);
        let mut tables = [Keys::new(1), Keys::new(1)];
        tables.iter_mut().for_each(|table| table.insert(id, Arc::clone(&key)));
        drop(key);
        tables[0].remove(id);
        assert!(watch.upgrade().is_some());
        tables[1].remove(id);
        assert!(watch.upgrade().is_none(), "PreparedKey erases itself when it is dropped");
    }
}
