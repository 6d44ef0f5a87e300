//! What tells the databases of one run from those of another.

use std::fmt;

/// A number that no other living run has, `1f2e3d4c` in names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct RunId(u32);

/// What the names of all our databases start with.
const PREFIX: &str = "badai_";

impl RunId {
    /// A run that nobody has seen before.
    pub(super) fn fresh() -> Self {
        // 31 bits: Postgres's advisory locks take it as a signed number.
        Self(crate::random::fresh_run() >> 1)
    }

    /// The run that made the database with this name, if one of ours did.
    pub(super) fn of_database(name: &str) -> Option<Self> {
        let (id, _) = name.strip_prefix(PREFIX)?.split_once('_')?;
        let is_id = id.len() == 8 && !id.contains(|c: char| !matches!(c, '0'..='9' | 'a'..='f'));
        let number = is_id.then(|| u32::from_str_radix(id, 16).ok())?;
        number.map(Self)
    }

    /// What the names of this run's databases start with.
    pub(super) fn prefix(self) -> String {
        format!("{PREFIX}{self}_")
    }

    /// The number, for an advisory lock.
    pub(super) fn number(self) -> u32 {
        self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_tells_its_run() {
        let run = RunId::fresh();
        assert_eq!(RunId::of_database(&format!("{}1", run.prefix())), Some(run));
        assert_eq!(RunId::of_database("badai_lesson_1"), None);
        assert_eq!(RunId::of_database("badai_1f2e3d4"), None);
        assert_eq!(RunId::of_database("badai_1F2E3D4C_1"), None);
    }
}
