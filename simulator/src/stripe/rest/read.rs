//! What is read: one object by its id, or a page of them.

use super::api::Api;
use super::fault::ApiError;
use super::form::Params;
use super::list::{self, Page};
use crate::EventId;
use crate::stripe::object::Object;
use crate::stripe::shape::Shaped;
use crate::stripe::{Event, Version};
use serde_json::{Value, json};
use std::sync::Arc;

/// An object as JSON.
pub(super) fn value(object: &dyn Shaped, version: Version) -> Value {
    serde_json::from_slice(&object.print(version)).expect("a printed object is JSON")
}

/// An event as the API shows it: in the account's version (E8), with who hasn't answered yet (E4).
pub(super) fn event_value(api: &Api, event: &Event) -> Value {
    let body = event.body_in(Version::default(), api.outbox.pending(&event.id));
    serde_json::from_slice(&body).expect("a printed event is JSON")
}

/// Answers a GET.
pub(super) fn read(
    api: &Api,
    path: &[&str],
    params: &Params,
    version: Version,
) -> Result<Value, ApiError> {
    match path {
        [
            object @ ("customers" | "products" | "prices" | "subscriptions" | "invoices"
            | "invoice_payments" | "payment_intents" | "charges" | "refunds" | "disputes"
            | "events" | "webhook_endpoints"),
        ] => list(api, object, &format!("/v1/{object}"), params, version),
        ["checkout", "sessions"] => list(api, "sessions", "/v1/checkout/sessions", params, version),
        ["test_helpers", "test_clocks"] => {
            let url = "/v1/test_helpers/test_clocks";
            list(api, "test_clocks", url, params, version)
        }
        ["checkout", "sessions", id, "line_items"] => {
            let page = Page::read(params)?;
            params.finish()?;
            let items = line_items(api, id, version);
            let items = items.ok_or_else(|| ApiError::not_found("checkout.session", id))?;
            page.of(&format!("/v1/checkout/sessions/{id}/line_items"), items)
        }
        ["invoices", id, "lines"] => {
            let page = Page::read(params)?;
            params.finish()?;
            let invoice = api.world.invoices.get(id);
            let invoice = invoice.ok_or_else(|| ApiError::not_found("invoice", id))?;
            let lines = invoice.lines.iter().map(|line| value(line, version));
            page.of(&format!("/v1/invoices/{id}/lines"), lines.collect())
        }
        ["checkout", "sessions", id] => one(api, "checkout.session", id, params, version),
        ["test_helpers", "test_clocks", id] => one(api, "test clock", id, params, version),
        ["events", id] => {
            params.finish()?;
            let id = EventId::new(*id);
            let found = api.world.kept_events().find(|event| event.id == id);
            let found = found.ok_or_else(|| ApiError::not_found("event", id.as_str()))?;
            Ok(event_value(api, found))
        }
        [object, id] => {
            let name = match *object {
                "customers" => "customer",
                "products" => "product",
                "prices" => "price",
                "subscriptions" => "subscription",
                "invoices" => "invoice",
                "invoice_payments" => "invoice_payment",
                "payment_intents" => "payment_intent",
                "charges" => "charge",
                "refunds" => "refund",
                "disputes" => "dispute",
                "webhook_endpoints" => "webhook endpoint",
                _ => return Err(unknown(path)),
            };
            one(api, name, id, params, version)
        }
        _ => Err(unknown(path)),
    }
}

fn unknown(path: &[&str]) -> ApiError {
    ApiError::unrecognized("GET", &format!("/v1/{}", path.join("/")))
}

fn one(
    api: &Api,
    name: &str,
    id: &str,
    params: &Params,
    version: Version,
) -> Result<Value, ApiError> {
    params.finish()?;
    let found = find(api, id).filter(|object| is_a(object, name));
    found
        .map(|object| value(&object, version))
        .ok_or_else(|| ApiError::not_found(name, id))
}

fn is_a(object: &Object, name: &str) -> bool {
    let is = match object {
        Object::Customer(_) => "customer",
        Object::Product(_) => "product",
        Object::Price(_) => "price",
        Object::Session(_) => "checkout.session",
        Object::Intent(_) => "payment_intent",
        Object::Charge(_) => "charge",
        Object::Refund(_) => "refund",
        Object::Dispute(_) => "dispute",
        Object::Subscription(_) => "subscription",
        Object::Invoice(_) => "invoice",
        Object::Payment(_) => "invoice_payment",
        Object::Clock(_) => "test clock",
        Object::Endpoint(_) => "webhook endpoint",
        Object::Deleted(_) => return false,
    };
    is == name
}

/// The object of an id, of whatever type.
pub(super) fn find(api: &Api, id: &str) -> Option<Object> {
    let world = &api.world;
    let of = |prefix: &str| id.starts_with(prefix);
    if of("cus_") {
        world.customers.get(id).cloned().map(Object::Customer)
    } else if of("prod_") {
        world.products.get(id).cloned().map(Object::Product)
    } else if of("cs_") {
        world.sessions.get(id).cloned().map(Object::Session)
    } else if of("pi_") {
        world.intents.get(id).cloned().map(Object::Intent)
    } else if of("ch_") || of("py_") {
        world.charges.get(id).cloned().map(Object::Charge)
    } else if of("re_") || of("pyr_") {
        world.refunds.get(id).cloned().map(Object::Refund)
    } else if of("du_") {
        world.disputes.get(id).cloned().map(Object::Dispute)
    } else if of("sub_") {
        world
            .subscriptions
            .get(id)
            .cloned()
            .map(Object::Subscription)
    } else if of("in_") {
        world.invoices.get(id).cloned().map(Object::Invoice)
    } else if of("inpay_") {
        let all = world.invoices.newest();
        let mut all = all.filter_map(|invoice| invoice.payment.as_ref());
        all.find(|it| it.id == id).cloned().map(Object::Payment)
    } else if of("clock_") {
        world.clocks.get(id).cloned().map(Object::Clock)
    } else if of("we_") {
        world.endpoints.get(id).cloned().map(Object::Endpoint)
    } else {
        // The catalogue names its prices as it likes.
        world.prices.get(id).cloned().map(Object::Price)
    }
}

fn line_items(api: &Api, session: &str, version: Version) -> Option<Vec<Value>> {
    let session = api.world.sessions.get(session)?;
    Some(
        session
            .items
            .iter()
            .map(|item| value(item, version))
            .collect(),
    )
}

/// A page of one type, with the filters that it takes.
fn list(
    api: &Api,
    object: &str,
    url: &str,
    params: &Params,
    version: Version,
) -> Result<Value, ApiError> {
    let page = Page::read(params)?;
    if object == "events" {
        return events(api, &page, url, params);
    }
    let world = &api.world;
    let filters: &[&str] = match object {
        "customers" => &["email", "test_clock"],
        "prices" => &["product", "active", "type"],
        "products" => &["active"],
        "sessions" => &["customer", "payment_intent", "subscription", "status"],
        "subscriptions" => &["customer", "status", "price", "test_clock"],
        "invoices" => &["customer", "subscription", "status"],
        "invoice_payments" => &["invoice", "status"],
        "charges" => &["customer", "payment_intent"],
        "payment_intents" => &["customer"],
        "refunds" | "disputes" => &["charge", "payment_intent"],
        _ => &[],
    };
    let wanted: Vec<(&str, String)> = filters
        .iter()
        .filter_map(|filter| Some((*filter, params.word(&[filter])?)))
        .collect();
    let intent = params.word(&["payment", "payment_intent"]);
    if object == "invoice_payments" {
        params.ignore(&["payment"]);
    }
    params.finish()?;
    let all: Vec<Value> = match object {
        "customers" => values(world.customers.newest(), version),
        "products" => values(world.products.newest(), version),
        "prices" => values(world.prices.newest(), version),
        "sessions" => values(world.sessions.newest(), version),
        "subscriptions" => values(world.subscriptions.newest(), version),
        "invoices" => values(world.invoices.newest(), version),
        "payment_intents" => values(world.intents.newest(), version),
        "charges" => values(world.charges.newest(), version),
        "refunds" => values(world.refunds.newest(), version),
        "disputes" => values(world.disputes.newest(), version),
        "webhook_endpoints" => values(world.endpoints.newest(), version),
        "test_clocks" => values(world.clocks.newest(), version),
        _ => {
            let invoices = world.invoices.newest();
            values(invoices.filter_map(|it| it.payment.as_ref()), version)
        }
    };
    let fits = |it: &Value| {
        let subscription = &it["parent"]["subscription_details"]["subscription"];
        let fits = |(name, wanted): &(&str, String)| match *name {
            // Canceled ones are shown to whoever asks for them.
            "status" if wanted == "all" => true,
            "active" => it["active"].as_bool() == wanted.parse().ok(),
            "price" => it["items"]["data"][0]["price"]["id"] == wanted.as_str(),
            "subscription" if it["object"] == "invoice" => {
                it["subscription"] == wanted.as_str() || *subscription == wanted.as_str()
            }
            name => it[name] == wanted.as_str(),
        };
        let asked = |name: &str| wanted.iter().any(|(it, _)| *it == name);
        let hidden = object == "subscriptions" && it["status"] == "canceled" && !asked("status");
        let paid = intent
            .as_ref()
            .is_none_or(|intent| it["payment"]["payment_intent"] == intent.as_str());
        !hidden && paid && wanted.iter().all(fits)
    };
    page.of(url, all.into_iter().filter(fits).collect())
}

fn values<'a, T: Shaped + 'a>(
    all: impl Iterator<Item = &'a Arc<T>>,
    version: Version,
) -> Vec<Value> {
    all.map(|it| value(&**it, version)).collect()
}

/// At most so many types can be asked for at once (E7).
const MOST_TYPES: usize = 20;

fn events(api: &Api, page: &Page, url: &str, params: &Params) -> Result<Value, ApiError> {
    let kind = params.word(&["type"]);
    let types = params.texts("types");
    let delivered = params.flag(&["delivery_success"])?;
    params.finish()?;
    if kind.is_some() && !types.is_empty() {
        return Err(ApiError::request(
            "You may only specify one of these parameters: type, types.",
        ));
    }
    if types.len() > MOST_TYPES {
        return Err(
            ApiError::request(format!("You may specify at most {MOST_TYPES} types."))
                .about("types"),
        );
    }
    let named = |name: &str| {
        let wildcard = |kind: &String| match kind.strip_suffix('*') {
            Some(prefix) => name.starts_with(prefix),
            None => name == kind,
        };
        kind.as_ref().is_none_or(wildcard)
            && (types.is_empty() || types.iter().any(|it| it == name))
    };
    let wanted = api.world.kept_events().filter(|event| {
        let success = api.outbox.pending(&event.id) == 0;
        named(event.kind.as_str()) && delivered.is_none_or(|wanted| wanted == success)
    });
    page.of(url, wanted.map(|event| event_value(api, event)).collect())
}

/// Puts whole objects where their ids stand.
pub(super) fn expand(
    api: &Api,
    value: &mut Value,
    paths: &[String],
    version: Version,
) -> Result<(), ApiError> {
    let by_id = |id: &str| find(api, id).map(|object| self::value(&object, version));
    let also = |object: &Value, step: &str| {
        let id = object["id"].as_str()?;
        let data = match (object["object"].as_str()?, step) {
            ("checkout.session", "line_items") => line_items(api, id, version)?,
            ("charge", "refunds") => {
                let refunds = api.world.refunds.newest().filter(|it| it.charge == id);
                values(refunds, version)
            }
            _ => return None,
        };
        let url = match step {
            "line_items" => format!("/v1/checkout/sessions/{id}/line_items"),
            _ => format!("/v1/charges/{id}/refunds"),
        };
        Some(json!({"object": "list", "data": data, "has_more": false, "url": url}))
    };
    list::expand(value, paths, &by_id, &also)
}
