//! One instance as a process: its own thread, its own runtime, and a death.
//!
//! The thread drives one call at a time, and between calls whatever the ledger left running: a
//! transaction that was dropped is rolled back then, as in any server. A ledger that panics loses that call and nothing
//! else; one that never comes back is given up after a limit, its thread abandoned, because
//! safe Rust can kill a process but not a thread.

use super::World;
use super::call::{Call, Reply};
use super::reply::LedgerError;
use super::subject::{Instance, Subject};
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};
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
    calls: UnboundedSender<Call>,
    replies: Receiver<Reply>,
    limit: Duration,
    /// Whether the thread has nothing to do until something comes from outside.
    rests: Arc<AtomicBool>,
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
        let (calls, inbox) = unbounded_channel::<Call>();
        let (outbox, replies) = channel::<Reply>();
        let (death, dies) = oneshot::channel();
        let rests = Arc::new(AtomicBool::new(false));
        let resting = Arc::clone(&rests);
        let (subject, world) = (Arc::clone(subject), world.clone());
        let thread = std::thread::Builder::new()
            .name(format!("{THREAD}{}", subject.name()))
            .spawn(move || serve(&subject, &world, inbox, &outbox, (dies, resting)))
            .map_err(LedgerError::failed)?;
        let mut process = Self {
            calls,
            replies,
            limit,
            rests,
            death: Some(death),
            thread: Some(thread),
        };
        match process.wait() {
            Ok(Reply::Error(error)) => Err(error),
            Ok(_) => Ok(process),
            Err(Lost::Hung(limit)) => Err(LedgerError::failed(format!(
                "the ledger's open did not end within {} s",
                limit.as_secs()
            ))),
        }
    }

    /// Runs one call to its end.
    ///
    /// # Errors
    /// [`Lost::Hung`] if it did not end within the limit; the process is then of no more use.
    pub fn call(&mut self, call: &Call) -> Result<Reply, Lost> {
        if self.thread.is_none() || self.calls.send(call.clone()).is_err() {
            return Ok(Reply::Error(LedgerError::failed("the process is dead")));
        }
        self.wait()
    }

    /// Begins a call whose reply is asked for with [`Process::reply`].
    pub fn begin(&mut self, call: &Call) {
        // A dead process gives no reply, and says so when it is asked.
        let _ = self.calls.send(call.clone());
    }

    /// The reply to the call that was begun, if it has ended.
    pub fn reply(&mut self) -> Option<Reply> {
        match self.replies.try_recv() {
            Ok(reply) => Some(reply),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => {
                Some(Reply::Error(LedgerError::failed("the process is dead")))
            }
        }
    }

    /// The same, but waits for it so long.
    pub fn reply_within(&mut self, patience: Duration) -> Option<Reply> {
        match self.replies.recv_timeout(patience) {
            Ok(reply) => Some(reply),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => {
                Some(Reply::Error(LedgerError::failed("the process is dead")))
            }
        }
    }

    /// Whether nothing runs in it: all of its work waits for something from outside. What it had
    /// to say by then is there to be asked for.
    #[must_use]
    pub fn rests(&self) -> bool {
        self.rests.load(Ordering::SeqCst)
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
            match self.replies.recv_timeout(self.limit) {
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
                Err(RecvTimeoutError::Timeout) => {
                    self.thread = None;
                    return Err(Lost::Hung(self.limit));
                }
            }
        }
    }

    /// Gives the process up: its thread is left to itself.
    pub fn abandon(mut self) {
        self.thread = None;
    }

    fn wait(&mut self) -> Result<Reply, Lost> {
        match self.replies.recv_timeout(self.limit) {
            Ok(reply) => Ok(reply),
            Err(RecvTimeoutError::Disconnected) => {
                Ok(Reply::Error(LedgerError::failed("the process is dead")))
            }
            Err(RecvTimeoutError::Timeout) => {
                self.thread = None;
                Err(Lost::Hung(self.limit))
            }
        }
    }
}

/// Death: the runtime goes with all its connections and everything the ledger had in memory.
impl Drop for Process {
    fn drop(&mut self) {
        let (closed, _) = unbounded_channel();
        self.calls = closed;
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
    mut inbox: UnboundedReceiver<Call>,
    outbox: &Sender<Reply>,
    (dies, rests): (oneshot::Receiver<()>, Arc<AtomicBool>),
) {
    let wakes = Arc::clone(&rests);
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .on_thread_park(move || rests.store(true, Ordering::SeqCst))
        .on_thread_unpark(move || wakes.store(false, Ordering::SeqCst))
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            let _ = outbox.send(Reply::Error(LedgerError::failed(error)));
            return;
        }
    };
    let opened = runtime.block_on(async { guarded(subject.open(world)).await.flatten() });
    let instance: Box<dyn Instance> = match opened {
        Ok(instance) => instance,
        Err(error) => {
            let _ = outbox.send(Reply::Error(error));
            return;
        }
    };
    let _ = outbox.send(Reply::Done);
    let life = async {
        while let Some(call) = inbox.recv().await {
            let reply = guarded(instance.call(&call)).await;
            if outbox.send(reply.unwrap_or_else(Reply::Error)).is_err() {
                break;
            }
        }
    };
    let _ = caught(|| runtime.block_on(until(dies, life)));
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
async fn guarded<T>(code: impl Future<Output = T>) -> Result<T, LedgerError> {
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
