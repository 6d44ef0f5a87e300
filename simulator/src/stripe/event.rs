//! An Event: a snapshot of one object, with what it means for a ledger.

pub use super::kind::EventKind;
pub use super::meaning::{Meaning, Told};
use super::object::Object;
use super::shape::{self, Filling, Shaped, Template};
use super::version::Version;
use crate::EventId;
use bytes::Bytes;
use serde_json::{Value, json};
use std::sync::{LazyLock, OnceLock};

/// Something that Stripe tells. Its id, body and `created` stay the same in every delivery (D3).
#[derive(Clone, Debug)]
pub struct Event {
    /// `evt_…`.
    pub id: EventId,
    /// Its `type`.
    pub kind: EventKind,
    /// Unix seconds of the world's clock. It orders nothing (D6).
    pub created: i64,
    /// What it says, without any JSON.
    pub meaning: Meaning,
    pub(super) snapshot: Snapshot,
    pub(super) request: Option<Request>,
    body: OnceLock<Bytes>,
}

/// What an event shows: its object as it was then (E2), and what had changed.
#[derive(Clone, Debug)]
pub(super) struct Snapshot {
    pub(super) object: Object,
    pub(super) previous: Option<Value>,
}

impl From<Object> for Snapshot {
    fn from(object: Object) -> Self {
        let previous = None;
        Self { object, previous }
    }
}

/// The API call that caused an event; Checkout and renewals have none (E3).
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) id: String,
    pub(super) idempotency_key: Option<String>,
}

impl Event {
    pub(super) fn new(
        id: EventId,
        kind: EventKind,
        created: i64,
        snapshot: Snapshot,
        request: Option<Request>,
        meaning: Meaning,
    ) -> Self {
        Self {
            id,
            kind,
            created,
            meaning,
            snapshot,
            request,
            body: OnceLock::new(),
        }
    }

    /// The JSON that is signed and sent, byte for byte. It is printed when it is first asked
    /// for: of a sale's dozen events, most endpoints hear one.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        self.printed()
    }

    /// The same, to be shared.
    pub(super) fn shared_body(&self) -> Bytes {
        self.printed().clone()
    }

    fn printed(&self) -> &Bytes {
        self.body
            .get_or_init(|| self.body_in(Version::default(), 1).into())
    }

    /// The same for an endpoint of that version (E8), while so many endpoints haven't answered
    /// yet (E4).
    pub(super) fn body_in(&self, version: Version, pending: i64) -> Vec<u8> {
        let view = View {
            event: self,
            version,
            pending,
        };
        view.print(version)
    }
}

/// An event as one version shows it.
struct View<'a> {
    event: &'a Event,
    version: Version,
    pending: i64,
}

impl Shaped for View<'_> {
    /// E1, printed as Stripe does (S10).
    fn template(&self, _: Version) -> &'static Template {
        static SHAPES: LazyLock<[Template; 2]> = LazyLock::new(|| {
            let object = json!({ "object": "{{object}}" });
            let changed = json!({ "object": "{{object}}", "previous_attributes": "{{previous}}" });
            [object, changed].map(|data| {
                let mut event = shape::read(include_str!("object/shapes/event.json"));
                shape::overwrite(
                    &mut event,
                    json!({
                        "id": "{{id}}",
                        "api_version": "{{version}}",
                        "created": "{{created}}",
                        "data": data,
                        "pending_webhooks": "{{pending}}",
                        "request": { "id": "{{request}}", "idempotency_key": "{{key}}" },
                        "type": "{{type}}",
                    }),
                );
                Template::of(event)
            })
        });
        &SHAPES[usize::from(self.event.snapshot.previous.is_some())]
    }

    fn length(&self, version: Version) -> usize {
        self.template(version).length() + self.event.snapshot.object.length(version)
    }

    fn value_of(&self, hole: &str) -> Filling<'_> {
        let event = self.event;
        match hole {
            "id" => event.id.as_str().into(),
            "version" => self.version.as_str().into(),
            "created" => event.created.into(),
            "object" => Filling::One(&event.snapshot.object),
            "previous" => event.snapshot.previous.as_ref().into(),
            "pending" => self.pending.into(),
            "request" => event.request.as_ref().map(|request| &request.id).into(),
            "key" => {
                let request = event.request.as_ref();
                request
                    .and_then(|request| request.idempotency_key.as_ref())
                    .into()
            }
            "type" => event.kind.as_str().into(),
            _ => panic!("an event has no value for hole `{hole}`"),
        }
    }
}
