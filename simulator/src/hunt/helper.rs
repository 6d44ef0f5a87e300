//! A second process that fights some of the duels, on a core and a server of its own.
//!
//! Whoever hunts takes duels from the front, its helper from the back, until they meet. What the
//! helper did counts only where nothing was wrong with it: a duel in which something broke is fought
//! again by whoever hunts. So a run says the same with a helper and without one, only sooner.
//!
//! They talk over the helper's standard input, which is a socket:
//!
//! ```text
//! the hunt    7                        fight the seventh duel
//! the helper  {"schedules": 11, …}     all is well, and this was counted
//!             null                     something isn't, or wasn't seen to its end
//! ```

use super::tally::Tally;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// The helper; its process ends when this is dropped.
#[derive(Debug)]
pub struct Helper {
    process: Option<Child>,
    asks: UnixStream,
}

impl Helper {
    /// Starts a process that is to call [`help`](super::help) with what [`asker`] gives it.
    ///
    /// # Errors
    /// It can't be started.
    pub fn start(mut command: Command) -> std::io::Result<Self> {
        let (asks, theirs) = UnixStream::pair()?;
        let process = command
            .stdin(OwnedFd::from(theirs))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let process = Some(process);
        Ok(Self { process, asks })
    }

    /// Whoever answers at the other end of a socket.
    #[must_use]
    pub fn at(asks: UnixStream) -> Self {
        let process = None;
        Self { process, asks }
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// The way to whoever asks this process, a helper, for help.
///
/// # Errors
/// Standard input can't be had.
pub fn asker() -> std::io::Result<UnixStream> {
    Ok(std::io::stdin().as_fd().try_clone_to_owned()?.into())
}

/// Answers what is asked, until nothing more is: by what was counted, where that is all there is to
/// tell.
pub(super) fn answer<E>(
    asker: UnixStream,
    mut fight: impl FnMut(usize) -> Result<Option<Tally>, E>,
) -> Result<(), E> {
    let Ok(mut tells) = asker.try_clone() else {
        return Ok(());
    };
    for asked in BufReader::new(asker).lines() {
        let Some(number) = asked.ok().and_then(|line| line.parse().ok()) else {
            break;
        };
        let counted = fight(number)?;
        let line = serde_json::to_string(&counted).unwrap_or_default();
        if writeln!(tells, "{line}").is_err() {
            break;
        }
    }
    Ok(())
}

/// Which duels are whose.
#[derive(Debug)]
pub struct Shares {
    table: Arc<Table>,
    all: usize,
    helper: Option<Helper>,
}

/// One more duel, in their order.
pub(super) struct Turn {
    pub(super) number: usize,
    /// What the helper counted there, if it did and all was well.
    pub(super) counted: Option<Tally>,
}

#[derive(Debug, Default)]
struct Table {
    state: Mutex<State>,
    told: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// The next for whoever hunts.
    front: usize,
    /// From here on they are the helper's.
    back: usize,
    counted: BTreeMap<usize, Option<Tally>>,
    /// The helper will tell nothing more.
    gone: bool,
}

impl Table {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the helper one after another, until they meet or it is gone.
    fn serve(&self, asks: &UnixStream) {
        let mut tells = BufReader::new(asks).lines();
        while let Some(number) = self.give() {
            let mut to = asks;
            let told = writeln!(to, "{number}").ok().and_then(|()| tells.next());
            let Some(counted) = told.and_then(Result::ok) else {
                break;
            };
            let counted = serde_json::from_str(&counted).unwrap_or(None);
            let mut state = self.state();
            if state.gone {
                return;
            }
            state.counted.insert(number, counted);
            self.told.notify_all();
        }
        self.state().gone = true;
        self.told.notify_all();
    }

    /// The last that nobody has. The first is never given away: what is seen of the ledger's tables
    /// there, whoever hunts must see.
    fn give(&self) -> Option<usize> {
        let mut state = self.state();
        if state.gone || state.back <= state.front.max(1) {
            return None;
        }
        state.back -= 1;
        Some(state.back)
    }
}

impl Shares {
    /// So many, and who helps with them.
    pub(super) fn among(all: usize, helper: Option<Helper>) -> Self {
        let table = Arc::new(Table::default());
        table.state().back = all;
        let asks = helper.as_ref().and_then(|it| it.asks.try_clone().ok());
        if let Some(asks) = asks {
            let table = Arc::clone(&table);
            std::thread::spawn(move || table.serve(&asks));
        } else {
            table.state().gone = true;
        }
        Self { table, all, helper }
    }

    /// The next, in order; waits for what the helper is at.
    pub(super) fn next(&self) -> Option<Turn> {
        let mut state = self.table.state();
        let number = state.front;
        if number >= self.all {
            return None;
        }
        state.front += 1;
        if number < state.back {
            let counted = None;
            return Some(Turn { number, counted });
        }
        while !state.gone && !state.counted.contains_key(&number) {
            let told = self.table.told.wait(state);
            state = told.unwrap_or_else(PoisonError::into_inner);
        }
        let counted = state.counted.remove(&number).flatten();
        Some(Turn { number, counted })
    }

    /// The helper is let go; what it has done counts no more.
    pub fn alone(&mut self) {
        let mut state = self.table.state();
        (state.back, state.gone) = (self.all, true);
        state.counted.clear();
        drop(state);
        self.helper = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tally in which so many deaths were counted, to tell one from another.
    fn counted(deaths: u32) -> Tally {
        let mut tally = Tally::default();
        tally.deaths = deaths;
        tally
    }

    /// Shares of so many, with a helper that does what it is asked as `fight` says.
    fn with_helper(
        all: usize,
        fight: impl FnMut(usize) -> Result<Option<Tally>, ()> + Send + 'static,
    ) -> Shares {
        let (asks, theirs) = UnixStream::pair().unwrap();
        std::thread::spawn(move || answer(theirs, fight));
        Shares::among(all, Some(Helper::at(asks)))
    }

    #[test]
    fn each_duel_has_its_turn_once_and_in_order_whoever_fought_it() {
        let shares = with_helper(40, |number| {
            let well = number % 3 > 0;
            Ok(well.then(|| counted(u32::try_from(number).unwrap())))
        });
        let mut helped = 0;
        for wanted in 0..40 {
            let turn = shares.next().unwrap();
            assert_eq!(turn.number, wanted);
            if let Some(tally) = turn.counted {
                assert_eq!(usize::try_from(tally.deaths).unwrap(), wanted);
                assert!(wanted % 3 > 0, "what isn't well is fought again");
                helped += 1;
            }
            if wanted == 10 {
                // So many are the helper's by now, whatever the machine is at.
                while shares.table.state().counted.len() < 9 {
                    std::thread::yield_now();
                }
            }
        }
        assert!(helped > 0 && shares.next().is_none());
    }

    #[test]
    fn what_a_lost_helper_was_at_is_fought_by_whoever_hunts() {
        let shares = with_helper(5, |_| Err(()));
        let turns: Vec<Turn> = std::iter::from_fn(|| shares.next()).collect();
        assert_eq!(turns.len(), 5);
        assert!(turns.iter().all(|turn| turn.counted.is_none()));
    }

    #[test]
    fn nothing_that_a_helper_did_counts_once_it_is_let_go() {
        let mut shares = with_helper(6, |_| Ok(Some(counted(1))));
        assert!(shares.next().is_some_and(|turn| turn.number == 0));
        while shares.table.state().counted.len() < 3 {
            std::thread::yield_now();
        }
        shares.alone();
        let rest: Vec<Turn> = std::iter::from_fn(|| shares.next()).collect();
        let numbers: Vec<usize> = rest.iter().map(|turn| turn.number).collect();
        assert_eq!(numbers, [1, 2, 3, 4, 5]);
        assert!(rest.iter().all(|turn| turn.counted.is_none()));
    }

    #[test]
    fn who_has_no_helper_fights_all() {
        let shares = Shares::among(3, None);
        let turns: Vec<Turn> = std::iter::from_fn(|| shares.next()).collect();
        assert_eq!(turns.len(), 3);
        assert!(turns.iter().all(|turn| turn.counted.is_none()));
    }
}
