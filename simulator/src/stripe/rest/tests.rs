//! The API, asked as SDKs ask.

use super::*;
use crate::stripe::tests::{NOW, world};
use serde_json::Value;

fn api() -> Api {
    Api::new(world())
}

fn request(method: &str, path: &str, said: &str, headers: &[(&str, &str)]) -> ApiRequest {
    let mut all = vec![("Authorization".to_owned(), "Bearer sk_test_abc".to_owned())];
    for (name, value) in headers {
        all.retain(|(other, _)| other != name);
        all.push(((*name).to_owned(), (*value).to_owned()));
    }
    let posts = method == "POST";
    ApiRequest {
        method: method.to_owned(),
        path: path.to_owned(),
        query: if posts {
            String::new()
        } else {
            said.to_owned()
        },
        headers: all,
        body: if posts {
            said.as_bytes().to_vec()
        } else {
            Vec::new()
        },
    }
}

fn ask(api: &mut Api, method: &str, path: &str, said: &str) -> (u16, Value) {
    let answer = api.answer(&request(method, path, said, &[])).unwrap();
    (answer.status, serde_json::from_slice(&answer.body).unwrap())
}

#[test]
fn h1_a_key_comes_as_bearer_or_basic_and_live_ones_are_refused() {
    let mut api = api();
    let mut status = |value: &str| {
        let asked = request("GET", "/v1/customers", "", &[("Authorization", value)]);
        let answer = api.answer(&asked).unwrap();
        (answer.status, String::from_utf8(answer.body).unwrap())
    };
    assert_eq!(status("Bearer sk_test_abc").0, 200);
    assert_eq!(status("Basic c2tfdGVzdF9hYmM6").0, 200, "sk_test_abc:");
    for wrong in [
        "Bearer sk_live_abcdefgh",
        "Bearer nonsense",
        "Bearer ✂✂✂✂✂",
        "Basic ???",
    ] {
        let (status, said) = status(wrong);
        assert_eq!(status, 401, "{wrong}");
        assert!(said.contains("invalid_request_error"));
    }
    assert!(
        status("Bearer sk_live_abcdefgh")
            .1
            .contains("sk_live_****efgh")
    );
    assert!(status("").1.contains("You did not provide an API key"));
}

#[test]
fn h10_h11_h12_h13_keys_are_kept_for_what_was_done() {
    let mut api = api();
    let keyed = |api: &mut Api, said: &str| {
        let asked = request("POST", "/v1/customers", said, &[("Idempotency-Key", "k")]);
        let answer = api.answer(&asked).unwrap();
        let id: Value = serde_json::from_slice(&answer.body).unwrap();
        (answer, id["id"].clone())
    };
    // Not kept: a validation that failed before anything was done.
    assert_eq!(keyed(&mut api, "colour=red").0.status, 400);
    let (first, id) = keyed(&mut api, "name=one");
    let (again, same) = keyed(&mut api, "name=one");
    assert_eq!(id, same);
    assert_eq!(again.header("Idempotent-Replayed"), Some("true"));
    assert_eq!(again.header("Idempotency-Key"), Some("k"));
    assert_eq!(again.header("Original-Request"), first.header("Request-Id"));
    assert_ne!(again.header("Request-Id"), first.header("Request-Id"));
    let (other, _) = keyed(&mut api, "name=two");
    let error: Value = serde_json::from_slice(&other.body).unwrap();
    assert_eq!(
        (other.status, &error["error"]["type"]),
        (400, &"idempotency_error".into())
    );
    assert!(error["error"].get("code").is_none());
    api.world.advance_to(NOW + 86_400);
    assert_ne!(keyed(&mut api, "name=two").1, id, "kept for a day");

    let asked = request("POST", "/v1/customers", "", &[("Idempotency-Key", "busy")]);
    let Step::Taken(ticket) = api.begin(&asked) else {
        panic!("not taken")
    };
    let busy = api.answer(&asked).unwrap();
    let error: Value = serde_json::from_slice(&busy.body).unwrap();
    assert_eq!(
        (busy.status, &error["error"]["code"]),
        (409, &"idempotency_key_in_use".into())
    );
    let before = api.world.customers.len();
    let done = api.finish(ticket).unwrap();
    assert_eq!(done.status, 200);
    assert_eq!(api.world.customers.len(), before + 1);
    assert_eq!(api.answer(&asked).unwrap().body, done.body, "executed once");
}

#[test]
fn h10_a_500_after_the_work_is_kept_and_one_before_it_is_not() {
    for (failure, replays) in [(Failure::ErrorAfter, true), (Failure::ErrorBefore, false)] {
        let mut api = api();
        api.fail_next(failure);
        let asked = request("POST", "/v1/customers", "", &[("Idempotency-Key", "k")]);
        assert_eq!(api.answer(&asked).unwrap().status, 500);
        let again = api.answer(&asked).unwrap();
        assert_eq!(again.status == 500, replays, "{failure:?}");
        assert_eq!(api.world.customers.len(), 1);
    }
}

#[test]
fn h15_errors_have_stripes_shape_and_every_answer_its_headers() {
    let mut api = api();
    let answer = api
        .answer(&request("GET", "/v1/products/prod_x", "", &[]))
        .unwrap();
    assert_eq!(answer.status, 404);
    assert!(answer.header("Request-Id").unwrap().starts_with("req_"));
    assert_eq!(answer.header("Request-Id").unwrap().len(), 4 + 14);
    assert!(answer.header("Stripe-Version").is_some());
    let error: Value = serde_json::from_slice(&answer.body).unwrap();
    let error = &error["error"];
    assert_eq!(error["message"], "No such product: 'prod_x'");
    assert_eq!(error["param"], "id");
    assert_eq!(error["type"], "invalid_request_error");
    assert!(
        error["doc_url"]
            .as_str()
            .unwrap()
            .ends_with("/error-codes/resource-missing")
    );
}

#[test]
fn the_error_table_is_answered_as_it_stands() {
    let mut api = api();
    for (method, path, said, status, code) in [
        (
            "POST",
            "/v1/customers",
            "colour=red",
            400,
            Some("parameter_unknown"),
        ),
        ("POST", "/v1/products", "", 400, Some("parameter_missing")),
        (
            "POST",
            "/v1/test_helpers/test_clocks",
            "frozen_time=x",
            400,
            Some("parameter_invalid_integer"),
        ),
        (
            "POST",
            "/v1/refunds",
            "charge=ch_x",
            400,
            Some("resource_missing"),
        ),
        (
            "POST",
            "/v1/subscriptions",
            "customer=cus_x&items[0][price]=price_plan",
            400,
            Some("resource_missing"),
        ),
        (
            "GET",
            "/v1/customers/cus_x",
            "",
            404,
            Some("resource_missing"),
        ),
        ("GET", "/v1/nothing", "", 404, None),
        ("DELETE", "/v1/charges/ch_x", "", 404, None),
        (
            "POST",
            "/v1/checkout/sessions",
            "mode=payment",
            400,
            Some("parameter_missing"),
        ),
        (
            "POST",
            "/v1/checkout/sessions",
            "mode=payment&line_items[0][price]=price_plan",
            400,
            None,
        ),
    ] {
        let (got, body) = ask(&mut api, method, path, said);
        assert_eq!(got, status, "{method} {path}: {body}");
        assert_eq!(
            body["error"]["code"].as_str(),
            code,
            "{method} {path}: {body}"
        );
    }
    let (_, body) = ask(&mut api, "GET", "/v1/nothing", "");
    let message = body["error"]["message"].as_str().unwrap();
    assert!(
        message.starts_with("Unrecognized request URL (GET: /v1/nothing)."),
        "{message}"
    );
    for (failure, status, code) in [
        (Failure::RateLimited, 429, Some("rate_limit")),
        (Failure::LockTimeout, 429, Some("lock_timeout")),
        (Failure::Dependency, 424, None),
        (Failure::KeyInUse, 409, Some("idempotency_key_in_use")),
        (Failure::ErrorBefore, 500, None),
    ] {
        api.fail_next(failure);
        let (got, body) = ask(&mut api, "POST", "/v1/customers", "");
        assert_eq!(
            (got, body["error"]["code"].as_str()),
            (status, code),
            "{failure:?}"
        );
    }
}

#[test]
fn a_trap_strikes_the_call_that_it_is_laid_for_and_no_other() {
    let mut api = api();
    let (_, made) = ask(&mut api, "POST", "/v1/customers", "");
    let path = format!("/v1/customers/{}", made["id"].as_str().unwrap());
    api.lay_trap(Failure::RateLimited, 1);
    let told: Vec<u16> = (0..3).map(|_| ask(&mut api, "GET", &path, "").0).collect();
    assert_eq!(told, [200, 429, 200]);
    assert_eq!(api.lift_trap().as_deref(), Some("GET /v1/customers/…"));
    assert_eq!(api.lift_trap(), None);
    // A key is in use only where there is one.
    api.lay_trap(Failure::KeyInUse, 0);
    assert_eq!(ask(&mut api, "GET", &path, "").0, 200);
    assert_eq!(ask(&mut api, "POST", "/v1/customers", "").0, 200);
    let keyed = request("POST", "/v1/customers", "", &[("Idempotency-Key", "k")]);
    assert_eq!(api.answer(&keyed).unwrap().status, 409);
    assert_eq!(api.lift_trap().as_deref(), Some("POST /v1/customers"));
}

#[test]
fn n3_n6_only_a_lock_timeout_asks_for_a_retry_and_most_500s_ask_for_none() {
    for (failure, should) in [
        (Failure::LockTimeout, Some("true")),
        (Failure::RateLimited, None),
        (Failure::ErrorAfter, Some("false")),
    ] {
        let mut api = api();
        api.fail_next(failure);
        let answer = api
            .answer(&request("POST", "/v1/customers", "", &[]))
            .unwrap();
        assert_eq!(answer.header("Stripe-Should-Retry"), should, "{failure:?}");
        assert!(answer.header("Retry-After").is_none());
    }
}

#[test]
fn e7_events_are_listed_by_type_or_types() {
    let mut api = api();
    let card = crate::stripe::PaymentMethod::Card;
    let account = crate::AccountId::new("a");
    api.world
        .checkout(&account, None, "price_pack", card)
        .unwrap();
    let mut types = |said: &str| {
        let (status, body) = ask(&mut api, "GET", "/v1/events", said);
        let data = body["data"].as_array().cloned().unwrap_or_default();
        let types = data
            .iter()
            .map(|it| it["type"].as_str().unwrap().to_owned());
        (status, types.collect::<Vec<_>>())
    };
    assert_eq!(
        types("type=charge.*").1,
        ["charge.updated", "charge.succeeded"]
    );
    assert_eq!(types("types[]=charge.updated").1, ["charge.updated"]);
    assert_eq!(types("type=a&types[]=b").0, 400);
    let many: Vec<_> = (0..21).map(|n| format!("types[]=t{n}")).collect();
    assert_eq!(types(&many.join("&")).0, 400);
}

#[test]
fn d12_an_account_has_sixteen_endpoints_and_their_secrets_are_shown_once() {
    let mut api = api();
    let form = "url=http://127.0.0.1:9/&enabled_events[]=*";
    for _ in 0..16 {
        let (status, made) = ask(&mut api, "POST", "/v1/webhook_endpoints", form);
        assert_eq!(status, 200);
        assert_eq!(made["secret"].as_str().unwrap().len(), 6 + 32);
        let path = format!("/v1/webhook_endpoints/{}", made["id"].as_str().unwrap());
        assert!(ask(&mut api, "GET", &path, "").1.get("secret").is_none());
    }
    assert_eq!(ask(&mut api, "POST", "/v1/webhook_endpoints", form).0, 400);
}

#[test]
fn c11_a_payment_finds_its_session() {
    let mut api = api();
    let form = "mode=payment&line_items[0][price]=price_pack";
    let (_, open) = ask(&mut api, "POST", "/v1/checkout/sessions", form);
    let id = open["id"].as_str().unwrap().to_owned();
    ask(
        &mut api,
        "POST",
        "/_badai/moves/pay",
        &format!("session={id}"),
    );
    let (_, paid) = ask(&mut api, "GET", &format!("/v1/checkout/sessions/{id}"), "");
    let by = format!(
        "payment_intent={}",
        paid["payment_intent"].as_str().unwrap()
    );
    let (_, found) = ask(&mut api, "GET", "/v1/checkout/sessions", &by);
    assert_eq!(found["data"][0]["id"], id);
}

#[test]
fn a6_what_is_below_the_minimum_is_refused() {
    let mut api = api();
    let mut pays = |minor: i64, currency: &str| {
        let form = format!(
            "mode=payment&line_items[0][price_data][unit_amount]={minor}\
             &line_items[0][price_data][currency]={currency}\
             &line_items[0][price_data][product_data][name]=a"
        );
        let (status, body) = ask(&mut api, "POST", "/v1/checkout/sessions", &form);
        (status, body["error"]["code"].as_str().map(str::to_owned))
    };
    let too_small = (400, Some("amount_too_small".to_owned()));
    for (currency, least) in [
        ("usd", 50),
        ("eur", 50),
        ("gbp", 30),
        ("jpy", 50),
        ("hkd", 400),
        ("mxn", 1_000),
        ("huf", 17_500),
    ] {
        assert_eq!(pays(least - 1, currency), too_small, "{currency}");
        assert_eq!(pays(least, currency), (200, None), "{currency}");
    }
    // The rupiah has no figure.
    assert_eq!(pays(100, "idr"), (200, None));
}

#[test]
fn h3_what_sdks_say_of_themselves_is_taken() {
    let mut api = api();
    for (name, value) in [
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("User-Agent", "Stripe/v1 NodeBindings/23.1.0"),
        ("X-Stripe-Client-User-Agent", "{\"lang\": \"node\"}"),
        (
            "X-Stripe-Client-Telemetry",
            "{\"last_request_metrics\": {}}",
        ),
    ] {
        let answer = api.answer(&request("GET", "/v1/customers", "", &[(name, value)]));
        assert_eq!(answer.unwrap().status, 200, "{name}");
    }
    let asks = |version: &str| request("GET", "/v1/customers", "", &[("Stripe-Version", version)]);
    let answer = api.answer(&asks("2026-09-30.endive")).unwrap();
    assert_eq!(answer.header("Stripe-Version"), Some("2026-09-30.endive"));
    assert_eq!(api.answer(&asks("newest")).unwrap().status, 400);
}
