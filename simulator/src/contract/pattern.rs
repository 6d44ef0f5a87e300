//! What a value in its text form is compared with.

use super::source::{Node, Read};
use std::cmp::Ordering;

/// What a value is compared with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Pattern {
    /// The value's text.
    Text(String),
    Null,
    /// No row.
    None,
    /// A bare INSERT, UPDATE or DELETE touched so many.
    Affected(u64),
    /// Less or greater than a number, or equal too.
    Compared(Ordering, bool, Number),
    /// Whatever came.
    Any,
}

impl Pattern {
    /// Reads a key of `replies`.
    pub(super) fn read(key: &str, node: &Node<'_>) -> Read<Self> {
        let compared = [
            ("<=", Ordering::Less, true),
            (">=", Ordering::Greater, true),
            ("<", Ordering::Less, false),
            (">", Ordering::Greater, false),
        ];
        for (sign, order, or_equal) in compared {
            if let Some(bound) = key.strip_prefix(sign) {
                let bound = Number::read(bound).ok_or_else(|| {
                    node.error(format!(
                        "`{key}` compares with no number; expected such as `<0`"
                    ))
                })?;
                return Ok(Pattern::Compared(order, or_equal, bound));
            }
        }
        if let Some(count) = key.strip_prefix("affected ") {
            let count = count.trim().parse();
            return count.map(Pattern::Affected).map_err(|_| {
                node.error(format!(
                    "`{key}` counts no rows; expected such as `affected 0`"
                ))
            });
        }
        Ok(match key {
            "null" => Pattern::Null,
            "none" => Pattern::None,
            "*" => Pattern::Any,
            text => Pattern::Text(text.to_owned()),
        })
    }
}

/// Whether two texts are the same; PostgreSQL writes `t` where JSON writes `true`.
pub(super) fn same(wanted: &str, value: &str) -> bool {
    let long = |text: &str| match text {
        "t" => "true".to_owned(),
        "f" => "false".to_owned(),
        other => other.to_owned(),
    };
    long(wanted) == long(value)
}

/// A decimal number, compared exactly.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Number {
    /// In billionths.
    parts: i128,
}

impl Number {
    pub(super) fn read(text: &str) -> Option<Self> {
        const DECIMALS: usize = 9;
        let text = text.trim();
        let digits = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let is_number = !(whole.is_empty() && fraction.is_empty())
            && whole
                .bytes()
                .chain(fraction.bytes())
                .all(|b| b.is_ascii_digit());
        if !is_number || whole.len() > 25 {
            return None;
        }
        let fraction: String = fraction.chars().take(DECIMALS).collect();
        let parts: i128 = format!("{whole}{fraction:0<DECIMALS$}").parse().ok()?;
        Some(Self {
            parts: if text.starts_with('-') { -parts } else { parts },
        })
    }
}
