//! The courier: hands events over as Stripe does, and treats every answer as Stripe would (D1).

use super::http::{self, Target};
use super::{lock, pass_time};
use crate::clock;
use crate::stripe::Next;
use crate::stripe::rest::{Api, Dispatch};
use crate::{EventId, Status};
use std::fmt::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// How often it looks for what is due.
const ROUND: Duration = Duration::from_millis(20);

/// One attempt to deliver, as it went.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// Which event.
    pub event: EventId,
    /// Its type.
    pub kind: &'static str,
    /// Where to.
    pub url: String,
    /// Counted from 1.
    pub attempt: usize,
    /// The status that was answered in time, or why there is none.
    pub answer: Result<u16, String>,
    /// What follows.
    pub next: Next,
}

pub(super) struct Courier {
    api: Arc<Mutex<Api>>,
    /// A host beyond this machine that somebody named.
    allowed: Option<String>,
    patience: Duration,
    listener: Arc<dyn Fn(&Attempt) + Send + Sync>,
}

impl Courier {
    pub(super) fn new(
        api: Arc<Mutex<Api>>,
        allowed: Option<String>,
        patience: Duration,
        listener: Box<dyn Fn(&Attempt) + Send + Sync>,
    ) -> Self {
        Self {
            api,
            allowed,
            patience,
            listener: listener.into(),
        }
    }

    /// Delivers for as long as it runs.
    pub(super) async fn run(self) {
        let mut underway = JoinSet::new();
        let mut last = clock::unix_now();
        loop {
            let due = {
                let mut api = lock(&self.api);
                let real = pass_time(&mut api, &mut last);
                let Api { world, outbox, .. } = &mut *api;
                outbox.due(world, real)
            };
            for dispatch in due {
                let (api, listener) = (Arc::clone(&self.api), Arc::clone(&self.listener));
                let (allowed, patience) = (self.allowed.clone(), self.patience);
                underway.spawn(async move {
                    let answer = hand_over(&dispatch, allowed.as_deref(), patience).await;
                    let status = answer.as_ref().ok().copied().map(Status::new);
                    let next = {
                        let mut api = lock(&api);
                        let Api { world, outbox, .. } = &mut *api;
                        outbox.answered(world, dispatch.number, status).next
                    };
                    listener(&Attempt {
                        event: dispatch.event,
                        kind: dispatch.kind,
                        url: dispatch.url,
                        attempt: dispatch.attempt,
                        answer,
                        next,
                    });
                });
            }
            tokio::select! {
                () = sleep(ROUND) => {}
                Some(_) = underway.join_next() => {}
            }
        }
    }
}

/// Posts one attempt; the status, or why there is none. Redirects aren't followed, bodies aren't
/// looked at.
async fn hand_over(
    dispatch: &Dispatch,
    allowed: Option<&str>,
    patience: Duration,
) -> Result<u16, String> {
    let target = Target::parse(&dispatch.url)?;
    if !target.is_loopback() && allowed != Some(target.host.as_str()) {
        return Err(format!(
            "not sent: {} is not this machine, and nobody named it",
            target.host
        ));
    }
    let posted = timeout(patience, post(&target, dispatch)).await;
    posted.unwrap_or_else(|_| Err(format!("no answer within {} s", patience.as_secs())))
}

async fn post(target: &Target, dispatch: &Dispatch) -> Result<u16, String> {
    let address = (target.host.as_str(), target.port);
    let stream = TcpStream::connect(address).await;
    let mut stream = stream.map_err(|error| format!("no connection: {error}"))?;
    let mut head = format!("POST {} HTTP/1.1\r\nHost: ", target.path);
    let _ = write!(head, "{}:{}\r\n", target.host, target.port);
    for (name, value) in &dispatch.delivery.headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    head.push_str("Connection: close\r\n\r\n");
    let lost = |_| "the connection was lost".to_owned();
    stream.write_all(head.as_bytes()).await.map_err(lost)?;
    stream
        .write_all(&dispatch.delivery.body)
        .await
        .map_err(lost)?;
    let answer = http::read(&mut stream, true).await;
    let answer = answer.map_err(|_| "the connection was lost".to_owned())?;
    let status = answer.line.split(' ').nth(1);
    let status = status.and_then(|status| status.parse().ok());
    status.ok_or_else(|| "the answer isn't HTTP".to_owned())
}
