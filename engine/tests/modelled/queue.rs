//! crossbeam's queues, as weak as their users may assume: who takes an element sees what was done before it was put in,
//! and nothing else is promised. Who finds a queue empty may have seen it as it was long ago.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use loom::sync::atomic::{AtomicUsize, Ordering};

pub(crate) struct SegQueue<T> {
    /// Of the standard library, which loom does not see: it keeps elements, and orders nothing.
    elements: Mutex<VecDeque<T>>,
    len: AtomicUsize,
}

impl<T> Default for SegQueue<T> {
    fn default() -> Self {
        Self { elements: Mutex::default(), len: AtomicUsize::new(0) }
    }
}

impl<T> SegQueue<T> {
    fn with_elements<R>(&self, look: impl FnOnce(&mut VecDeque<T>) -> R) -> R {
        look(&mut self.elements.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn push(&self, element: T) {
        self.with_elements(|elements| elements.push_back(element));
        self.len.fetch_add(1, Ordering::Release);
    }

    pub(crate) fn pop(&self) -> Option<T> {
        let less = |len: usize| len.checked_sub(1);
        self.len.fetch_update(Ordering::Acquire, Ordering::Relaxed, less).ok()?;
        self.with_elements(VecDeque::pop_front)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len.load(Ordering::Relaxed) == 0
    }
}

pub(crate) struct ArrayQueue<T> {
    queue: SegQueue<T>,
    capacity: usize,
}

impl<T> ArrayQueue<T> {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { queue: SegQueue::default(), capacity }
    }

    pub(crate) const fn capacity(&self) -> usize {
        self.capacity
    }

    pub(crate) fn push(&self, element: T) -> Result<(), T> {
        if self.queue.with_elements(|elements| elements.len()) == self.capacity {
            return Err(element);
        }
        self.queue.push(element);
        Ok(())
    }

    pub(crate) fn pop(&self) -> Option<T> {
        self.queue.pop()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }
}
