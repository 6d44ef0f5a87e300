//! The calls under way in one instance, on the instance's own thread.
//!
//! Any number of calls may be under way; somebody outside may ask that only one of them goes on
//! (*attention*), so that whatever the instance does next is known to be that one's doing.
//!
//! # Rest
//!
//! An operation that waits for a mutex or a connection looks like one whose answer is still on its
//! way. What tells them apart: the thread has parked *twice* in a row and no operation went on
//! between. The first park proves nothing, for it comes before the runtime has looked at its
//! sockets.

use super::call::{Call, Reply};
use super::process::guarded;
use super::subject::Instance;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;
use tokio::sync::mpsc::UnboundedReceiver;

/// What an instance's thread is asked.
pub(super) enum Wish {
    /// A call begins.
    Call(Ticket, Call),
    /// Only this call goes on from now on; all, if it is `None`.
    Attend(Option<Ticket>),
    /// Tell when nothing goes on, or that something did.
    Rest,
    /// So much time has passed.
    Pass(Duration),
}

/// What an instance's thread tells.
pub(super) enum Told {
    /// The instance is open, or why not.
    Opened(Result<(), super::LedgerError>),
    /// A call has ended.
    Ended(Ticket, Reply),
    /// Whether the thread came to rest without any call going on before.
    Rested(bool),
}

/// Which call, counted by whoever sends them.
pub type Ticket = u64;

/// Parks in a row that prove that nothing goes on.
const PARKS: u32 = 2;

/// Counts the thread's parks while somebody asks for rest.
#[derive(Default)]
pub(super) struct Parks {
    asked: AtomicBool,
    parks: AtomicU32,
    /// Wakes the thread once more, so that it parks again.
    root: Mutex<Option<Waker>>,
}

impl Parks {
    /// The runtime calls this whenever its thread is about to park.
    pub(super) fn park(&self) {
        if self.asked.load(Ordering::SeqCst) {
            self.parks.fetch_add(1, Ordering::SeqCst);
            let root = self.root.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(root) = &*root {
                root.wake_by_ref();
            }
        }
    }
}

/// One call under way.
struct Run {
    ticket: Ticket,
    future: Pin<Box<dyn Future<Output = Reply>>>,
    woken: Arc<Woken>,
}

/// Remembers that a call can go on, until it may.
struct Woken {
    is: AtomicBool,
    root: Waker,
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }
    fn wake_by_ref(self: &Arc<Self>) {
        self.is.store(true, Ordering::SeqCst);
        self.root.wake_by_ref();
    }
}

/// All calls under way.
pub(super) struct Floor {
    instance: Arc<dyn Instance>,
    inbox: UnboundedReceiver<Wish>,
    outbox: Sender<Told>,
    parks: Arc<Parks>,
    running: Vec<Run>,
    attended: Option<Ticket>,
}

impl Floor {
    pub(super) fn new(
        instance: Arc<dyn Instance>,
        inbox: UnboundedReceiver<Wish>,
        outbox: Sender<Told>,
        parks: Arc<Parks>,
    ) -> Self {
        Self {
            instance,
            inbox,
            outbox,
            parks,
            running: Vec::new(),
            attended: None,
        }
    }

    /// Serves until nobody asks any more.
    pub(super) async fn serve(mut self) {
        std::future::poll_fn(|context| self.poll(context)).await;
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        while let Poll::Ready(wish) = self.inbox.poll_recv(context) {
            match wish {
                Some(wish) => self.take(wish, context),
                None => return Poll::Ready(()),
            }
        }
        let went_on = self.go_on();
        if self.parks.asked.load(Ordering::SeqCst) {
            let parks = self.parks.parks.load(Ordering::SeqCst);
            if went_on || parks >= PARKS {
                self.parks.asked.store(false, Ordering::SeqCst);
                let _ = self.outbox.send(Told::Rested(!went_on));
            }
        }
        Poll::Pending
    }

    fn take(&mut self, wish: Wish, context: &mut Context<'_>) {
        match wish {
            Wish::Call(ticket, call) => {
                let instance = Arc::clone(&self.instance);
                let woken = Arc::new(Woken {
                    is: AtomicBool::new(true),
                    root: context.waker().clone(),
                });
                let future = Box::pin(async move {
                    let reply = guarded(instance.call(&call)).await;
                    reply.unwrap_or_else(Reply::Error)
                });
                self.running.push(Run {
                    ticket,
                    future,
                    woken,
                });
            }
            Wish::Attend(attended) => self.attended = attended,
            Wish::Pass(time) => {
                tokio::time::pause();
                // The clock is set when this is polled; what it waits for then is only another poll.
                let _ = pin!(tokio::time::advance(time)).poll(context);
                tokio::time::resume();
            }
            Wish::Rest => {
                let root = Some(context.waker().clone());
                *self
                    .parks
                    .root
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner) = root;
                self.parks.parks.store(0, Ordering::SeqCst);
                self.parks.asked.store(true, Ordering::SeqCst);
            }
        }
    }

    /// Lets every call go on that can and may; true if one did.
    fn go_on(&mut self) -> bool {
        let mut went_on = false;
        let mut place = 0;
        while let Some(run) = self.running.get_mut(place) {
            let may = self.attended.is_none_or(|ticket| ticket == run.ticket);
            if !may || !run.woken.is.swap(false, Ordering::SeqCst) {
                place += 1;
                continue;
            }
            went_on = true;
            let waker = Waker::from(Arc::clone(&run.woken));
            match run.future.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(reply) => {
                    let run = self.running.remove(place);
                    let _ = self.outbox.send(Told::Ended(run.ticket, reply));
                }
                Poll::Pending => place += 1,
            }
        }
        went_on
    }
}
