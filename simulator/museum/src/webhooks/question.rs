//! A question to Stripe's API: what an object is like now.

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1;
use hyper::{Request, Uri, header};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use simulator::{Answer, LedgerError, World};
use tokio::net::TcpStream;

/// Where to ask, and as whom.
pub(super) struct Stripe {
    host: String,
    key: String,
}

impl Stripe {
    pub(super) fn of(world: &World) -> Answer<Self> {
        let url: Uri = world.stripe_url()?.parse().map_err(LedgerError::failed)?;
        let host = url.authority().map(ToString::to_string);
        Ok(Self {
            host: host.ok_or_else(|| LedgerError::failed("Stripe's address has no host"))?,
            key: world.stripe_key().to_owned(),
        })
    }

    /// A Checkout Session as it is now; `None` if Stripe answers anything else, or nothing.
    pub(super) async fn session(&self, id: &str) -> Option<Value> {
        let stream = TcpStream::connect(&self.host).await.ok()?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
        let open = tokio::spawn(connection);
        let request = Request::get(format!("/v1/checkout/sessions/{id}"))
            .header(header::HOST, &self.host)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.key))
            .body(Empty::<Bytes>::new())
            .ok()?;
        let answer = sender.send_request(request).await.ok()?;
        if !answer.status().is_success() {
            return None;
        }
        let body = answer.into_body().collect().await.ok()?.to_bytes();
        open.abort();
        serde_json::from_slice(&body).ok()
    }
}
