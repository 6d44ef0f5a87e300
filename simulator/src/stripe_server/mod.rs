//! The mocked Stripe on a port: its API answers, its events are delivered.
//!
//! ```text
//! SDK ──► guard ──► wiremock ──► Api (pure)            endpoint
//!         whole requests only      │                       ▲
//!                                  └──► Outbox ──► courier ┘
//! ```
//!
//! - [`StripeServer`] is all of it, on a thread of its own, until it is dropped.
//! - `guard` lets only whole requests through, so that hostile bytes reach nobody, and cuts the
//!   connections that are to be cut.
//! - `courier` hands events over, and treats each endpoint's answer as Stripe does.

mod courier;
mod guard;
mod http;
mod responder;

pub use courier::Attempt;

use crate::clock;
use crate::stripe::Stripe;
use crate::stripe::rest::{Api, ApiRequest, Failure};
use courier::Courier;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer};

/// Any test key opens the API; this one is shown to people.
pub const API_KEY: &str = "sk_test_badai";

/// How a server is set up.
pub struct Setup {
    /// The port on loopback; 0 takes any that is free.
    pub port: u16,
    /// An endpoint that hears of everything, if there is to be one.
    pub forward_to: Option<String>,
    /// After how long an endpoint's answer is too late (D2: unpublished, ten seconds here).
    pub patience: Duration,
    /// Who is told of each attempt to deliver.
    pub listener: Box<dyn Fn(&Attempt) + Send + Sync>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            port: 0,
            forward_to: None,
            patience: Duration::from_secs(10),
            listener: Box::new(|_| {}),
        }
    }
}

/// A running server. Dropped, it stops.
pub struct StripeServer {
    address: SocketAddr,
    secret: Option<String>,
    api: Arc<Mutex<Api>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl StripeServer {
    /// Serves this world.
    ///
    /// # Errors
    /// The port is taken, or the endpoint's URL is refused.
    pub fn start(world: Stripe, setup: Setup) -> io::Result<Self> {
        let mut api = Api::new(world);
        let mut secret = None;
        let mut allowed = None;
        if let Some(url) = &setup.forward_to {
            let target = http::Target::parse(url).map_err(io::Error::other)?;
            allowed = Some(target.host.clone());
            secret = Some(enlist(&mut api, url)?);
        }
        let api = Arc::new(Mutex::new(api));
        let courier = Courier::new(Arc::clone(&api), allowed, setup.patience, setup.listener);
        let mut server = Self::listen(setup.port, api, Some(courier))?;
        server.secret = secret;
        Ok(server)
    }

    /// Answers for a world that is somebody else's: they move it and its clock, and deliver its
    /// events.
    ///
    /// # Errors
    /// There is no port to listen at.
    pub fn answering_for(api: Arc<Mutex<Api>>) -> io::Result<Self> {
        Self::listen(0, api, None)
    }

    fn listen(port: u16, api: Arc<Mutex<Api>>, courier: Option<Courier>) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind(("127.0.0.1", port))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let shared = Arc::clone(&api);
        let thread = std::thread::Builder::new()
            .name("stripe".to_owned())
            .spawn(move || runtime.block_on(serve(listener, shared, courier, stopped)))?;
        Ok(Self {
            address,
            secret: None,
            api,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Where the API is, such as `http://127.0.0.1:4242`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Its address.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The signing secret of the endpoint that everything is forwarded to.
    #[must_use]
    pub fn secret(&self) -> Option<&str> {
        self.secret.as_deref()
    }

    /// Lets the next call that changes something go wrong.
    pub fn fail_next(&self, failure: Failure) {
        lock(&self.api).fail_next(failure);
    }

    /// Looks at the world, or changes it.
    pub fn with<T>(&self, look: impl FnOnce(&mut Api) -> T) -> T {
        look(&mut lock(&self.api))
    }
}

impl Drop for StripeServer {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // Whoever has stopped already hears nothing.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has said so.
            let _ = thread.join();
        }
    }
}

async fn serve(
    listener: std::net::TcpListener,
    api: Arc<Mutex<Api>>,
    courier: Option<Courier>,
    stopped: oneshot::Receiver<()>,
) {
    let Ok(listener) = TcpListener::from_std(listener) else {
        return;
    };
    let inner = MockServer::builder()
        .disable_request_recording()
        .start()
        .await;
    let responder = responder::Responder::new(api);
    Mock::given(any())
        .respond_with(responder)
        .mount(&inner)
        .await;
    let address = *inner.address();
    let deliveries = async {
        match courier {
            Some(courier) => courier.run().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = guard::guard(listener, address) => {}
        () = deliveries => {}
        _ = stopped => {}
    }
}

/// Makes the endpoint that everything is forwarded to; its secret.
fn enlist(api: &mut Api, url: &str) -> io::Result<String> {
    let mut escaped = String::new();
    for byte in url.bytes() {
        escaped.push_str(&format!("%{byte:02x}"));
    }
    let request = ApiRequest {
        method: "POST".to_owned(),
        path: "/v1/webhook_endpoints".to_owned(),
        headers: vec![("Authorization".to_owned(), format!("Bearer {API_KEY}"))],
        body: format!("url={escaped}&enabled_events[]=*").into_bytes(),
        ..ApiRequest::default()
    };
    let answer = api.answer(&request);
    let made = answer.and_then(|answer| serde_json::from_slice(&answer.body).ok());
    let made: serde_json::Value = made.unwrap_or_default();
    match made["secret"].as_str() {
        Some(secret) => Ok(secret.to_owned()),
        None => Err(io::Error::other(made["error"]["message"].to_string())),
    }
}

fn lock(api: &Mutex<Api>) -> MutexGuard<'_, Api> {
    api.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The world's time goes on with the real one, from wherever it is.
fn pass_time(api: &mut Api, last: &mut i64) -> i64 {
    let real = clock::unix_now();
    let passed = (real - *last).max(0);
    *last = real;
    let now = api.world.now() + passed;
    api.world.run_until(now);
    api.world.clocks_arrive();
    api.outbox.collect(&mut api.world);
    real
}
