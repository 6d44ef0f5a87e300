//! A line: one instance's own proxy, and the doorkeeper at its gate.
//!
//! Each instance has a line to itself, so that whose statement it is needs no guessing. While
//! nothing overlaps the doorkeeper lets everything pass; in a duel it holds each statement that
//! could make a difference and tells whoever decides.

use super::ambush::{Ambush, Ambushed};
use crate::server::{Address, Database};
use crate::wire::{
    Arrival, Control, Ending, Gate, Mode, Proxy, Record, Release, SessionId, SqlError, Status,
    Traffic,
};
use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use tempfile::TempDir;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

/// How often the line's runtime looks at its sockets before it says that nothing is there.
const TURNS: usize = 4;

/// What a doorkeeper tells.
#[derive(Debug)]
pub(super) enum News {
    /// A statement is held.
    Held {
        /// On which instance's line.
        line: usize,
        /// What it is.
        arrival: Arrival,
        /// Lets it go.
        release: Release,
    },
    /// A statement was answered, or its connection is gone.
    Ended {
        /// On which instance's line.
        line: usize,
        /// On which connection.
        session: SessionId,
        /// Where that connection stands now.
        status: Option<Status>,
        /// Its number among the proxy's units.
        number: u64,
        /// What came back, in a word.
        said: String,
        /// It came back with an error, or not at all.
        failed: bool,
    },
}

/// Backends whose statement was broken off to end a deadlock. Their clients are told what
/// PostgreSQL tells a deadlock's victim.
#[derive(Clone, Debug, Default)]
pub(super) struct Victims(Arc<Mutex<BTreeSet<u32>>>);

impl Victims {
    /// The backend's statement is about to be broken off.
    pub(super) fn add(&self, backend: u32) {
        self.lock().insert(backend);
    }

    fn take(&self, backend: u32) -> bool {
        self.lock().remove(&backend)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeSet<u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One instance's proxy, on a thread of its own.
pub(super) struct Line {
    folder: TempDir,
    thread: Option<JoinHandle<()>>,
    hang_up: Option<oneshot::Sender<()>>,
    ambush: Ambush,
    control: Control,
    probes: UnboundedSender<Probe>,
}

/// Asks a line what goes on.
type Probe = Sender<(usize, u64)>;

impl Line {
    /// Opens a line to the server; the doorkeeper holds while `hold` is set.
    pub(super) fn open(
        number: usize,
        upstream: Address,
        hold: Arc<AtomicBool>,
        victims: Victims,
        tell: Sender<News>,
    ) -> std::io::Result<Self> {
        let folder = folder_beside(&upstream)?;
        let path = folder.path().to_owned();
        let ambush = Ambush::default();
        let gate = Ambushed {
            ambush: ambush.clone(),
            gate: Doorkeeper {
                line: number,
                hold,
                victims,
                tell,
            },
        };
        let (hang_up, hung_up) = oneshot::channel();
        let (probes, probed) = unbounded_channel();
        let (ready, opened) = std::sync::mpsc::channel();
        let thread = std::thread::Builder::new()
            .name(format!("line {number}"))
            .spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build();
                let Ok(runtime) = runtime else { return };
                runtime.block_on(async {
                    let mode = Mode::gated(Arc::new(gate)).answering_here();
                    match Proxy::bind(&path, upstream, mode).await {
                        Ok(proxy) => {
                            let _ = ready.send(Ok(proxy.control()));
                            tokio::spawn(answer(probed, proxy.traffic()));
                            let hung_up = std::pin::pin!(hung_up);
                            first(std::pin::pin!(proxy.serve()), hung_up).await;
                        }
                        Err(error) => {
                            let _ = ready.send(Err(std::io::Error::other(error.to_string())));
                        }
                    }
                });
            })?;
        let control = opened.recv().map_err(std::io::Error::other)??;
        Ok(Self {
            ambush,
            control,
            folder,
            thread: Some(thread),
            hang_up: Some(hang_up),
            probes,
        })
    }

    /// Who can strike what passes here.
    pub(super) fn ambush(&self) -> &Ambush {
        &self.ambush
    }

    /// Ends all of its connections, as the death of their process does.
    pub(super) fn cut_all(&self) {
        self.control.cut_all();
    }

    /// How many of the line's connections wait for an answer, when all that was written to it has
    /// been read. And how much has ever moved, to compare.
    pub(super) fn probe(&self) -> (usize, u64) {
        let (tell, told) = std::sync::mpsc::channel();
        let asked = self.probes.send(tell);
        // A line whose thread is gone has nothing under way.
        asked.ok().and_then(|()| told.recv().ok()).unwrap_or((0, 0))
    }

    /// The URL of a database at the other end.
    pub(super) fn url(&self, database: &Database) -> String {
        database.url_through(self.folder.path())
    }
}

/// A folder for the line's socket. Inside the throw-away folder of a server of ours it goes with
/// that, however this run ends; whoever deletes it there may be another user.
fn folder_beside(upstream: &Address) -> std::io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("line-");
    let Some(folder) = (match upstream {
        Address::Socket(socket) => socket.parent(),
        Address::Tcp(..) => None,
    }) else {
        return builder.tempdir();
    };
    let line = builder.tempdir_in(folder)?;
    std::fs::set_permissions(line.path(), std::fs::Permissions::from_mode(0o777))?;
    Ok(line)
}

/// Answers probes, each after the sockets were looked at.
async fn answer(mut probed: UnboundedReceiver<Probe>, traffic: Traffic) {
    while let Some(tell) = probed.recv().await {
        for _ in 0..TURNS {
            tokio::task::yield_now().await;
        }
        let _ = tell.send((traffic.busy(), traffic.moved()));
    }
}

/// Waits until either is ready.
async fn first(
    mut serve: std::pin::Pin<&mut impl Future<Output = ()>>,
    mut hung_up: std::pin::Pin<&mut oneshot::Receiver<()>>,
) {
    std::future::poll_fn(|context| {
        if hung_up.as_mut().poll(context).is_ready() {
            return std::task::Poll::Ready(());
        }
        serve.as_mut().poll(context)
    })
    .await;
}

impl Drop for Line {
    fn drop(&mut self) {
        drop(self.hang_up.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Who stands at the gate of a line.
struct Doorkeeper {
    line: usize,
    hold: Arc<AtomicBool>,
    victims: Victims,
    tell: Sender<News>,
}

impl Gate for Doorkeeper {
    fn arrived(&self, arrival: Arrival, release: Release) {
        if !self.hold.load(Ordering::SeqCst) {
            release.give(crate::wire::Verdict::Forward);
            return;
        }
        // If nobody listens any more the release is dropped with the news.
        let _ = self.tell.send(News::Held {
            line: self.line,
            arrival,
            release,
        });
    }

    fn instead(&self, arrival: &Arrival, error: &SqlError) -> Option<SqlError> {
        let broken_off = error.sqlstate == "57014" && self.victims.take(arrival.backend);
        broken_off.then(SqlError::deadlock)
    }

    fn ended(&self, record: Record) {
        if !self.hold.load(Ordering::SeqCst) {
            return;
        }
        let (status, said, failed) = match &record.ending {
            Ending::Answered(outcome) => {
                let tags = outcome.tags.join(", ");
                let said = outcome
                    .error
                    .as_ref()
                    .map_or(tags, |error| error.message.clone());
                (outcome.status, said, outcome.error.is_some())
            }
            Ending::AnsweredHere => (Some(record.arrival.status), String::new(), false),
            Ending::Unanswered | Ending::NeverSent => (None, String::new(), true),
        };
        let _ = self.tell.send(News::Ended {
            line: self.line,
            session: record.arrival.session,
            status,
            number: record.arrival.number,
            said,
            failed,
        });
    }
}
