//! A WebhookEndpoint: who is told what, in which version, signed with which secrets.

use crate::stripe::event::EventKind;
use crate::stripe::shape::{self, Filling, Metadata, Shaped, Template};
use crate::stripe::version::Version;
use serde_json::json;
use std::sync::LazyLock;

/// One endpoint.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    pub(crate) id: String,
    pub(crate) url: String,
    /// `["*"]`, or the types that it listens to (D11).
    pub(crate) enabled_events: Vec<String>,
    pub(crate) secret: String,
    /// The secret before it was rolled, and until when it still signs (S7).
    pub(crate) before_roll: Option<(String, i64)>,
    /// `None` is the account's default (D12).
    pub(crate) version: Option<Version>,
    pub(crate) description: Option<String>,
    pub(crate) metadata: Metadata,
    pub(crate) enabled: bool,
    pub(crate) created: i64,
}

impl Endpoint {
    /// Whether events of this type go to it.
    pub(crate) fn listens_to(&self, kind: EventKind) -> bool {
        let types = self.enabled_events.iter();
        self.enabled
            && types
                .clone()
                .any(|name| name == "*" || name == kind.as_str())
    }

    /// The secrets that sign at this time: one, or both while it is being rolled.
    pub(crate) fn secrets(&self, now: i64) -> Vec<&str> {
        let before = self.before_roll.as_ref();
        let before = before.filter(|(_, until)| now < *until);
        let before = before.map(|(secret, _)| secret.as_str());
        std::iter::once(self.secret.as_str())
            .chain(before)
            .collect()
    }
}

impl Shaped for Endpoint {
    fn template(&self, _: Version) -> &'static Template {
        static SHAPE: LazyLock<Template> = LazyLock::new(|| Template::of(shape()));
        &SHAPE
    }

    fn value_of(&self, hole: &str) -> Filling<'_> {
        match hole {
            "id" => (&self.id).into(),
            "api_version" => self.version.map(Version::as_str).into(),
            "created" => self.created.into(),
            "description" => self.description.as_ref().into(),
            "enabled_events" => json!(self.enabled_events).into(),
            "metadata" => (&self.metadata).into(),
            "secret" => (&self.secret).into(),
            "status" => if self.enabled { "enabled" } else { "disabled" }.into(),
            "url" => (&self.url).into(),
            _ => panic!("an endpoint has no value for hole `{hole}`"),
        }
    }
}

fn shape() -> serde_json::Map<String, serde_json::Value> {
    let mut endpoint = shape::read(include_str!("shapes/webhook_endpoint.json"));
    shape::overwrite(
        &mut endpoint,
        json!({
            "id": "{{id}}",
            "api_version": "{{api_version}}",
            "created": "{{created}}",
            "description": "{{description}}",
            "enabled_events": "{{enabled_events}}",
            "metadata": "{{metadata}}",
            "status": "{{status}}",
            "url": "{{url}}",
        }),
    );
    endpoint
}

/// An endpoint with its secret, as only the answer to its creation shows it (D12).
pub(crate) struct With<'a>(pub(crate) &'a Endpoint);

impl Shaped for With<'_> {
    fn template(&self, _: Version) -> &'static Template {
        static SHAPE: LazyLock<Template> = LazyLock::new(|| {
            let mut endpoint = shape();
            shape::overwrite(&mut endpoint, json!({ "secret": "{{secret}}" }));
            Template::of(endpoint)
        });
        &SHAPE
    }

    fn value_of(&self, hole: &str) -> Filling<'_> {
        self.0.value_of(hole)
    }
}
