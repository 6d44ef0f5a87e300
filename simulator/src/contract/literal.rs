//! How a value stands in SQL: text quoted, numbers bare, negative ones in parentheses.

/// The most decimals that a credit may have.
pub(super) const MOST_DECIMALS: u32 = 9;

/// A value that is spliced into SQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Literal {
    /// Of no type yet, so that PostgreSQL resolves it as it would in psql.
    Text(String),
    /// A number in its decimal form.
    Number(String),
}

impl Literal {
    /// The literal as SQL.
    pub(super) fn sql(&self) -> String {
        match self {
            // Right whatever `standard_conforming_strings` says.
            Literal::Text(text) if text.contains('\\') => {
                format!(" E'{}'", text.replace('\\', r"\\").replace('\'', "''"))
            }
            Literal::Text(text) => format!("'{}'", text.replace('\'', "''")),
            // `-$amount` with −3 must not become a comment.
            Literal::Number(number) if number.starts_with('-') => format!("({number})"),
            Literal::Number(number) => number.clone(),
        }
    }
}

/// How many decimals a credit has in the ledger. Badai counts the smallest part of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scale(pub(super) u32);

impl Scale {
    /// So many of the smallest parts, as the ledger writes them.
    pub(super) fn write(self, parts: i64) -> String {
        let digits = parts.unsigned_abs().to_string();
        let sign = if parts < 0 { "-" } else { "" };
        if self.0 == 0 {
            return format!("{sign}{digits}");
        }
        let decimals = self.0 as usize;
        let digits = format!("{digits:0>width$}", width = decimals + 1);
        let (whole, fraction) = digits.split_at(digits.len() - decimals);
        format!("{sign}{whole}.{fraction}")
    }

    /// What the ledger wrote, in smallest parts; `None` if it is no number or has more decimals
    /// than a credit. What is too large is the largest that there is.
    pub(super) fn read(self, written: &str) -> Option<i64> {
        let written = written.trim();
        let (sign, digits) = match written.strip_prefix('-') {
            Some(rest) => ("-", rest),
            None => ("", written.strip_prefix('+').unwrap_or(written)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let fraction = fraction.trim_end_matches('0');
        let decimals = self.0 as usize;
        let is_number = !(whole.is_empty() && fraction.is_empty())
            && whole
                .bytes()
                .chain(fraction.bytes())
                .all(|b| b.is_ascii_digit());
        if !is_number || fraction.len() > decimals {
            return None;
        }
        let parts = format!("{sign}{whole}{fraction:0<decimals$}").parse();
        Some(parts.unwrap_or(if sign.is_empty() { i64::MAX } else { i64::MIN }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_is_quoted_and_a_negative_number_is_in_parentheses() {
        let text = |text: &str| Literal::Text(text.to_owned()).sql();
        assert_eq!(text("it's"), "'it''s'");
        assert_eq!(text(r"a\'b"), r" E'a\\''b'");
        assert_eq!(Literal::Number("-3".to_owned()).sql(), "(-3)");
        assert_eq!(Literal::Number("3".to_owned()).sql(), "3");
    }

    #[test]
    fn decimals_are_scaled() {
        assert_eq!(Scale(3).write(1_500), "1.500");
        assert_eq!(Scale(3).write(-7), "-0.007");
        assert_eq!(Scale(0).write(i64::MIN), i64::MIN.to_string());
        assert_eq!(Scale(3).read("1.5"), Some(1_500));
        assert_eq!(Scale(3).read("-0.0070000"), Some(-7));
        assert_eq!(Scale(0).read("100.00"), Some(100));
        assert_eq!(Scale(3).read("-99999999999999999999"), Some(i64::MIN));
        for wrong in ["", ".", "-", "1.0005", "1e3", "NaN"] {
            assert_eq!(Scale(3).read(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_written_is_what_is_read(parts: i64, decimals in 0..=MOST_DECIMALS) {
            let scale = Scale(decimals);
            prop_assert_eq!(scale.read(&scale.write(parts)), Some(parts));
        }

        #[test]
        fn whatever_is_written_is_read_or_refused(written in "\\PC{0,30}", decimals in 0..=MOST_DECIMALS) {
            let _ = Scale(decimals).read(&written);
        }
    }
}
