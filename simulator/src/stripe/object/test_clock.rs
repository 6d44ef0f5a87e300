//! A TestClock: a time of its own for a few customers (T1).

use crate::stripe::shape::{self, Filling, Shaped, Template};
use crate::stripe::version::Version;
use serde_json::json;
use std::sync::LazyLock;

/// What a clock is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClockStatus {
    Ready,
    /// On its way to that time (T3).
    Advancing(i64),
}

/// A clock.
#[derive(Clone, Debug)]
pub(crate) struct TestClock {
    pub(crate) id: String,
    pub(crate) name: Option<String>,
    pub(crate) frozen_time: i64,
    pub(crate) created: i64,
    pub(crate) status: ClockStatus,
}

impl Shaped for TestClock {
    fn template(&self, _: Version) -> &'static Template {
        static SHAPE: LazyLock<Template> = LazyLock::new(|| {
            let mut clock = shape::read(include_str!("shapes/test_helpers.test_clock.json"));
            shape::overwrite(
                &mut clock,
                json!({
                    "id": "{{id}}",
                    "created": "{{created}}",
                    "deletes_after": "{{deletes_after}}",
                    "frozen_time": "{{frozen_time}}",
                    "name": "{{name}}",
                    "status": "{{status}}",
                    "status_details": "{{details}}",
                }),
            );
            Template::of(clock)
        });
        &SHAPE
    }

    fn value_of(&self, hole: &str) -> Filling<'_> {
        const LIFE: i64 = 30 * 24 * 60 * 60;
        match hole {
            "id" => (&self.id).into(),
            "created" => self.created.into(),
            "deletes_after" => (self.created + LIFE).into(),
            "frozen_time" => self.frozen_time.into(),
            "name" => self.name.as_ref().into(),
            "status" => match self.status {
                ClockStatus::Ready => "ready",
                ClockStatus::Advancing(_) => "advancing",
            }
            .into(),
            "details" => match self.status {
                ClockStatus::Ready => json!({}),
                ClockStatus::Advancing(to) => json!({"advancing": {"target_frozen_time": to}}),
            }
            .into(),
            _ => panic!("a test clock has no value for hole `{hole}`"),
        }
    }
}
