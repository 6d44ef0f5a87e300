//! The proxy: listens as PostgreSQL would, and opens one session a connection.

use super::ferry::ferry;
use super::gate::{Gate, SessionId};
use super::message::Malformed;
use super::outcome::SqlError;
use super::pump::Pump;
use super::session::{Rules, Session};
use super::socket::{Heard, Socket};
use super::startup::{Opening, Startup};
use super::traffic::{Share, Traffic};
use crate::server::{Address, DatabaseUrl};
use bytes::BytesMut;
use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

/// What the proxy does with what passes.
#[derive(Clone)]
pub struct Mode(Option<Rules>);

impl Mode {
    /// Bytes are passed on unread.
    #[must_use]
    pub fn pass_through() -> Self {
        Self(None)
    }

    /// Every unit is announced to `gate`.
    #[must_use]
    pub fn gated(gate: Arc<dyn Gate>) -> Self {
        Self(Some(Rules {
            gate,
            answers_here: false,
            strict: false,
            numbers: Arc::new(AtomicU64::new(1)),
        }))
    }

    /// Pings and a plain BEGIN are answered by the proxy; the BEGIN goes in front of what
    /// follows. Saves the round trips that decide nothing.
    #[must_use]
    pub fn answering_here(mut self) -> Self {
        if let Some(rules) = &mut self.0 {
            rules.answers_here = true;
        }
        self
    }

    /// The database's default isolation is REPEATABLE READ or SERIALIZABLE, where even a Parse
    /// takes the snapshot. Where a client asks for it itself, the proxy hears it.
    #[must_use]
    pub fn strict(mut self) -> Self {
        if let Some(rules) = &mut self.0 {
            rules.strict = true;
        }
        self
    }
}

/// The proxy can't listen.
#[derive(Debug, thiserror::Error)]
#[error("the proxy can't listen on {place}: {source}")]
pub struct CannotListen {
    place: String,
    source: io::Error,
}

type Cuts = Arc<Mutex<HashMap<SessionId, oneshot::Sender<()>>>>;

/// Ends sessions from outside, as the death of their client would.
#[derive(Clone, Debug, Default)]
pub struct Control(Cuts);

impl Control {
    /// The session's client dies: nothing that it sends from now on is forwarded, and it hears
    /// nothing more. A unit that is held is not sent; one that is under way runs on, as it does
    /// behind a dead client. [`Gate::closed`] tells when the server has let go of it.
    pub fn cut(&self, session: SessionId) {
        if let Some(cut) = self.lock().remove(&session) {
            let _ = cut.send(());
        }
    }

    /// The process dies: all of its sessions are cut.
    pub fn cut_all(&self) {
        for (_, cut) in self.lock().drain() {
            let _ = cut.send(());
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<SessionId, oneshot::Sender<()>>> {
        // Nothing is ever left half done under this lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A listening proxy. It serves while [`Proxy::serve`] is awaited.
pub struct Proxy {
    folder: PathBuf,
    unix: UnixListener,
    tcp: TcpListener,
    port: u16,
    line: Line,
}

/// What each connection is given.
#[derive(Clone)]
struct Line {
    upstream: Address,
    mode: Mode,
    control: Control,
    traffic: Traffic,
    sessions: Arc<AtomicU64>,
}

impl Proxy {
    /// Listens on `folder/.s.PGSQL.5432` and on a free port of 127.0.0.1.
    ///
    /// Must be called inside a tokio runtime with I/O.
    ///
    /// # Errors
    /// The folder isn't there, can't be written, or its path is too long for a socket (108
    /// bytes on Linux); or another proxy listens there.
    pub async fn bind(folder: &Path, upstream: Address, mode: Mode) -> Result<Self, CannotListen> {
        let path = socket_in(folder);
        let cannot = |place: String| move |source| CannotListen { place, source };
        let unix = UnixListener::bind(&path).map_err(cannot(path.display().to_string()))?;
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let tcp = TcpListener::bind(loopback).await;
        let tcp = tcp.map_err(cannot(loopback.to_string()))?;
        let port = tcp
            .local_addr()
            .map_err(cannot(loopback.to_string()))?
            .port();
        Ok(Self {
            folder: folder.to_owned(),
            unix,
            tcp,
            port,
            line: Line {
                upstream,
                mode,
                control: Control::default(),
                traffic: Traffic::default(),
                sessions: Arc::new(AtomicU64::new(1)),
            },
        })
    }

    /// The folder of its socket, as clients want it for `host`.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The URL of a database behind it, for the superuser `postgres` of a server of ours.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        DatabaseUrl::of_socket(&self.folder, database)
            .as_str()
            .to_owned()
    }

    /// Its port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// A handle that ends sessions.
    #[must_use]
    pub fn control(&self) -> Control {
        self.line.control.clone()
    }

    /// A handle that tells whether anything is under way.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        self.line.traffic.clone()
    }

    /// Serves connections, for ever. Dropping the future closes all of them at once.
    pub async fn serve(self) {
        let mut sessions = JoinSet::new();
        loop {
            let accepted = std::future::poll_fn(|cx| {
                // Sessions that are over make room.
                while let std::task::Poll::Ready(Some(_)) = sessions.poll_join_next(cx) {}
                if let std::task::Poll::Ready(accepted) = self.unix.poll_accept(cx) {
                    return std::task::Poll::Ready(
                        accepted.and_then(|(stream, _)| Socket::unix(stream)),
                    );
                }
                let accepted = self.tcp.poll_accept(cx);
                accepted.map(|accepted| accepted.and_then(|(stream, _)| Socket::tcp(stream)))
            });
            match accepted.await {
                Ok(client) => {
                    sessions.spawn(self.line.clone().converse(client));
                }
                // Out of file descriptors, or the client was gone again: others may end first.
                Err(_) => tokio::task::yield_now().await,
            }
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // Nobody listens any more; a folder that went first took the socket with it.
        let _ = std::fs::remove_file(socket_in(&self.folder));
    }
}

/// The name that every client looks for in a folder.
fn socket_in(folder: &Path) -> PathBuf {
    folder.join(".s.PGSQL.5432")
}

impl Line {
    async fn converse(self, mut client: Socket) {
        let share = self.traffic.begin();
        let mut heard = BytesMut::new();
        match greet(&mut client, &mut heard).await {
            Ok(Some(Opening::Session(startup))) => {
                self.open(client, startup, &heard, share).await;
            }
            Ok(Some(Opening::Cancel { bytes, .. })) => {
                // PostgreSQL answers a cancel by closing, whether or not the key was right.
                if let Ok(server) = Socket::connect(&self.upstream).await {
                    ferry(client, server, &bytes).await;
                }
            }
            Ok(Some(Opening::Encryption) | None) => {}
            Err(error) => refuse(client, &SqlError::fatal("08P01", &error.to_string())).await,
        }
    }

    async fn open(self, client: Socket, startup: Startup, early: &[u8], share: Share) {
        let server = match Socket::connect(&self.upstream).await {
            Ok(server) => server,
            Err(error) => {
                let told = format!(
                    "PostgreSQL at {:?} can't be reached: {error}",
                    self.upstream
                );
                return refuse(client, &SqlError::fatal("08001", &told)).await;
            }
        };
        let replicates = startup.parameter("replication").is_some();
        let Mode(Some(rules)) = self.mode else {
            return ferry(client, server, &[startup.bytes(), early].concat()).await;
        };
        // Replication speaks in both directions at once, and changes nothing.
        if replicates {
            return ferry(client, server, &[startup.bytes(), early].concat()).await;
        }
        let id = SessionId(self.sessions.fetch_add(1, Ordering::Relaxed));
        let (cut, is_cut) = oneshot::channel();
        self.control.lock().insert(id, cut);
        let mut session = Session::new(id, rules, startup);
        session.hear_client(early);
        Pump::new(session, client, server, is_cut, share)
            .run()
            .await;
        self.control.lock().remove(&id);
    }
}

/// Reads the first packet; refuses encryption, which loopback doesn't need.
async fn greet(client: &mut Socket, heard: &mut BytesMut) -> Result<Option<Opening>, Malformed> {
    let mut scratch = [0; 1024];
    // TLS and GSS may each be asked for once; then comes the packet itself.
    let mut refusals = 0;
    loop {
        match Opening::cut(heard)? {
            Some(Opening::Encryption) if refusals < 2 => {
                refusals += 1;
                let mut no = BytesMut::from(&b"N"[..]);
                let said = std::future::poll_fn(|cx| client.poll_say(cx, &mut no)).await;
                if said.is_err() {
                    return Ok(None);
                }
            }
            Some(Opening::Encryption) => {
                return Err(Malformed::Startup("encryption was refused twice"));
            }
            Some(opening) => return Ok(Some(opening)),
            None => match std::future::poll_fn(|cx| client.poll_hear(cx, &mut scratch)).await {
                Heard::Bytes(length) => heard.extend_from_slice(&scratch[..length]),
                Heard::End => return Ok(None),
            },
        }
    }
}

/// Tells the client why, and closes.
async fn refuse(mut client: Socket, error: &SqlError) {
    let mut told = BytesMut::new();
    error.write(&mut told);
    let said = std::future::poll_fn(|cx| client.poll_say(cx, &mut told)).await;
    if said.is_ok() {
        // Unread bytes would turn the close into a reset, and lose the reason.
        let mut scratch = [0; 1024];
        let rest = std::future::poll_fn(|cx| {
            std::task::Poll::Ready(client.poll_hear(cx, &mut scratch).is_ready())
        });
        rest.await;
        client.half_close();
    }
}
