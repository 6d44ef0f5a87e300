//! One instance as a process: its own thread, its own runtime, and a death.
//!
//! The thread drives the calls under way (`floor`), and between them whatever the ledger left
//! running: a transaction that was dropped is rolled back then, as in any server. A ledger that
//! panics loses that call and nothing else; one that never comes back is given up after a limit,
//! its thread abandoned, because safe Rust can kill a process but not a thread.

use super::World;
use super::call::{Call, Reply};
use super::floor::{Floor, Parks, Ticket, Told, Wish};
use super::reply::LedgerError;
use super::subject::{Instance, Subject};
use crate::clock::Stopwatch;
use std::collections::BTreeMap;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Once};
use std::task::Poll;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

/// Why a call has no reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lost {
    /// The call didn't end within the limit.
    Hung(Duration),
}

/// What the names of ledgers' threads begin with.
const THREAD: &str = "ledger ";

/// A ledger's panic is an answer like any other: it goes into the history, not to stderr.
fn hush_ledgers() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let thread = std::thread::current();
            if !thread.name().is_some_and(|name| name.starts_with(THREAD)) {
                before(panic);
            }
        }));
    });
}

/// A running instance.
pub struct Process {
    wishes: UnboundedSender<Wish>,
    told: Receiver<Told>,
    /// Replies that were told while another was waited for.
    ended: BTreeMap<Ticket, Reply>,
    tickets: Ticket,
    limit: Duration,
    /// Ends the thread wherever it waits.
    death: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Process {
    /// Opens the ledger on a new thread.
    ///
    /// # Errors
    /// What the ledger's `open` answered, or that it panicked or hung.
    pub fn start(
        subject: &Arc<Subject>,
        world: &World,
        limit: Duration,
    ) -> Result<Self, LedgerError> {
        hush_ledgers();
        let (wishes, inbox) = unbounded_channel::<Wish>();
        let (outbox, told) = channel::<Told>();
        let (death, dies) = oneshot::channel();
        let (subject, world) = (Arc::clone(subject), world.clone());
        let thread = std::thread::Builder::new()
            .name(format!("{THREAD}{}", subject.name()))
            .spawn(move || serve(&subject, &world, inbox, &outbox, dies))
            .map_err(LedgerError::failed)?;
        let process = Self {
            wishes,
            told,
            ended: BTreeMap::new(),
            tickets: 0,
            limit,
            death: Some(death),
            thread: Some(thread),
        };
        match process.told.recv_timeout(limit) {
            Ok(Told::Opened(Ok(()))) => Ok(process),
            Ok(Told::Opened(Err(error))) => Err(error),
            Ok(_) | Err(RecvTimeoutError::Disconnected) => Err(dead()),
            Err(RecvTimeoutError::Timeout) => {
                process.abandon();
                Err(LedgerError::failed(format!(
                    "the ledger's open did not end within {} s",
                    limit.as_secs()
                )))
            }
        }
    }

    /// Runs one call to its end.
    ///
    /// # Errors
    /// [`Lost::Hung`] if it did not end within the limit; the process is then of no more use.
    pub fn call(&mut self, call: &Call) -> Result<Reply, Lost> {
        if self.thread.is_none() {
            return Ok(Reply::Error(dead()));
        }
        let ticket = self.begin(call);
        match self.reply_within(ticket, self.limit) {
            Some(reply) => Ok(reply),
            None => {
                self.thread = None;
                Err(Lost::Hung(self.limit))
            }
        }
    }

    /// Begins a call beside those that are under way; its reply is asked for with
    /// [`Process::reply`].
    pub fn begin(&mut self, call: &Call) -> Ticket {
        self.tickets += 1;
        // A dead process gives no reply, and says so when it is asked.
        let _ = self.wishes.send(Wish::Call(self.tickets, call.clone()));
        self.tickets
    }

    /// The reply to a call that was begun, if it has ended.
    pub fn reply(&mut self, ticket: Ticket) -> Option<Reply> {
        self.reply_within(ticket, Duration::ZERO)
    }

    /// The same, but waits for it so long.
    pub fn reply_within(&mut self, ticket: Ticket, patience: Duration) -> Option<Reply> {
        let watch = Stopwatch::start();
        loop {
            if let Some(reply) = self.ended.remove(&ticket) {
                return Some(reply);
            }
            let left = patience.saturating_sub(watch.elapsed());
            match self.told.recv_timeout(left) {
                Ok(told) => self.note(told),
                Err(RecvTimeoutError::Timeout) => return None,
                Err(RecvTimeoutError::Disconnected) => return Some(Reply::Error(dead())),
            }
        }
    }

    /// Kills the process in the middle of whatever it is at; returns when it is gone.
    ///
    /// Whoever calls this has cut the process's connections before: what is dropped here runs
    /// its own code, which a killed process doesn't.
    ///
    /// # Errors
    /// [`Lost::Hung`] if its thread runs on without ever waiting: safe Rust can't end that.
    pub fn kill(mut self) -> Result<(), Lost> {
        drop(self.death.take());
        loop {
            match self.told.recv_timeout(self.limit) {
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
                Err(RecvTimeoutError::Timeout) => {
                    self.thread = None;
                    return Err(Lost::Hung(self.limit));
                }
            }
        }
    }

    /// Lets only this call go on from now on, or all.
    pub fn attend(&mut self, ticket: Option<Ticket>) {
        let _ = self.wishes.send(Wish::Attend(ticket));
    }

    /// Whether no call that may go on has done so since this was asked, and none can: whatever
    /// has no reply waits for something. Blocks until that is known.
    pub fn rests(&mut self) -> bool {
        let _ = self.wishes.send(Wish::Rest);
        loop {
            match self.told.recv_timeout(self.limit) {
                Ok(Told::Rested(rested)) => return rested,
                Ok(told) => self.note(told),
                // It works without a pause, or it is dead: its replies tell.
                Err(_) => return false,
            }
        }
    }

    /// So much time passes at once, for whatever in the process waits by tokio's clock.
    pub fn pass(&mut self, time: Duration) {
        let _ = self.wishes.send(Wish::Pass(time));
    }

    fn note(&mut self, told: Told) {
        if let Told::Ended(ticket, reply) = told {
            self.ended.insert(ticket, reply);
        }
    }

    /// Gives the process up: its thread is left to itself.
    pub fn abandon(mut self) {
        self.thread = None;
    }
}

fn dead() -> LedgerError {
    LedgerError::failed("the process is dead")
}

/// Death: the runtime goes with all its connections and everything the ledger had in memory.
impl Drop for Process {
    fn drop(&mut self) {
        let (closed, _) = unbounded_channel();
        self.wishes = closed;
        drop(self.death.take());
        if let Some(thread) = self.thread.take() {
            // The thread only ends; a panic in it was already told as a reply.
            let _ = thread.join();
        }
    }
}

fn serve(
    subject: &Subject,
    world: &World,
    inbox: UnboundedReceiver<Wish>,
    outbox: &Sender<Told>,
    dies: oneshot::Receiver<()>,
) {
    let parks = Arc::new(Parks::default());
    let hook = Arc::clone(&parks);
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .on_thread_park(move || hook.park())
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            let _ = outbox.send(Told::Opened(Err(LedgerError::failed(error))));
            return;
        }
    };
    let opened = runtime.block_on(async { guarded(subject.open(world)).await.flatten() });
    let instance: Arc<dyn Instance> = match opened {
        Ok(instance) => instance.into(),
        Err(error) => {
            let _ = outbox.send(Told::Opened(Err(error)));
            return;
        }
    };
    let _ = outbox.send(Told::Opened(Ok(())));
    let floor = Floor::new(Arc::clone(&instance), inbox, outbox.clone(), parks);
    let _ = caught(|| runtime.block_on(until(dies, floor.serve())));
    // The runtime's tasks die before the instance, as in a kill: no task outlives its process.
    // What it runs on blocking threads isn't waited for; it may never end.
    runtime.shutdown_background();
    let _ = caught(|| drop(instance));
}

/// Lives until its end, or until it is killed. A killed life is dropped where it stands.
async fn until(dies: oneshot::Receiver<()>, life: impl Future<Output = ()>) {
    let (mut dies, mut life) = (pin!(dies), pin!(life));
    std::future::poll_fn(|context| {
        if dies.as_mut().poll(context).is_ready() {
            return Poll::Ready(());
        }
        life.as_mut().poll(context)
    })
    .await;
}

/// Runs the ledger's code; a panic there becomes an error that says what it said.
pub(super) async fn guarded<T>(code: impl Future<Output = T>) -> Result<T, LedgerError> {
    let mut code = pin!(code);
    std::future::poll_fn(|context| match caught(|| code.as_mut().poll(context)) {
        Ok(poll) => poll.map(Ok),
        Err(panicked) => Poll::Ready(Err(panicked)),
    })
    .await
}

fn caught<T>(code: impl FnOnce() -> T) -> Result<T, LedgerError> {
    std::panic::catch_unwind(AssertUnwindSafe(code)).map_err(|panic| {
        let said = panic
            .downcast_ref::<&str>()
            .map(ToString::to_string)
            .or_else(|| panic.downcast_ref::<String>().cloned());
        LedgerError::Failed(format!(
            "the ledger panicked: {}",
            said.as_deref().unwrap_or("without a message")
        ))
    })
}
