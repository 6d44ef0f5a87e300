//! A small set of places in a list, as bits: what a search has left, cheap to copy and to compare.

/// Places, counted from 0. Equal sets are equal values: no word at the end is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Places(Vec<u64>);

const BITS: usize = u64::BITS as usize;

impl Places {
    fn contains(&self, place: usize) -> bool {
        let word = self.0.get(place / BITS).copied().unwrap_or(0);
        word & (1 << (place % BITS)) != 0
    }

    fn insert(&mut self, place: usize) {
        if self.0.len() <= place / BITS {
            self.0.resize(place / BITS + 1, 0);
        }
        self.0[place / BITS] |= 1 << (place % BITS);
    }

    pub(super) fn remove(&mut self, place: usize) {
        if let Some(word) = self.0.get_mut(place / BITS) {
            *word &= !(1 << (place % BITS));
        }
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// In rising order.
    pub(super) fn iter(&self) -> impl Iterator<Item = usize> {
        (0..self.0.len() * BITS).filter(|place| self.contains(*place))
    }
}

impl FromIterator<usize> for Places {
    fn from_iter<I: IntoIterator<Item = usize>>(places: I) -> Self {
        let mut set = Self::default();
        for place in places {
            set.insert(place);
        }
        set
    }
}
