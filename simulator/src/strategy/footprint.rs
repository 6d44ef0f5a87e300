//! What a move touches, and so which moves can't notice each other.
//!
//! Under READ COMMITTED a SELECT sees only what is committed, so it commutes with writes that
//! aren't; two COMMITs commute; moves that share no table commute. Rows aren't told apart: the
//! same table is the same thing.
//!
//! None of this holds under SERIALIZABLE, where a read leaves a mark that a write runs into, nor
//! for a table whose unique or foreign keys reach into another: name both, or [`Tables::All`].

use std::collections::BTreeSet;

/// A set of tables, by any number that tells them apart (their object ids).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tables {
    /// These.
    Of(BTreeSet<u32>),
    /// It isn't known, or there are more than tables: it may be any.
    All,
}

impl Tables {
    /// No table at all.
    #[must_use]
    pub fn none() -> Self {
        Self::Of(BTreeSet::new())
    }

    /// These tables.
    #[must_use]
    pub fn of(tables: impl IntoIterator<Item = u32>) -> Self {
        Self::Of(tables.into_iter().collect())
    }

    fn and(self, other: &Self) -> Self {
        match (self, other) {
            (Self::Of(one), Self::Of(two)) => Self::Of(&one | two),
            _ => Self::All,
        }
    }

    fn is_empty(&self) -> bool {
        matches!(self, Self::Of(tables) if tables.is_empty())
    }

    fn meets(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Of(one), Self::Of(two)) => !one.is_disjoint(two),
            (Self::All, other) | (other, Self::All) => !other.is_empty(),
        }
    }
}

/// What one move does to the tables of the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Footprint {
    reads: Tables,
    writes: Tables,
    commits: Tables,
    waits: Tables,
}

impl Footprint {
    /// It could do anything: it commutes with nothing but what does nothing.
    #[must_use]
    pub fn unknown() -> Self {
        Self {
            reads: Tables::All,
            writes: Tables::All,
            commits: Tables::All,
            waits: Tables::All,
        }
    }

    /// It looks at what is committed, and takes no lock that anybody waits for.
    #[must_use]
    pub fn read(tables: Tables) -> Self {
        Self {
            reads: tables,
            writes: Tables::none(),
            commits: Tables::none(),
            waits: Tables::none(),
        }
    }

    /// It writes or locks rows, and looks at the same tables.
    #[must_use]
    pub fn write(tables: Tables) -> Self {
        Self {
            reads: tables.clone(),
            writes: tables,
            commits: Tables::none(),
            waits: Tables::none(),
        }
    }

    /// It ends a transaction that wrote or locked these, by commit or by roll-back.
    #[must_use]
    pub fn commit(tables: Tables) -> Self {
        Self {
            reads: Tables::none(),
            writes: Tables::none(),
            commits: tables,
            waits: Tables::none(),
        }
    }

    /// It looked at these, and now waits for a row in one of them, without having written or
    /// locked anything before. Only the order of those who wait can be told afterwards.
    #[must_use]
    pub fn wait(tables: Tables) -> Self {
        Self {
            reads: tables.clone(),
            writes: Tables::none(),
            commits: Tables::none(),
            waits: tables,
        }
    }

    /// It did both.
    #[must_use]
    pub fn and(self, other: &Self) -> Self {
        Self {
            reads: self.reads.and(&other.reads),
            writes: self.writes.and(&other.writes),
            commits: self.commits.and(&other.commits),
            waits: self.waits.and(&other.waits),
        }
    }

    /// Nothing at all.
    #[must_use]
    pub fn nothing() -> Self {
        Self::read(Tables::none())
    }

    /// Whether this move, made before the other, could be what the other came to.
    #[must_use]
    pub fn precedes(&self, late: &Self) -> bool {
        // Who had to wait would have gone on, had it been first.
        self.depends_on(late) || self.writes.meets(&late.waits)
    }

    /// Whether the order of the two moves could make a difference, as they were here.
    #[must_use]
    pub fn depends_on(&self, other: &Self) -> bool {
        // Whoever writes a table also looks at it, so its commits are met as a read.
        self.reads.meets(&other.commits)
            || self.commits.meets(&other.reads)
            || self.writes.meets(&other.writes)
            || self.waits.meets(&other.waits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_commutes_with_a_write_and_not_with_its_commit() {
        let t = || Tables::of([1]);
        let (read, write, commit) = (
            Footprint::read(t()),
            Footprint::write(t()),
            Footprint::commit(t()),
        );
        assert!(!read.depends_on(&read) && !read.depends_on(&write) && !commit.depends_on(&commit));
        assert!(read.depends_on(&commit) && write.depends_on(&write) && commit.depends_on(&write));
    }

    #[test]
    fn other_tables_don_t_matter_unless_it_is_not_known_which() {
        let (one, two) = (
            Footprint::write(Tables::of([1])),
            Footprint::write(Tables::of([2])),
        );
        assert!(!one.depends_on(&two) && one.depends_on(&Footprint::unknown()));
        let nothing = Footprint::read(Tables::none());
        assert!(!nothing.depends_on(&Footprint::unknown()));
    }
}
