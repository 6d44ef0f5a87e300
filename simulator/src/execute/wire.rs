//! The wire of a stage: a line for each instance, and the watch over their database.

use super::line::{Line, News, Victims};
use crate::server::{Database, Reach, Server, ServerError, Watch};
use std::cell::{RefCell, RefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// Both lines, what is told from them, and whether they hold.
pub(super) struct Wire {
    lines: [Line; 2],
    news: Receiver<News>,
    hold: Arc<AtomicBool>,
    victims: Victims,
    /// Only where calls run inside one another.
    watched: RefCell<Option<Watched>>,
    pauses: bool,
}

/// A database that has gates, and what of its doings is left to us.
pub(super) struct Watched {
    pub(super) watch: Watch,
    reach: Option<Reach>,
    /// Whether deadlocks are left to us.
    pub(super) keeps_deadlocks: bool,
}

impl Watched {
    /// What can be chosen in the database. The ledger is open by now, and has made its tables.
    pub(super) fn reach(&mut self) -> Result<Reach, ServerError> {
        let reach = match self.reach {
            Some(reach) => reach,
            None => self.watch.look()?,
        };
        self.reach = Some(reach);
        Ok(reach)
    }
}

impl Wire {
    /// Opens both lines to a server.
    pub(super) fn open(server: &Server) -> Result<Self, super::StageError> {
        let (tell, news) = channel();
        let hold = Arc::new(AtomicBool::new(false));
        let victims = Victims::default();
        let open = |number| {
            let upstream = server.address();
            let (hold, victims) = (Arc::clone(&hold), victims.clone());
            Line::open(number, upstream, hold, victims, tell.clone())
                .map_err(super::StageError::Wire)
        };
        Ok(Self {
            lines: [open(0)?, open(1)?],
            news,
            hold,
            victims,
            watched: RefCell::new(None),
            pauses: server.is_ours(),
        })
    }

    /// Watches a database of the same server that has gates, from before the ledger connects: a
    /// session keeps what it began with.
    pub(super) fn watch_over(
        &self,
        server: &Server,
        database: &Database,
    ) -> Result<(), ServerError> {
        let keeps_deadlocks = server.keep_deadlocks(database);
        let watched = Watched {
            watch: server.watch(database)?,
            reach: None,
            keeps_deadlocks,
        };
        self.watched.replace(Some(watched));
        Ok(())
    }

    /// Whether calls can run inside one another: somebody sees who waits for whom.
    pub(super) fn watches(&self) -> bool {
        self.watched.borrow().is_some()
    }

    /// An instance's line.
    pub(super) fn line(&self, instance: usize) -> &Line {
        &self.lines[instance % 2]
    }

    /// An instance's own way to a database.
    pub(super) fn url(&self, instance: usize, database: &Database) -> String {
        self.line(instance).url(database)
    }

    /// The next thing that a doorkeeper tells; waits for it if `patient`.
    pub(super) fn news(&self, patience: Duration, patient: bool) -> Option<News> {
        if patient {
            self.news.recv_timeout(patience).ok()
        } else {
            self.news.try_recv().ok()
        }
    }

    /// Whether the doorkeepers hold.
    pub(super) fn hold(&self, hold: bool) {
        self.hold.store(hold, Ordering::SeqCst);
    }

    /// How many connections on an instance's line wait for an answer, and how much ever moved.
    pub(super) fn probe(&self, instance: usize) -> (usize, u64) {
        self.line(instance).probe()
    }

    /// The backend's statement is about to be broken off, to end a deadlock.
    pub(super) fn condemn(&self, backend: u32) {
        self.victims.add(backend);
    }

    /// Who watches over the database; nothing where nobody does.
    pub(super) fn watched(&self) -> Option<RefMut<'_, Watched>> {
        RefMut::filter_map(self.watched.borrow_mut(), Option::as_mut).ok()
    }

    /// Whether backends may be stopped, so that of several waiters a chosen one goes first.
    pub(super) fn pauses(&self) -> bool {
        self.pauses
    }

    /// What is left to PostgreSQL here, in sentences for a report.
    pub(super) fn left_out(&self) -> Vec<String> {
        let mut left = Vec::new();
        let watched = self.watched.borrow();
        let Some(watched) = &*watched else {
            return left;
        };
        let many = watched.reach.map_or(0, |reach| reach.ungated);
        if many > 0 {
            left.push(format!(
                "{many} tables belong to somebody else: writes to them inside a function move \
                 with it"
            ));
        }
        if !watched.keeps_deadlocks {
            left.push("a deadlock's victim is PostgreSQL's own choice here".to_owned());
        }
        if !self.pauses {
            left.push("which of several waiters goes first is PostgreSQL's own choice".to_owned());
        }
        left
    }
}
