//! Between wiremock and the API: one request in, one answer out.

use super::lock;
use crate::stripe::rest::{Api, ApiRequest, CUT};
use std::sync::{Arc, Mutex};
use wiremock::{Request, Respond, ResponseTemplate};

pub(super) struct Responder {
    api: Arc<Mutex<Api>>,
}

impl Responder {
    pub(super) fn new(api: Arc<Mutex<Api>>) -> Self {
        Self { api }
    }
}

impl Respond for Responder {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let headers = request.headers.iter();
        let headers = headers.map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str().to_owned(), value)
        });
        let request = ApiRequest {
            method: request.method.as_str().to_owned(),
            path: request.url.path().to_owned(),
            query: request.url.query().unwrap_or_default().to_owned(),
            headers: headers.collect(),
            body: request.body.clone(),
        };
        let Some(answer) = lock(&self.api).answer(&request) else {
            return ResponseTemplate::new(200).insert_header(CUT, "whole");
        };
        let mut response = ResponseTemplate::new(answer.status);
        for (name, value) in &answer.headers {
            // A key that no header can carry comes back from nobody.
            if value.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
                response = response.insert_header(name.as_str(), value.as_str());
            }
        }
        let kind = answer.header("Content-Type").unwrap_or_default();
        response.set_body_raw(answer.body.clone(), kind)
    }
}
