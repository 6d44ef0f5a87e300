//! What is made, changed and ended through the API. Everything is read before anything is done.

use super::api::Api;
use super::fault::ApiError;
use super::form::Params;
use super::minimum;
use super::read::value;
use crate::stripe::StripeError;
use crate::stripe::Version;
use crate::stripe::event::EventKind;
use crate::stripe::moves::{NewCustomer, NewPrice, Order};
use crate::stripe::object::{
    Deleted, DisputeStatus, Endpoint, Invoice, Mode, Object, PaymentMethod, Price, Recurring,
    Subscription, With,
};
use crate::stripe::shape::Metadata;
use crate::{Currency, CustomerId, EventId, FactId, Money};
use serde_json::Value;
use std::sync::Arc;

/// A1: amounts have at most eight digits.
const LARGEST_AMOUNT: i64 = 99_999_999;

/// D12: an account has at most so many endpoints.
const MOST_ENDPOINTS: usize = 16;

pub(super) fn customer(
    api: &mut Api,
    params: &Params,
    version: Version,
) -> Result<Value, ApiError> {
    let new = NewCustomer {
        account: None,
        email: params.word(&["email"]),
        name: params.word(&["name"]),
        description: params.word(&["description"]),
        metadata: set(params.map(&["metadata"])),
        test_clock: params.word(&["test_clock"]),
    };
    params.ignore(&[
        "phone",
        "address",
        "shipping",
        "payment_method",
        "invoice_settings",
    ]);
    params.finish()?;
    let customer = api.world.new_customer(new)?;
    Ok(value(&*customer, version))
}

pub(super) fn update_customer(
    api: &mut Api,
    id: &str,
    params: &Params,
    version: Version,
) -> Result<Value, ApiError> {
    let [email, name, description] = ["email", "name", "description"].map(|it| params.text(&[it]));
    let metadata = params.map(&["metadata"]);
    params.finish()?;
    let unset = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let changed = api.world.customers.change(id, |customer| {
        if let Some(email) = email {
            customer.email = unset(email);
        }
        if let Some(name) = name {
            customer.name = unset(name);
        }
        if let Some(description) = description {
            customer.description = unset(description);
        }
        merge(&mut customer.metadata, metadata);
    });
    let customer = changed.ok_or_else(|| ApiError::not_found("customer", id))?;
    let object = Object::Customer(Arc::clone(&customer));
    api.world.mention(EventKind::CustomerUpdated, object);
    Ok(value(&*customer, version))
}

pub(super) fn delete_customer(api: &mut Api, id: &str, params: &Params) -> Result<Value, ApiError> {
    params.finish()?;
    let gone = api.world.delete_customer(&CustomerId::new(id));
    let gone = gone.map_err(|_| ApiError::not_found("customer", id))?;
    Ok(value(&gone, Version::default()))
}

pub(super) fn product(api: &mut Api, params: &Params, version: Version) -> Result<Value, ApiError> {
    let name = params.required(&["name"])?;
    let description = params.word(&["description"]);
    let metadata = set(params.map(&["metadata"]));
    params.finish()?;
    let product = api.world.new_product(name, description, metadata);
    Ok(value(&*product, version))
}

pub(super) fn price(api: &mut Api, params: &Params, version: Version) -> Result<Value, ApiError> {
    let currency = currency(&params.required(&["currency"])?, "currency")?;
    let amount = params.number(&["unit_amount"])?;
    let amount = amount.ok_or_else(|| ApiError::missing("unit_amount"))?;
    let amount = self::amount(amount, "unit_amount")?;
    let recurring = recurring(params, &["recurring", "interval"])?;
    let named = params.word(&["product_data", "name"]);
    let product = params.word(&["product"]);
    let metadata = set(params.map(&["metadata"]));
    params.finish()?;
    let product = match (product, named) {
        (Some(product), _) => product,
        (None, Some(name)) => api
            .world
            .new_product(name, None, Metadata::new())
            .id
            .clone(),
        (None, None) => return Err(ApiError::missing("product")),
    };
    let price = api.world.new_price(NewPrice {
        product,
        amount: Money::new(amount, currency),
        recurring,
        metadata,
    })?;
    Ok(value(&*price, version))
}

pub(super) fn session(api: &mut Api, params: &Params, version: Version) -> Result<Value, ApiError> {
    let mode = params.required(&["mode"])?;
    let mode = Mode::parse(&mode).ok_or_else(|| {
        ApiError::request(format!(
            "Invalid mode: must be one of payment, setup, or subscription (was {mode})"
        ))
        .about("mode")
    })?;
    let mut order = Order::new(mode);
    order.client_reference = params.word(&["client_reference_id"]);
    order.customer = params.word(&["customer"]).map(CustomerId::new);
    order.creates_customer = params.word(&["customer_creation"]).as_deref() == Some("always");
    order.email = params.word(&["customer_email"]);
    order.metadata = set(params.map(&["metadata"]));
    order.intent_metadata = set(params.map(&["payment_intent_data", "metadata"]));
    order.subscription_metadata = set(params.map(&["subscription_data", "metadata"]));
    order.trial_days = params
        .number(&["subscription_data", "trial_period_days"])?
        .unwrap_or(0);
    order.success_url = params.word(&["success_url"]);
    order.cancel_url = params.word(&["cancel_url"]);
    order.expires_at = params.number(&["expires_at"])?;
    // C10: under either name.
    let methods = params.texts("payment_method_types");
    let methods = [methods, params.texts("allowed_payment_method_types")].concat();
    if methods
        .first()
        .is_some_and(|method| method == "us_bank_account")
    {
        order.method = PaymentMethod::BankDebit;
    }
    params.ignore(&[
        "ui_mode",
        "locale",
        "billing_address_collection",
        "return_url",
    ]);
    let items = line_items(params)?;
    params.finish()?;
    if mode != Mode::Setup && items.is_empty() {
        return Err(ApiError::missing("line_items"));
    }
    if let Some(at) = order.expires_at {
        let left = at - api.world.now();
        if !(30 * 60..=24 * 60 * 60 + 60).contains(&left) {
            return Err(ApiError::request(
                "The `expires_at` timestamp must be between 30 minutes and 24 hours from now.",
            )
            .about("expires_at"));
        }
    }
    for item in items {
        let (price, quantity) = item.price(api)?;
        let plan = price.recurring.is_some();
        if plan != (mode == Mode::Subscription) {
            return Err(match plan {
                true => StripeError::NotAPack(price.id.clone()),
                false => StripeError::NotAPlan(price.id.clone()),
            }
            .into());
        }
        order.items.push((price, quantity));
    }
    if mode == Mode::Payment
        && let Some((first, _)) = order.items.first()
    {
        let each = order.items.iter();
        let each = each.map(|(price, quantity)| price.amount.minor().saturating_mul(*quantity));
        let total = each.fold(0, i64::saturating_add);
        minimum::is_enough(Money::new(total, first.amount.currency()))?;
    }
    let session = api.world.open_session(order)?;
    Ok(value(&*session, version))
}

/// One line of a new session: a price, or what makes one.
struct LineItem {
    place: String,
    price: Option<String>,
    made: Option<(String, NewPrice)>,
    quantity: i64,
}

impl LineItem {
    fn price(self, api: &mut Api) -> Result<(Arc<Price>, i64), ApiError> {
        let place = format!("line_items[{}][price]", self.place);
        let price = match (self.price, self.made) {
            (Some(id), _) => {
                let found = api.world.prices.get(&id).cloned();
                found.ok_or_else(|| ApiError::no_such("price", &id, &place))?
            }
            (None, Some((name, mut new))) => {
                if !name.is_empty() {
                    let product = api.world.new_product(name, None, Metadata::new());
                    new.product.clone_from(&product.id);
                }
                api.world.new_price(new)?
            }
            (None, None) => return Err(ApiError::missing(&place)),
        };
        Ok((price, self.quantity))
    }
}

fn line_items(params: &Params) -> Result<Vec<LineItem>, ApiError> {
    let mut items = Vec::new();
    params.ignore(&["line_items"]);
    for number in 0..100 {
        let place = number.to_string();
        let at = |rest: &[&'static str]| {
            let mut path = vec!["line_items".to_owned(), place.clone()];
            path.extend(rest.iter().map(|part| (*part).to_owned()));
            path
        };
        let text = |rest: &[&'static str]| {
            let path = at(rest);
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            params.word(&path)
        };
        let number_at = |rest: &[&'static str]| {
            let path = at(rest);
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            params.number(&path)
        };
        if !params.has(&["line_items", &place]) {
            break;
        }
        let quantity = number_at(&["quantity"])?.unwrap_or(1);
        if quantity < 1 {
            let param = format!("line_items[{place}][quantity]");
            return Err(ApiError::not_an_integer(&param, &quantity.to_string()));
        }
        let made = match number_at(&["price_data", "unit_amount"])? {
            None => None,
            Some(minor) => {
                let param = format!("line_items[{place}][price_data][currency]");
                let code = text(&["price_data", "currency"]);
                let code = code.ok_or_else(|| ApiError::missing(&param))?;
                let every = text(&["price_data", "recurring", "interval"]);
                let new = NewPrice {
                    product: text(&["price_data", "product"]).unwrap_or_default(),
                    amount: Money::new(amount(minor, "unit_amount")?, currency(&code, &param)?),
                    recurring: every.as_deref().and_then(Recurring::parse),
                    metadata: Metadata::new(),
                };
                let name = text(&["price_data", "product_data", "name"]);
                Some((name.unwrap_or_default(), new))
            }
        };
        items.push(LineItem {
            price: text(&["price"]),
            place,
            made,
            quantity,
        });
    }
    Ok(items)
}

pub(super) fn expire(
    api: &mut Api,
    id: &str,
    params: &Params,
    version: Version,
) -> Result<Value, ApiError> {
    params.finish()?;
    match api.world.expire_session(&FactId::new(id)) {
        Ok(_) => {}
        Err(StripeError::NoSuchSale(_)) => {
            return Err(ApiError::not_found("checkout.session", id));
        }
        Err(other) => return Err(other.into()),
    }
    let session = api.world.sessions.get(id);
    let session = session.ok_or_else(|| ApiError::not_found("checkout.session", id))?;
    Ok(value(&**session, version))
}

pub(super) fn subscription(
    api: &mut Api,
    params: &Params,
    version: Version,
) -> Result<Value, ApiError> {
    let customer = CustomerId::new(params.required(&["customer"])?);
    let price = params.word(&["items", "0", "price"]);
    let price = price.ok_or_else(|| ApiError::missing("items[0][price]"))?;
    let quantity = params.number(&["items", "0", "quantity"])?.unwrap_or(1);
    let trial = params.number(&["trial_period_days"])?.unwrap_or(0);
    let metadata = set(params.map(&["metadata"]));
    let behavior = params.word(&["payment_behavior"]);
    params.ignore(&[
        "default_payment_method",
        "collection_method",
        "payment_settings",
    ]);
    params.finish()?;
    if !(0..=730).contains(&trial) {
        return Err(
            ApiError::request("Invalid trial_period_days: at most 730").about("trial_period_days")
        );
    }
    let found = api.world.prices.get(&price).cloned();
    let found = found.ok_or_else(|| ApiError::no_such("price", &price, "items[0][price]"))?;
    if found.recurring.is_none() {
        return Err(StripeError::NotAPlan(price).into());
    }
    let world = &mut api.world;
    let declines = world.customers.get(customer.as_str());
    let declines = declines.is_some_and(|customer| customer.declines);
    if declines && trial == 0 && behavior.as_deref() == Some("error_if_incomplete") {
        return Err(ApiError::declined(None, None));
    }
    let begun = world.new_subscription(&customer, found, quantity.max(1), trial, metadata)?;
    Ok(value(&*begun, version))
}

pub(super) fn update_subscription(
    api: &mut Api,
    id: &str,
    params: &Params,
    version: Version,
) -> Result<Value, ApiError> {
    let will_end = params.flag(&["cancel_at_period_end"])?;
    let price = params.word(&["items", "0", "price"]);
    params.word(&["items", "0", "id"]);
    let at_once = params.word(&["proration_behavior"]).as_deref() == Some("always_invoice");
    let metadata = params.map(&["metadata"]);
    params.finish()?;
    find_subscription(api, id)?;
    if let Some(will_end) = will_end {
        api.world.cancel_at_period_end(id, will_end)?;
    }
    if let Some(price) = price {
        api.world.change_plan(id, &price, at_once)?;
    }
    let changed = api
        .world
        .subscriptions
        .change(id, |it| merge(&mut it.metadata, metadata));
    let changed = changed.ok_or_else(|| ApiError::not_found("subscription", id))?;
    Ok(value(&*changed, version))
}

pub(super) fn cancel(
    api: &mut Api,
    id: &str,
    params: &Params,
    version: Version,
) -> Result<Value, ApiError> {
    params.ignore(&["invoice_now", "prorate", "cancellation_details"]);
    params.finish()?;
    find_subscription(api, id)?;
    match api.world.cancel(id) {
        Ok(_) => {}
        Err(StripeError::Ended(_)) => return Err(ApiError::not_found("subscription", id)),
        Err(other) => return Err(other.into()),
    }
    Ok(value(&*find_subscription(api, id)?, version))
}

fn find_subscription(api: &Api, id: &str) -> Result<Arc<Subscription>, ApiError> {
    let found = api.world.subscriptions.get(id).cloned();
    found.ok_or_else(|| ApiError::not_found("subscription", id))
}

pub(super) fn pay(
    api: &mut Api,
    id: &str,
    params: &Params,
    version: Version,
) -> Result<Value, ApiError> {
    let out_of_band = params.flag(&["paid_out_of_band"])?.unwrap_or(false);
    params.ignore(&["payment_method", "off_session", "source"]);
    params.finish()?;
    let invoice = FactId::new(id);
    let find = |api: &Api| -> Result<Arc<Invoice>, ApiError> {
        let found = api.world.invoices.get(id).cloned();
        found.ok_or_else(|| ApiError::not_found("invoice", id))
    };
    find(api)?;
    if out_of_band {
        api.world.pay_out_of_band(&invoice)?;
    } else {
        api.world.retry_payment(&invoice)?;
    }
    let after = find(api)?;
    if after.paid.is_none() {
        let charge = api.world.paid_by.get(&invoice).cloned();
        let intent = after.payment.as_ref().map(|it| it.payment_intent.clone());
        return Err(ApiError::declined(charge, intent));
    }
    Ok(value(&*after, version))
}

pub(super) fn refund(api: &mut Api, params: &Params, version: Version) -> Result<Value, ApiError> {
    let charge = params.word(&["charge"]);
    let intent = params.word(&["payment_intent"]);
    let amount = params.number(&["amount"])?;
    let reason = params.word(&["reason"]);
    let metadata = set(params.map(&["metadata"]));
    params.finish()?;
    let charge = match (charge, intent) {
        (Some(charge), _) => charge,
        (None, Some(intent)) => {
            let found = api.world.intents.get(&intent);
            let found =
                found.ok_or_else(|| ApiError::no_such("payment_intent", &intent, "payment_intent"));
            found?.latest_charge.clone().ok_or_else(|| {
                ApiError::request(format!(
                    "This PaymentIntent ({intent}) does not have a successful charge to refund."
                ))
            })?
        }
        (None, None) => {
            return Err(ApiError::request(
                "One of the following params should be provided for this request: \
                 payment_intent or charge.",
            ));
        }
    };
    let found = api.world.charges.get(&charge);
    let found = found.ok_or_else(|| ApiError::no_such("charge", &charge, "charge"))?;
    let amount = amount.unwrap_or_else(|| found.left().max(1));
    let (refund, _) = api.world.refund_charge(&charge, amount, reason, metadata)?;
    Ok(value(&*refund, version))
}

fn sale_of_dispute(api: &Api, id: &str) -> Result<FactId, ApiError> {
    let dispute = api.world.disputes.get(id);
    let dispute = dispute.ok_or_else(|| ApiError::not_found("dispute", id))?;
    Ok(dispute.sale.clone())
}

fn dispute(api: &Api, id: &str, version: Version) -> Result<Value, ApiError> {
    let dispute = api.world.disputes.get(id);
    let dispute = dispute.ok_or_else(|| ApiError::not_found("dispute", id))?;
    Ok(value(&**dispute, version))
}

pub(super) fn evidence(
    api: &mut Api,
    id: &str,
    params: &Params,
    version: Version,
) -> Result<Value, ApiError> {
    params.ignore(&["evidence", "metadata"]);
    let submit = params.flag(&["submit"])?.unwrap_or(true);
    params.finish()?;
    let sale = sale_of_dispute(api, id)?;
    if submit {
        api.world.submit_evidence(&sale)?;
    }
    dispute(api, id, version)
}

pub(super) fn give_in(
    api: &mut Api,
    id: &str,
    params: &Params,
    version: Version,
) -> Result<Value, ApiError> {
    params.finish()?;
    let sale = sale_of_dispute(api, id)?;
    let status = api.world.disputes.get(id).map(|it| it.status);
    if status.is_some_and(DisputeStatus::is_closed) {
        return Err(ApiError::request("This dispute is already closed."));
    }
    api.world.close_dispute(&sale, false)?;
    dispute(api, id, version)
}

pub(super) fn resend(api: &mut Api, id: &str, params: &Params) -> Result<Value, ApiError> {
    let endpoint = params.word(&["webhook_endpoint"]);
    params.ignore(&["account"]);
    params.finish()?;
    let id = EventId::new(id);
    let found = api
        .world
        .kept_events()
        .find(|event| event.id == id)
        .cloned();
    let event = found.ok_or_else(|| ApiError::not_found("event", id.as_str()))?;
    if let Some(endpoint) = &endpoint
        && api.world.endpoints.get(endpoint).is_none()
    {
        return Err(ApiError::no_such(
            "webhook endpoint",
            endpoint,
            "webhook_endpoint",
        ));
    }
    api.outbox.resend(&api.world, &event, endpoint.as_deref());
    Ok(super::read::event_value(api, &event))
}

pub(super) fn endpoint(api: &mut Api, params: &Params) -> Result<Value, ApiError> {
    let url = params.required(&["url"])?;
    let enabled_events = params.texts("enabled_events");
    let version = params.word(&["api_version"]);
    let description = params.word(&["description"]);
    let metadata = set(params.map(&["metadata"]));
    params.finish()?;
    if enabled_events.is_empty() {
        return Err(ApiError::missing("enabled_events"));
    }
    if !url.starts_with("http://") && !url.starts_with("https://") {
        return Err(
            ApiError::request("Invalid URL: an explicit scheme must be provided").about("url"),
        );
    }
    if api.world.endpoints.len() >= MOST_ENDPOINTS {
        return Err(StripeError::TooManyEndpoints.into());
    }
    let ids = &mut api.world.ids;
    let endpoint = Endpoint {
        id: ids.long("we_", '1'),
        url,
        enabled_events,
        secret: ids.secret(),
        before_roll: None,
        version: version.as_deref().map(Version::dated),
        description,
        metadata,
        enabled: true,
        created: api.world.now(),
    };
    let endpoint = api.world.endpoints.put(&endpoint.id.clone(), endpoint);
    Ok(value(&With(&endpoint), Version::default()))
}

pub(super) fn update_endpoint(
    api: &mut Api,
    id: &str,
    params: &Params,
    version: Version,
) -> Result<Value, ApiError> {
    let disabled = params.flag(&["disabled"])?;
    let url = params.word(&["url"]);
    let enabled_events = params.texts("enabled_events");
    let metadata = params.map(&["metadata"]);
    params.finish()?;
    let changed = api.world.endpoints.change(id, |endpoint| {
        if let Some(disabled) = disabled {
            endpoint.enabled = !disabled;
        }
        if let Some(url) = url {
            endpoint.url = url;
        }
        if !enabled_events.is_empty() {
            endpoint.enabled_events = enabled_events;
        }
        merge(&mut endpoint.metadata, metadata);
    });
    let endpoint = changed.ok_or_else(|| ApiError::not_found("webhook endpoint", id))?;
    Ok(value(&*endpoint, version))
}

pub(super) fn delete_endpoint(api: &mut Api, id: &str, params: &Params) -> Result<Value, ApiError> {
    params.finish()?;
    let gone = api.world.endpoints.remove(id);
    gone.ok_or_else(|| ApiError::not_found("webhook endpoint", id))?;
    let deleted = Deleted {
        id: id.to_owned(),
        object: "webhook_endpoint",
    };
    Ok(value(&deleted, Version::default()))
}

pub(super) fn clock(api: &mut Api, params: &Params, version: Version) -> Result<Value, ApiError> {
    let frozen = params.number(&["frozen_time"])?;
    let frozen = frozen.ok_or_else(|| ApiError::missing("frozen_time"))?;
    let name = params.word(&["name"]);
    params.finish()?;
    if !(0..=100_000_000_000).contains(&frozen) {
        return Err(ApiError::not_an_integer("frozen_time", &frozen.to_string()));
    }
    Ok(value(&*api.world.new_clock(frozen, name), version))
}

pub(super) fn advance(
    api: &mut Api,
    id: &str,
    params: &Params,
    version: Version,
) -> Result<Value, ApiError> {
    let to = params.number(&["frozen_time"])?;
    let to = to.ok_or_else(|| ApiError::missing("frozen_time"))?;
    params.finish()?;
    if api.world.clocks.get(id).is_none() {
        return Err(ApiError::not_found("test clock", id));
    }
    Ok(value(&*api.world.advance_clock(id, to)?, version))
}

pub(super) fn delete_clock(api: &mut Api, id: &str, params: &Params) -> Result<Value, ApiError> {
    params.finish()?;
    let gone = api.world.delete_clock(id);
    let gone = gone.map_err(|_| ApiError::not_found("test clock", id))?;
    Ok(value(&gone, Version::default()))
}

/// Metadata as it is set at first: what is empty isn't there.
fn set(mut metadata: Metadata) -> Metadata {
    metadata.retain(|_, value| !value.is_empty());
    metadata
}

/// What comes replaces what was; what comes empty unsets it (H5).
fn merge(metadata: &mut Metadata, new: Metadata) {
    metadata.extend(new);
    metadata.retain(|_, value| !value.is_empty());
}

fn currency(code: &str, param: &str) -> Result<Currency, ApiError> {
    Currency::parse(&code.to_ascii_lowercase())
        .map_err(|_| ApiError::request(format!("Invalid currency: {code}")).about(param))
}

fn amount(minor: i64, param: &str) -> Result<i64, ApiError> {
    match minor {
        0..=LARGEST_AMOUNT => Ok(minor),
        ..0 => Err(ApiError::request("Invalid non-negative integer").about(param)),
        _ => Err(ApiError::from(StripeError::TooLarge).about(param)),
    }
}

fn recurring(params: &Params, place: &[&str]) -> Result<Option<Recurring>, ApiError> {
    let Some(name) = params.word(place) else {
        return Ok(None);
    };
    let found = Recurring::parse(&name);
    found.map(Some).ok_or_else(|| {
        ApiError::request(format!(
            "Invalid recurring[interval]: must be one of day, week, month, or year (was {name})"
        ))
        .about("recurring[interval]")
    })
}
