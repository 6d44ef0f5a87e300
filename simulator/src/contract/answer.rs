//! What came back from a statement, as text, and how to find a place in it.

use serde_json::Value;

/// The rows of a statement's answer, each value in its text form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<Vec<Option<String>>>,
    /// What the command's tag counts.
    pub(super) affected: u64,
}

/// A column, and a place in the JSON that it holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// The first where none is named.
    pub(super) column: Option<String>,
    /// As in `/result/success`.
    pub(super) at: Option<String>,
}

impl Place {
    /// A place by its short form: `/…` inside the first column, else a column.
    pub(super) fn short(text: &str) -> Self {
        if text.starts_with('/') {
            Self {
                column: None,
                at: Some(text.to_owned()),
            }
        } else {
            Self {
                column: Some(text.to_owned()),
                at: None,
            }
        }
    }

    /// Where this leads from inside another place.
    pub(super) fn or_inside(&self, outer: &Place) -> Self {
        Self {
            column: self.column.clone().or_else(|| outer.column.clone()),
            at: self.at.clone(),
        }
    }

    /// The value there, `None` for null; or why there is no such place.
    pub(super) fn find(&self, answer: &Answer, row: usize) -> Result<Option<String>, String> {
        let column = match &self.column {
            Some(name) => answer.column(name)?,
            None => 0,
        };
        let values = answer.rows.get(row).ok_or("no row came back")?;
        let value = values
            .get(column)
            .ok_or("a row without columns came back")?;
        match (&self.at, value) {
            (Some(at), Some(text)) => json_at(text, at),
            (_, value) => Ok(value.clone()),
        }
    }
}

impl Answer {
    /// The number of a column by its name.
    pub(super) fn column(&self, name: &str) -> Result<usize, String> {
        let found = self.columns.iter().position(|it| it == name);
        found.ok_or_else(|| {
            format!(
                "no column `{name}` came back, but {}",
                match self.columns.join("`, `") {
                    none if none.is_empty() => "none at all".to_owned(),
                    some => format!("`{some}`"),
                }
            )
        })
    }
}

/// The value at a place in JSON, as text; what is missing is null.
fn json_at(text: &str, at: &str) -> Result<Option<String>, String> {
    let json: Value = serde_json::from_str(text)
        .map_err(|_| format!("`{text}` is no JSON, so there is no place `{at}` in it"))?;
    let found = if at == "/" {
        Some(&json)
    } else {
        json.pointer(at)
    };
    Ok(match found {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text.clone()),
        Some(other) => Some(other.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer() -> Answer {
        Answer {
            columns: vec!["a".to_owned(), "b".to_owned()],
            rows: vec![vec![
                Some("1".to_owned()),
                Some(r#"{"ok": true, "hold": {"id": "x"}, "left": null}"#.to_owned()),
            ]],
            affected: 1,
        }
    }

    fn at(column: Option<&str>, at: Option<&str>) -> Result<Option<String>, String> {
        let place = Place {
            column: column.map(str::to_owned),
            at: at.map(str::to_owned),
        };
        place.find(&answer(), 0)
    }

    #[test]
    fn a_column_is_picked_before_a_place_in_it() {
        assert_eq!(at(None, None), Ok(Some("1".to_owned())));
        assert_eq!(at(Some("b"), Some("/ok")), Ok(Some("true".to_owned())));
        assert_eq!(at(Some("b"), Some("/hold/id")), Ok(Some("x".to_owned())));
        assert_eq!(at(Some("b"), Some("/left")), Ok(None));
        assert_eq!(at(Some("b"), Some("/nowhere")), Ok(None));
    }

    #[test]
    fn a_column_that_isnt_there_and_what_is_no_json_are_told() {
        assert!(at(Some("c"), None).unwrap_err().contains("but `a`, `b`"));
        assert!(at(Some("b"), Some("/")).unwrap().unwrap().contains("hold"));
        let text = Answer {
            rows: vec![vec![Some("(t,1)".to_owned())]],
            ..answer()
        };
        let place = Place::short("/ok");
        assert!(place.find(&text, 0).unwrap_err().contains("no JSON"));
    }
}
