//! Nested parameters, as the SDKs and curl write them (H4, H5).
//!
//! ```text
//! metadata[order]=1&expand[]=customer&line_items[0][price]=price_1
//!   → metadata.order = 1, expand.0 = customer, line_items.0.price = price_1
//! ```

use super::fault::ApiError;
use crate::stripe::shape::Metadata;
use std::cell::RefCell;
use std::collections::BTreeSet;

/// Deeper than this, nobody nests.
const DEEPEST: usize = 8;

/// What a request says, in order. Whoever reads a parameter takes it; what nobody has taken in
/// the end is unknown.
#[derive(Clone, Debug, Default)]
pub(super) struct Params {
    pairs: Vec<(Vec<String>, String)>,
    taken: RefCell<BTreeSet<String>>,
}

impl Params {
    /// Reads a query or a form body.
    ///
    /// # Errors
    /// A percent sign without two hex digits, text that isn't UTF-8, brackets that don't match.
    pub(super) fn parse(text: &str) -> Result<Self, ApiError> {
        let mut pairs: Vec<(Vec<String>, String)> = Vec::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let malformed = || ApiError::request("Invalid request: malformed parameters");
            let (key, value) = (
                decode(key).ok_or_else(malformed)?,
                decode(value).ok_or_else(malformed)?,
            );
            let mut path = split(&key).ok_or_else(malformed)?;
            // `a[]` counts by itself.
            for depth in 1..path.len() {
                if path[depth].is_empty() {
                    let prefix = path[..depth].to_vec();
                    let count = pairs.iter().filter(|(other, _)| other.starts_with(&prefix));
                    path[depth] = count.count().to_string();
                }
            }
            pairs.push((path, value));
        }
        Ok(Self {
            pairs,
            taken: RefCell::default(),
        })
    }

    /// Both, as if they had come together.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.pairs.extend(other.pairs);
        self
    }

    fn take(&self, name: &str) {
        self.taken.borrow_mut().insert(name.to_owned());
    }

    /// A text; an empty one unsets, and so is `Some("")` (H5).
    pub(super) fn text(&self, place: &[&str]) -> Option<&str> {
        self.take(place[0]);
        let found = self.pairs.iter().rev();
        let mut found = found.filter(|(path, _)| path.iter().eq(place.iter().copied()));
        found.next().map(|(_, value)| value.as_str())
    }

    /// A text that isn't empty.
    pub(super) fn word(&self, place: &[&str]) -> Option<String> {
        let text = self.text(place).filter(|text| !text.is_empty());
        text.map(str::to_owned)
    }

    /// A text that must be there.
    pub(super) fn required(&self, place: &[&str]) -> Result<String, ApiError> {
        self.word(place)
            .ok_or_else(|| ApiError::missing(&name(place)))
    }

    /// A whole number.
    pub(super) fn number(&self, place: &[&str]) -> Result<Option<i64>, ApiError> {
        let Some(text) = self.text(place).filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        let number = text.parse();
        number
            .map(Some)
            .map_err(|_| ApiError::not_an_integer(&name(place), text))
    }

    /// `true` or `false`.
    pub(super) fn flag(&self, place: &[&str]) -> Result<Option<bool>, ApiError> {
        match self.text(place) {
            None | Some("") => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(other) => {
                Err(ApiError::request(format!("Invalid boolean: {other}")).about(&name(place)))
            }
        }
    }

    /// The texts of an array, in its order.
    pub(super) fn texts(&self, place: &str) -> Vec<String> {
        self.take(place);
        let found = self.pairs.iter();
        let found = found.filter(|(path, _)| path.len() == 2 && path[0] == place);
        found.map(|(_, value)| value.clone()).collect()
    }

    /// Whether there is anything at or under a place.
    pub(super) fn has(&self, place: &[&str]) -> bool {
        let mut paths = self.pairs.iter().map(|(path, _)| path);
        paths.any(|path| {
            path.len() >= place.len() && path.iter().zip(place).all(|(one, two)| one == two)
        })
    }

    /// Key and value texts under a place; empty values unset.
    pub(super) fn map(&self, place: &[&str]) -> Metadata {
        self.take(place[0]);
        let under = self.pairs.iter().filter(|(path, _)| {
            path.len() == place.len() + 1 && path.iter().zip(place).all(|(one, two)| one == two)
        });
        under
            .map(|(path, value)| (path[place.len()].clone(), value.clone()))
            .collect()
    }

    /// Takes parameters that change nothing here.
    pub(super) fn ignore(&self, names: &[&str]) {
        for name in names {
            self.take(name);
        }
    }

    /// Nobody asked for the rest.
    ///
    /// # Errors
    /// There is a rest.
    pub(super) fn finish(&self) -> Result<(), ApiError> {
        let taken = self.taken.borrow();
        let unknown = self
            .pairs
            .iter()
            .find(|(path, _)| !taken.contains(&path[0]));
        match unknown {
            Some((path, _)) => Err(ApiError::unknown_parameter(&path[0])),
            None => Ok(()),
        }
    }

    /// All of it in one text: the same for the same request.
    pub(super) fn fingerprint(&self) -> String {
        format!("{:?}", self.pairs)
    }
}

/// As Stripe writes a place: `a[b][0]`.
fn name(place: &[&str]) -> String {
    let inner = place[1..].iter().map(|part| format!("[{part}]"));
    std::iter::once(place[0].to_owned()).chain(inner).collect()
}

/// `a[b][0]` in parts.
fn split(key: &str) -> Option<Vec<String>> {
    let (first, mut rest) = key.split_at(key.find('[').unwrap_or(key.len()));
    if first.is_empty() {
        return None;
    }
    let mut path = vec![first.to_owned()];
    while !rest.is_empty() {
        let inner = rest.strip_prefix('[')?;
        let (part, after) = inner.split_once(']')?;
        path.push(part.to_owned());
        rest = after;
        if path.len() > DEEPEST {
            return None;
        }
    }
    Some(path)
}

/// Percent-encoding, and `+` for a space.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match first {
            b'+' => bytes.push(b' '),
            b'%' => {
                let hex = rest.get(..2)?;
                bytes.extend(hex::decode(hex).ok()?);
                rest = &rest[2..];
            }
            other => bytes.push(*other),
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h4_all_encodings_of_nested_parameters_say_the_same() {
        for text in [
            "a[b]=x+y&expand[]=one&expand[]=two",
            "a[b]=x%20y&expand[0]=one&expand[1]=two",
            "a%5Bb%5D=x%20y&expand%5B0%5D=one&expand%5B1%5D=two",
        ] {
            let params = Params::parse(text).unwrap();
            assert_eq!(params.text(&["a", "b"]), Some("x y"), "{text}");
            assert_eq!(params.texts("expand"), ["one", "two"], "{text}");
            assert!(params.finish().is_ok());
        }
    }

    #[test]
    fn h5_an_empty_value_is_there_and_unsets() {
        let params = Params::parse("name=&metadata[a]=").unwrap();
        assert_eq!(params.text(&["name"]), Some(""));
        assert_eq!(params.word(&["name"]), None);
        assert_eq!(params.map(&["metadata"])["a"], "");
    }

    #[test]
    fn what_nobody_asked_for_is_unknown() {
        let params = Params::parse("a=1&colour[x]=red").unwrap();
        assert_eq!(params.text(&["a"]), Some("1"));
        let error = params.finish().unwrap_err();
        assert!(error.message.contains("unknown parameter: colour"));
    }

    #[test]
    fn nonsense_is_refused() {
        let deep = "a".to_owned() + &"[b]".repeat(50) + "=1";
        for text in ["%zz=1", "a=%f", "a=%ff", "a[b=1", "[b]=1", "a]b[=1", &deep] {
            assert!(Params::parse(text).is_err(), "{text}");
        }
    }
}
