//! Which PostgreSQL it is.

use std::fmt;

/// The oldest major version that Badai runs against.
pub const OLDEST_MAJOR: u32 = 14;

/// A PostgreSQL version, `15.13`; versions are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// 15 in `15.13`.
    pub major: u32,
    /// 13 in `15.13`; 0 for betas and release candidates.
    pub minor: u32,
}

impl Version {
    /// Reads what `postgres --version` prints: `postgres (PostgreSQL) 15.13 (Debian 15.13-0)`.
    pub(super) fn from_program(output: &str) -> Option<Self> {
        let number = output.split("(PostgreSQL) ").nth(1)?;
        let digits =
            |text: &str| -> String { text.chars().take_while(char::is_ascii_digit).collect() };
        let major = digits(number);
        let minor = number[major.len()..].strip_prefix('.').map(digits);
        Some(Self {
            major: major.parse().ok()?,
            minor: minor.and_then(|minor| minor.parse().ok()).unwrap_or(0),
        })
    }

    /// Reads the setting `server_version_num`: `150013`.
    pub(super) fn from_number(number: u32) -> Self {
        Self {
            major: number / 10_000,
            minor: number % 10_000,
        }
    }

    /// Whether Badai can use it.
    #[must_use]
    pub fn is_supported(self) -> bool {
        self.major >= OLDEST_MAJOR
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_as_programs_print_it() {
        let read = |text| Version::from_program(text).map(|version| version.to_string());
        assert_eq!(
            read("postgres (PostgreSQL) 15.13 (Debian 15.13-0+deb12u1)\n").as_deref(),
            Some("15.13")
        );
        assert_eq!(
            read("postgres (PostgreSQL) 18beta2").as_deref(),
            Some("18.0")
        );
        assert_eq!(read("mysqld 8.0"), None);
        assert_eq!(Version::from_number(140_022).to_string(), "14.22");
    }
}
