//! An object's shape, printed once, with holes where its values go.
//!
//! Stripe's bodies are long (an invoice's event has some 5 KB) and nearly all of it never
//! changes. So a shape is pretty-printed once, and cut at its holes; an object is then the pieces
//! with values between them. A hole is a string such as `"{{amount}}"` in the shape's JSON.
//!
//! ```text
//! shapes/charge.json + overwrites → {"amount": "{{amount}}", …} → pieces → body
//! ```
//!
//! What goes into a hole may be shaped itself: an event holds its object, an invoice its lines.

use super::version::Version;
use crate::Currency;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// Something that is printed into a shape.
pub(super) trait Shaped {
    /// Its shape in that version.
    fn template(&self, version: Version) -> &'static Template;
    /// What stands in a hole of the shape.
    fn value_of(&self, hole: &str) -> Filling<'_>;

    /// About how long it is when it is printed, in bytes. Growing a body copies all of it.
    fn length(&self, version: Version) -> usize {
        // Room for values longer than their holes' names.
        self.template(version).length() + 1_024
    }

    /// The object as its JSON stands on its own.
    fn print(&self, version: Version) -> Vec<u8> {
        let template = self.template(version);
        let mut body = Vec::with_capacity(self.length(version));
        template.write(&mut body, 0, version, |hole| self.value_of(hole));
        body
    }
}

/// Key and value texts, as they were sent.
pub(super) type Metadata = BTreeMap<String, String>;

/// What goes into a hole.
pub(super) enum Filling<'a> {
    Text(Cow<'a, str>),
    Number(i64),
    Flag(bool),
    Null,
    /// Any JSON.
    Json(Cow<'a, Value>),
    /// A currency's code.
    Code(Currency),
    /// JSON that is always the same.
    Fixed(&'static Template),
    /// An object of texts.
    Pairs(&'a Metadata),
    /// One object.
    One(&'a dyn Shaped),
    /// An array of objects.
    Many(Vec<&'a dyn Shaped>),
}

impl<'a> From<&'a str> for Filling<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl<'a> From<&'a String> for Filling<'a> {
    fn from(text: &'a String) -> Self {
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

impl From<Value> for Filling<'_> {
    fn from(value: Value) -> Self {
        Self::Json(Cow::Owned(value))
    }
}

impl<'a> From<&'a Value> for Filling<'a> {
    fn from(value: &'a Value) -> Self {
        Self::Json(Cow::Borrowed(value))
    }
}

impl From<Currency> for Filling<'_> {
    fn from(currency: Currency) -> Self {
        Self::Code(currency)
    }
}

impl From<&'static Template> for Filling<'_> {
    fn from(fixed: &'static Template) -> Self {
        Self::Fixed(fixed)
    }
}

impl<'a> From<&'a Metadata> for Filling<'a> {
    fn from(metadata: &'a Metadata) -> Self {
        Self::Pairs(metadata)
    }
}

impl<'a, T> From<Option<T>> for Filling<'a>
where
    Filling<'a>: From<T>,
{
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Self::from)
    }
}

/// How many levels of indentation are kept printed; what stands deeper is indented each time.
const LEVELS: usize = 12;

/// A printed shape, cut at its holes.
#[derive(Debug)]
pub(super) struct Template {
    pieces: Pieces,
    length: usize,
    /// The same pieces as they stand inside other objects, two spaces a level; made when first
    /// asked for.
    inside: [OnceLock<Pieces>; LEVELS],
}

#[derive(Clone, Debug)]
struct Pieces {
    head: String,
    holes: Vec<Hole>,
}

/// A place for a value, and the text that follows it.
#[derive(Clone, Debug)]
struct Hole {
    name: String,
    /// How far its line is indented.
    indent: usize,
    after: String,
}

impl Pieces {
    /// The pieces with all lines but the first indented further.
    fn indented(&self, by: usize) -> Self {
        let deeper = format!("\n{:by$}", "");
        let mut pieces = self.clone();
        pieces.head = pieces.head.replace('\n', &deeper);
        for hole in &mut pieces.holes {
            hole.indent += by;
            hole.after = hole.after.replace('\n', &deeper);
        }
        pieces
    }
}

impl Template {
    /// Prints a shape as Stripe prints bodies: two spaces, no final newline (S10).
    pub(super) fn new(shape: &Value) -> Self {
        let printed = serde_json::to_string_pretty(shape).expect("a JSON value always prints");
        let length = printed.len();
        let mut pieces = printed.split("\"{{");
        let head = pieces.next().unwrap_or_default().to_owned();
        let mut indent = indent_at_end(&head, 0);
        let holes = pieces
            .map(|piece| {
                let (name, after) = piece.split_once("}}\"").expect("every hole is closed");
                let hole = Hole {
                    name: name.to_owned(),
                    indent,
                    after: after.to_owned(),
                };
                indent = indent_at_end(after, indent);
                hole
            })
            .collect();
        Self {
            pieces: Pieces { head, holes },
            length,
            inside: [const { OnceLock::new() }; LEVELS],
        }
    }

    /// The same of a map.
    pub(super) fn of(shape: Map<String, Value>) -> Self {
        Self::new(&Value::Object(shape))
    }

    /// How long the shape itself is, in bytes.
    pub(super) fn length(&self) -> usize {
        self.length
    }

    /// Appends the object, its lines but the first indented by `indent`.
    pub(super) fn write<'a>(
        &self,
        body: &mut Vec<u8>,
        indent: usize,
        version: Version,
        value_of: impl Fn(&str) -> Filling<'a>,
    ) {
        let pieces = match (indent, self.inside.get(indent / 2)) {
            (0, _) => Cow::Borrowed(&self.pieces),
            (_, Some(kept)) if indent.is_multiple_of(2) => {
                Cow::Borrowed(kept.get_or_init(|| self.pieces.indented(indent)))
            }
            _ => Cow::Owned(self.pieces.indented(indent)),
        };
        body.extend_from_slice(pieces.head.as_bytes());
        for hole in &pieces.holes {
            fill(body, hole.indent, version, &value_of(&hole.name));
            body.extend_from_slice(hole.after.as_bytes());
        }
    }
}

/// Appends what goes into a hole whose line is indented by `indent`.
fn fill(body: &mut Vec<u8>, indent: usize, version: Version, filling: &Filling<'_>) {
    match filling {
        Filling::Text(said) => text(body, said),
        Filling::Number(number) => json(body, number),
        Filling::Flag(flag) => json(body, flag),
        Filling::Null => body.extend_from_slice(b"null"),
        Filling::Json(value) => any(body, indent, value),
        Filling::Code(currency) => json(body, currency.code()),
        Filling::Fixed(template) => template.write(body, indent, version, |_| Filling::Null),
        Filling::Pairs(pairs) => {
            let pairs = pairs.iter();
            between(body, *b"{}", indent, pairs, |body, (key, value)| {
                json(body, key);
                body.extend_from_slice(b": ");
                json(body, value);
            });
        }
        Filling::One(object) => nested(body, *object, indent, version),
        Filling::Many(objects) => {
            between(body, *b"[]", indent, objects.iter(), |body, object| {
                nested(body, *object, indent + 2, version);
            });
        }
    }
}

/// Appends items between brackets, each on lines of its own; nothing between them if there is none.
fn between<T>(
    body: &mut Vec<u8>,
    [open, close]: [u8; 2],
    indent: usize,
    items: impl Iterator<Item = T>,
    write: impl Fn(&mut Vec<u8>, T),
) {
    body.push(open);
    let mut some = false;
    for item in items {
        body.extend_from_slice(if some { b",\n" } else { b"\n" });
        spaces(body, indent + 2);
        write(body, item);
        some = true;
    }
    if some {
        body.push(b'\n');
        spaces(body, indent);
    }
    body.push(close);
}

fn nested(body: &mut Vec<u8>, object: &dyn Shaped, indent: usize, version: Version) {
    let template = object.template(version);
    template.write(body, indent, version, |hole| object.value_of(hole));
}

/// Appends any JSON, its lines but the first indented.
fn any(body: &mut Vec<u8>, indent: usize, value: &Value) {
    match value {
        Value::Object(fields) => {
            between(body, *b"{}", indent, fields.iter(), |body, (key, value)| {
                json(body, key);
                body.extend_from_slice(b": ");
                any(body, indent + 2, value);
            });
        }
        Value::Array(items) => {
            between(body, *b"[]", indent, items.iter(), |body, item| {
                any(body, indent + 2, item);
            });
        }
        plain => json(body, plain),
    }
}

/// Appends a text. Nearly all are ids, words and addresses, which stand as they are.
fn text(body: &mut Vec<u8>, text: &str) {
    let must_escape = |byte: u8| byte < b' ' || byte == b'"' || byte == b'\\';
    // Not `any`: who looks at all bytes looks at many at once.
    if (text.bytes()).fold(false, |escapes, byte| escapes | must_escape(byte)) {
        return json(body, text);
    }
    body.reserve(text.len() + 2);
    body.push(b'"');
    body.extend_from_slice(text.as_bytes());
    body.push(b'"');
}

fn json<T: serde::Serialize + ?Sized>(body: &mut Vec<u8>, value: &T) {
    serde_json::to_writer(body, value).expect("a plain value always prints");
}

fn spaces(body: &mut Vec<u8>, count: usize) {
    body.resize(body.len() + count, b' ');
}

/// How far the last line of a text is indented; `before` if it is the line that was begun before.
fn indent_at_end(text: &str, before: usize) -> usize {
    text.rsplit_once('\n').map_or(before, |(_, line)| {
        line.bytes().take_while(|byte| *byte == b' ').count()
    })
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
    use std::sync::LazyLock;

    struct Leaf(i64);

    impl Shaped for Leaf {
        fn template(&self, _: Version) -> &'static Template {
            static LEAF: LazyLock<Template> =
                LazyLock::new(|| Template::new(&json!({"leaf": "{{n}}", "last": []})));
            &LEAF
        }
        fn value_of(&self, _: &str) -> Filling<'_> {
            self.0.into()
        }
    }

    #[test]
    fn a_filled_template_is_what_serde_would_print() {
        let holes = json!({"a": "{{a}}", "list": [{"b": "{{b}}"}], "c": {"d": "{{d}}"},
                           "e": "{{e}}", "f": "{{f}}", "g": "{{g}}", "h": ["{{h}}", "{{i}}"],
                           "j": {"k": "{{j}}"}, "l": "{{l}}", "z": "{{z}}"});
        let (one, two) = (Leaf(1), Leaf(2));
        let texts = Metadata::from([("a", "\""), ("b", "")].map(|(a, b)| (a.into(), b.into())));
        let none = Metadata::new();
        static FIXED: LazyLock<Template> =
            LazyLock::new(|| Template::new(&json!({"always": {"the": ["same"]}, "n": {}})));
        let mut body = Vec::new();
        Template::new(&holes).write(&mut body, 0, Version::default(), |hole| match hole {
            "a" => "a \"quoted\"\nname".into(),
            "b" => 12.into(),
            "d" => Filling::One(&one),
            "e" => Filling::Many(vec![&one, &two]),
            "f" => Filling::Many(Vec::new()),
            "g" => json!({"deep": {"er": [1, 2]}}).into(),
            "h" => (&texts).into(),
            "i" => (&none).into(),
            "j" => (&*FIXED).into(),
            "l" => Currency::USD.into(),
            _ => Filling::Null,
        });
        let leaf = |n: i64| json!({"leaf": n, "last": []});
        let whole = json!({"a": "a \"quoted\"\nname", "list": [{"b": 12}], "c": {"d": leaf(1)},
                           "e": [leaf(1), leaf(2)], "f": [], "g": {"deep": {"er": [1, 2]}},
                           "h": [{"a": "\"", "b": ""}, {}],
                           "j": {"k": {"always": {"the": ["same"]}, "n": {}}}, "l": "usd", "z": null});
        assert_eq!(
            String::from_utf8(body).unwrap(),
            serde_json::to_string_pretty(&whole).unwrap()
        );
    }

    #[test]
    fn id_and_object_come_first() {
        let shape = read(r#"{"amount": 1, "id": "x", "object": "y"}"#);
        let keys: Vec<_> = shape.keys().collect();
        assert_eq!(keys, ["id", "object", "amount"]);
    }
}
