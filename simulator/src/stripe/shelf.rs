//! A shelf: all objects of one type, by id, in the order in which they were made.

use std::collections::BTreeMap;
use std::sync::Arc;

/// Objects of one type. What an event shows is shared with the shelf until the shelf changes its
/// own copy, so that a snapshot never changes later (E2).
#[derive(Clone, Debug)]
pub(super) struct Shelf<T> {
    made: Vec<Arc<str>>,
    by_id: BTreeMap<Arc<str>, Arc<T>>,
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self {
            made: Vec::new(),
            by_id: BTreeMap::new(),
        }
    }
}

impl<T: Clone> Shelf<T> {
    pub(super) fn put(&mut self, id: &str, object: T) -> Arc<T> {
        let object = Arc::new(object);
        let id: Arc<str> = id.into();
        let before = self.by_id.insert(Arc::clone(&id), Arc::clone(&object));
        if before.is_none() {
            self.made.push(id);
        }
        object
    }

    pub(super) fn get(&self, id: &str) -> Option<&Arc<T>> {
        self.by_id.get(id)
    }

    /// Changes an object; the new one.
    pub(super) fn change(&mut self, id: &str, change: impl FnOnce(&mut T)) -> Option<Arc<T>> {
        let object = self.by_id.get_mut(id)?;
        change(Arc::make_mut(object));
        Some(Arc::clone(object))
    }

    pub(super) fn remove(&mut self, id: &str) -> Option<Arc<T>> {
        self.made.retain(|made| **made != *id);
        self.by_id.remove(id)
    }

    pub(super) fn len(&self) -> usize {
        self.made.len()
    }

    /// The newest first, as lists show them (H7).
    pub(super) fn newest(&self) -> impl Iterator<Item = &Arc<T>> {
        self.made.iter().rev().filter_map(|id| self.by_id.get(id))
    }
}
