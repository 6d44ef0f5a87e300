//! The table of paths.

use super::answer::ApiRequest;
use super::api::Api;
use super::fault::ApiError;
use super::form::Params;
use super::{create, desk, read};
use crate::stripe::Version;
use serde_json::Value;

/// What is answered with 200.
pub(super) struct Reply(pub(super) Value);

/// Who answers what.
pub(super) fn route(
    api: &mut Api,
    request: &ApiRequest,
    params: &Params,
    version: Version,
) -> Result<Reply, ApiError> {
    let unrecognized = || ApiError::unrecognized(&request.method, &request.path);
    let path: Vec<&str> = request.path.trim_matches('/').split('/').collect();
    if let ["_badai", rest @ ..] = path.as_slice() {
        return desk::serve(api, &request.method, rest, params).ok_or_else(unrecognized)?;
    }
    let ["v1", path @ ..] = path.as_slice() else {
        return Err(unrecognized());
    };
    let expansions = params.texts("expand");
    let mut value = match (request.method.as_str(), path) {
        ("GET", _) => read::read(api, path, params, version)?,
        ("POST", ["customers"]) => create::customer(api, params, version)?,
        ("POST", ["customers", id]) => create::update_customer(api, id, params, version)?,
        ("DELETE", ["customers", id]) => create::delete_customer(api, id, params)?,
        ("POST", ["products"]) => create::product(api, params, version)?,
        ("POST", ["prices"]) => create::price(api, params, version)?,
        ("POST", ["checkout", "sessions"]) => create::session(api, params, version)?,
        ("POST", ["checkout", "sessions", id, "expire"]) => {
            create::expire(api, id, params, version)?
        }
        ("POST", ["subscriptions"]) => create::subscription(api, params, version)?,
        ("POST", ["subscriptions", id]) => create::update_subscription(api, id, params, version)?,
        ("DELETE", ["subscriptions", id]) => create::cancel(api, id, params, version)?,
        ("POST", ["invoices", id, "pay"]) => create::pay(api, id, params, version)?,
        ("POST", ["refunds"]) => create::refund(api, params, version)?,
        ("POST", ["disputes", id]) => create::evidence(api, id, params, version)?,
        ("POST", ["disputes", id, "close"]) => create::give_in(api, id, params, version)?,
        ("POST", ["events", id, "retry"]) => create::resend(api, id, params)?,
        ("POST", ["webhook_endpoints"]) => create::endpoint(api, params)?,
        ("POST", ["webhook_endpoints", id]) => create::update_endpoint(api, id, params, version)?,
        ("DELETE", ["webhook_endpoints", id]) => create::delete_endpoint(api, id, params)?,
        ("POST", ["test_helpers", "test_clocks"]) => create::clock(api, params, version)?,
        ("POST", ["test_helpers", "test_clocks", id, "advance"]) => {
            create::advance(api, id, params, version)?
        }
        ("DELETE", ["test_helpers", "test_clocks", id]) => create::delete_clock(api, id, params)?,
        _ => return Err(unrecognized()),
    };
    read::expand(api, &mut value, &expansions, version)?;
    Ok(Reply(value))
}
