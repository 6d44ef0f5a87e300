//! Whether anything is under way on a proxy's lines: what tells an operation that waits for
//! something in its own process from one whose bytes are still travelling.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// What goes on in all conversations of one proxy.
#[derive(Clone, Debug, Default)]
pub struct Traffic(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    busy: AtomicUsize,
    moved: AtomicU64,
}

impl Traffic {
    /// How many conversations don't rest: their clients have sent something that isn't answered,
    /// but for units that are held. What is still unread in a socket isn't known here: ask twice,
    /// with a turn of the proxy's own runtime between.
    #[must_use]
    pub fn busy(&self) -> usize {
        self.0.busy.load(Ordering::SeqCst)
    }

    /// Grows whenever something moves in any conversation.
    #[must_use]
    pub fn moved(&self) -> u64 {
        self.0.moved.load(Ordering::SeqCst)
    }

    /// A conversation begins, with something to say.
    pub(super) fn begin(&self) -> Share {
        self.0.busy.fetch_add(1, Ordering::SeqCst);
        self.0.moved.fetch_add(1, Ordering::SeqCst);
        Share {
            traffic: self.clone(),
            busy: true,
        }
    }
}

/// One conversation's part in it; over when it is dropped.
#[derive(Debug)]
pub(super) struct Share {
    traffic: Traffic,
    busy: bool,
}

impl Share {
    /// Something moved, and afterwards the conversation is busy or rests.
    pub(super) fn moved(&mut self, busy: bool) {
        let counts = &self.traffic.0;
        counts.moved.fetch_add(1, Ordering::SeqCst);
        if busy && !self.busy {
            counts.busy.fetch_add(1, Ordering::SeqCst);
        } else if !busy && self.busy {
            counts.busy.fetch_sub(1, Ordering::SeqCst);
        }
        self.busy = busy;
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        if self.busy {
            self.traffic.0.busy.fetch_sub(1, Ordering::SeqCst);
        }
    }
}
