//! A request to the API and the answer to it, as data.

use serde_json::Value;

/// A request, whole: its head and its body are here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApiRequest {
    /// Such as `POST`.
    pub method: String,
    /// Such as `/v1/customers`, as it was sent.
    pub path: String,
    /// What follows the `?`, as it was sent.
    pub query: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
}

impl ApiRequest {
    /// The value of a header; names are compared without case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// What it asks for, without the ids in it, which differ from run to run: such as
    /// `GET /v1/checkout/sessions/…`.
    #[must_use]
    pub fn name(&self) -> String {
        let is_id =
            |part: &str| part.contains('_') && part.contains(|it: char| it.is_ascii_digit());
        let parts = self.path.split('/');
        let parts: Vec<&str> = parts.map(|it| if is_id(it) { "…" } else { it }).collect();
        format!("{} {}", self.method, parts.join("/"))
    }
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// JSON, printed as Stripe prints it; a gateway's page is HTML (N8).
    pub body: Vec<u8>,
}

impl Answer {
    pub(super) fn json(status: u16, value: &Value) -> Self {
        let mut body = serde_json::to_vec_pretty(value).expect("a JSON value always prints");
        body.push(b'\n');
        let json = ("Content-Type".to_owned(), "application/json".to_owned());
        Self {
            status,
            headers: vec![json],
            body,
        }
    }

    /// What a gateway before the API says when nobody answers it (N8).
    pub(super) fn bad_gateway() -> Self {
        Self {
            status: 502,
            headers: vec![("Content-Type".to_owned(), "text/html".to_owned())],
            body: b"<html><body><h1>502 Bad Gateway</h1></body></html>\n".to_vec(),
        }
    }

    pub(super) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// The value of a header; names are compared without case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}
