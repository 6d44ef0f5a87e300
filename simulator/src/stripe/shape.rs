//! An object's shape, printed once, with holes where its values go.
//!
//! Stripe's bodies are long (an invoice's event has some 5 KB) and nearly all of it never
//! changes. So a shape is pretty-printed once, and cut at its holes; an event is then the pieces
//! with values between them. A hole is a string such as `"{{amount}}"` in the shape's JSON.
//!
//! ```text
//! shapes/charge.json + overwrites → {"amount": "{{amount}}", …} → pieces → body
//! ```

use serde::Serialize;
use serde_json::{Map, Value};
use std::borrow::Cow;

/// What goes into a hole.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Filling<'a> {
    Text(Cow<'a, str>),
    Number(i64),
    Flag(bool),
    Null,
}

impl<'a> From<&'a str> for Filling<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Filling<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl From<i64> for Filling<'_> {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Filling<'_> {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl<'a> From<Option<&'a str>> for Filling<'a> {
    fn from(text: Option<&'a str>) -> Self {
        text.map_or(Self::Null, Self::from)
    }
}

/// A printed shape, cut at its holes.
#[derive(Debug)]
pub(super) struct Template {
    head: String,
    /// Each hole's name and the text that follows it.
    holes: Vec<(String, String)>,
    length: usize,
}

impl Template {
    /// Prints a shape as Stripe prints bodies: two spaces, no final newline (S10).
    pub(super) fn new(shape: &Value) -> Self {
        let printed = serde_json::to_string_pretty(shape).expect("a JSON value always prints");
        let mut pieces = printed.split("\"{{");
        let head = pieces.next().unwrap_or_default().to_owned();
        let holes = pieces
            .map(|piece| {
                let (name, after) = piece.split_once("}}\"").expect("every hole is closed");
                (name.to_owned(), after.to_owned())
            })
            .collect();
        Self {
            head,
            holes,
            length: printed.len(),
        }
    }

    /// The body, with each hole filled by what `value_of` says for its name.
    pub(super) fn fill<'a>(&self, value_of: impl Fn(&str) -> Filling<'a>) -> Vec<u8> {
        // Room for values longer than their holes' names.
        let mut body = Vec::with_capacity(self.length + 1024);
        body.extend_from_slice(self.head.as_bytes());
        for (name, after) in &self.holes {
            serde_json::to_writer(&mut body, &value_of(name)).expect("a plain value always prints");
            body.extend_from_slice(after.as_bytes());
        }
        body
    }
}

/// Reads a published shape and puts `id` and `object` first, as in Stripe's real bodies.
pub(super) fn read(published: &str) -> Map<String, Value> {
    let mut published: Map<String, Value> =
        serde_json::from_str(published).expect("the published shapes are JSON objects");
    let mut shape = Map::new();
    for first in ["id", "object"] {
        shape.extend(published.shift_remove_entry(first));
    }
    shape.extend(published);
    shape
}

/// Replaces the top-level fields that `values` names; the others stay as published.
pub(super) fn overwrite(shape: &mut Map<String, Value>, values: Value) {
    let Value::Object(values) = values else {
        panic!("a shape is overwritten by an object, not by {values}");
    };
    shape.extend(values);
}

/// Removes fields that the published shape has and Stripe's payloads lack.
pub(super) fn remove(shape: &mut Map<String, Value>, fields: &[&str]) {
    for field in fields {
        shape.shift_remove(*field);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_filled_template_is_what_serde_would_print() {
        let template =
            Template::new(&json!({"a": "{{a}}", "list": [{"b": "{{b}}"}], "z": "{{z}}"}));
        let body = template.fill(|hole| match hole {
            "a" => "a \"quoted\"\nname".into(),
            "b" => 12.into(),
            _ => Filling::Null,
        });
        let whole = json!({"a": "a \"quoted\"\nname", "list": [{"b": 12}], "z": null});
        assert_eq!(body, serde_json::to_vec_pretty(&whole).unwrap());
    }

    #[test]
    fn id_and_object_come_first() {
        let shape = read(r#"{"amount": 1, "id": "x", "object": "y"}"#);
        let keys: Vec<_> = shape.keys().collect();
        assert_eq!(keys, ["id", "object", "amount"]);
    }
}
