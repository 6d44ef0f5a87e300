//! The two API versions that this world speaks: today's, and the last one before basil.

use std::fmt;

/// How objects are rendered. An endpoint has its own (E8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// The newest that this world knows.
    #[default]
    Endive,
    /// The last before basil moved an invoice's subscription, a line's price and a
    /// subscription's period elsewhere (I9 to I11).
    Acacia,
}

impl Version {
    /// Both, the newest first.
    pub const ALL: [Version; 2] = [Version::Endive, Version::Acacia];

    /// Stripe's name of it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Version::Endive => "2026-10-28.endive",
            Version::Acacia => "2025-02-24.acacia",
        }
    }

    /// How this world renders for somebody who asks for that version: versions are dated, and
    /// what is before basil (2025-03-31) looks as acacia does.
    #[must_use]
    pub fn dated(name: &str) -> Self {
        let dated = name.len() >= 10 && name.as_bytes()[4] == b'-';
        if dated && name < "2025-03-31" {
            Version::Acacia
        } else {
            Version::Endive
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_before_basil_looks_as_acacia_does() {
        for old in ["2017-08-15", "2024-06-20", "2025-02-24.acacia"] {
            assert_eq!(Version::dated(old), Version::Acacia, "{old}");
        }
        for new in [
            "2025-03-31.basil",
            "2026-07-29.dahlia",
            "2026-10-28.endive",
            "",
        ] {
            assert_eq!(Version::dated(new), Version::Endive, "{new}");
        }
    }
}
