//! Lists and what stands in them: pages, filters, expansions (H6 to H9).

use super::fault::ApiError;
use super::form::Params;
use serde_json::{Value, json};

/// A page of at most so many; ten unless asked for.
const LARGEST_PAGE: i64 = 100;
const PAGE: i64 = 10;

/// Which part of a list is asked for.
pub(super) struct Page {
    limit: usize,
    after: Option<String>,
    before: Option<String>,
    created: [Bound; 5],
}

/// A bound on a time, if there is one, and how a time fits it.
type Bound = (Option<i64>, fn(i64, i64) -> bool);

impl Page {
    /// Reads the parameters that every list takes.
    ///
    /// # Errors
    /// A limit out of range, numbers that aren't, both cursors at once.
    pub(super) fn read(params: &Params) -> Result<Self, ApiError> {
        let limit = params.number(&["limit"])?.unwrap_or(PAGE);
        if !(1..=LARGEST_PAGE).contains(&limit) {
            return Err(ApiError::request(format!(
                "Invalid limit: must be between 1 and {LARGEST_PAGE}"
            ))
            .about("limit"));
        }
        let after = params.word(&["starting_after"]);
        let before = params.word(&["ending_before"]);
        if after.is_some() && before.is_some() {
            return Err(ApiError::request(
                "You cannot parameterize both `starting_after` and `ending_before`.",
            ));
        }
        let bound = |name: &str| params.number(&["created", name]);
        Ok(Self {
            limit: usize::try_from(limit).unwrap_or(1),
            after,
            before,
            created: [
                (params.number(&["created"])?, |at, is| at == is),
                (bound("gt")?, |at, than| at > than),
                (bound("gte")?, |at, than| at >= than),
                (bound("lt")?, |at, than| at < than),
                (bound("lte")?, |at, than| at <= than),
            ],
        })
    }

    fn holds(&self, object: &Value) -> bool {
        let at = object["created"].as_i64().unwrap_or_default();
        let each = self.created.iter();
        each.clone()
            .all(|(bound, fits)| bound.is_none_or(|bound| fits(at, bound)))
    }

    /// The page of these objects, newest first.
    ///
    /// # Errors
    /// A cursor that is none of them (H9).
    pub(super) fn of(&self, url: &str, all: Vec<Value>) -> Result<Value, ApiError> {
        let all: Vec<Value> = all.into_iter().filter(|it| self.holds(it)).collect();
        let place = |id: &String, param: &str| {
            let mut all = all.iter();
            let found = all.position(|it| it["id"] == id.as_str());
            let object = url.rsplit('/').next().unwrap_or_default();
            let object = object.strip_suffix('s').unwrap_or(object);
            found.ok_or_else(|| ApiError::no_such(object, id, param))
        };
        let (start, end) = match (&self.after, &self.before) {
            (Some(id), _) => {
                let start = place(id, "starting_after")? + 1;
                (start, all.len().min(start + self.limit))
            }
            (_, Some(id)) => {
                let end = place(id, "ending_before")?;
                (end.saturating_sub(self.limit), end)
            }
            _ => (0, all.len().min(self.limit)),
        };
        let has_more = if self.before.is_some() {
            start > 0
        } else {
            end < all.len()
        };
        Ok(json!({
            "object": "list",
            "data": all[start..end],
            "has_more": has_more,
            "url": url,
        }))
    }
}

/// H6: at most so many levels.
const DEEPEST: usize = 4;

/// Puts whole objects where their ids stand. `find` knows an object by its id, `also` what is
/// only shown when it is asked for, such as a session's line items.
///
/// # Errors
/// A path that is too deep, or leads to nothing that can be expanded.
pub(super) fn expand(
    value: &mut Value,
    paths: &[String],
    find: &dyn Fn(&str) -> Option<Value>,
    also: &dyn Fn(&Value, &str) -> Option<Value>,
) -> Result<(), ApiError> {
    for path in paths {
        let steps: Vec<&str> = path.split('.').collect();
        if steps.len() > DEEPEST {
            return Err(ApiError::too_deep(path));
        }
        walk(value, &steps, path, find, also)?;
    }
    Ok(())
}

fn walk(
    value: &mut Value,
    steps: &[&str],
    path: &str,
    find: &dyn Fn(&str) -> Option<Value>,
    also: &dyn Fn(&Value, &str) -> Option<Value>,
) -> Result<(), ApiError> {
    let Some((step, rest)) = steps.split_first() else {
        return Ok(());
    };
    if let Value::Array(each) = value {
        return each
            .iter_mut()
            .try_for_each(|value| walk(value, steps, path, find, also));
    }
    if let Some(more) = also(value, step)
        && value.get(step).is_none()
    {
        value[*step] = more;
    }
    let no = || ApiError::not_expandable(path);
    let inner = value.get_mut(step).ok_or_else(no)?;
    match inner {
        Value::String(id) => match find(id) {
            Some(object) => *inner = object,
            None => return Err(no()),
        },
        Value::Object(_) | Value::Array(_) | Value::Null => {}
        _ => return Err(no()),
    }
    if inner.is_null() {
        return Ok(());
    }
    walk(inner, rest, path, find, also)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(text: &str, count: i64) -> Result<Value, ApiError> {
        let all = (0..count).rev();
        let all = all.map(|n| json!({"id": format!("cus_{n}"), "created": n}));
        let params = Params::parse(text).unwrap();
        Page::read(&params)?.of("/v1/customers", all.collect())
    }

    fn ids(page: &Value) -> Vec<&str> {
        let data = page["data"].as_array().unwrap().iter();
        data.map(|it| it["id"].as_str().unwrap()).collect()
    }

    #[test]
    fn h7_lists_are_newest_first_ten_at_a_time_without_a_total() {
        let first = page("", 25).unwrap();
        assert_eq!(ids(&first)[..2], ["cus_24", "cus_23"]);
        assert_eq!(ids(&first).len(), 10);
        assert_eq!(first["has_more"], true);
        assert_eq!(first["url"], "/v1/customers");
        assert_eq!(first["object"], "list");
        assert!(first.get("total_count").is_none());
        let next = page("starting_after=cus_1&limit=3", 25).unwrap();
        assert_eq!(
            (ids(&next), &next["has_more"]),
            (vec!["cus_0"], &json!(false))
        );
        let back = page("ending_before=cus_22&limit=1", 25).unwrap();
        assert_eq!(
            (ids(&back), &back["has_more"]),
            (vec!["cus_23"], &json!(true))
        );
        let range = page("created[gte]=3&created[lt]=5", 25).unwrap();
        assert_eq!(ids(&range), ["cus_4", "cus_3"]);
        assert_eq!(ids(&page("created=7", 25).unwrap()), ["cus_7"]);
        for wrong in ["limit=0", "limit=101", "limit=ten", "created[gt]=x"] {
            assert!(page(wrong, 3).is_err(), "{wrong}");
        }
    }

    #[test]
    fn h9_a_bad_cursor_is_a_missing_resource_and_two_are_refused() {
        let error = page("starting_after=cus_x", 3).unwrap_err();
        assert_eq!(error.status, 400);
        assert_eq!(error.code, Some("resource_missing"));
        assert_eq!(error.param.as_deref(), Some("starting_after"));
        let both = page("starting_after=cus_1&ending_before=cus_0", 3).unwrap_err();
        assert_eq!(both.status, 400);
    }

    #[test]
    fn h6_expands_what_can_be_expanded_and_no_deeper_than_four_levels() {
        let find = |id: &str| (id == "cus_1").then(|| json!({"id": "cus_1", "next": "cus_1"}));
        let also = |_: &Value, step: &str| (step == "line_items").then(|| json!({"data": []}));
        let expanded = |path: &str| {
            let mut value = json!({"data": [{"customer": "cus_1", "amount": 1, "none": null}]});
            let paths = [path.to_owned()];
            expand(&mut value, &paths, &find, &also).map(|()| value["data"][0].take())
        };
        assert_eq!(
            expanded("data.customer").unwrap()["customer"]["id"],
            "cus_1"
        );
        let deep = expanded("data.customer.next").unwrap();
        assert_eq!(deep["customer"]["next"]["id"], "cus_1");
        assert!(expanded("data.line_items").unwrap()["line_items"].is_object());
        assert!(expanded("data.none").unwrap()["none"].is_null());
        let error = expanded("data.customer.next.next.next").unwrap_err();
        assert_eq!(error.code, Some("property_expansion_max_depth"));
        for path in ["data.amount", "data.colour"] {
            let error = expanded(path).unwrap_err();
            assert_eq!(
                error.message,
                format!("This property cannot be expanded ({path}).")
            );
        }
    }
}
