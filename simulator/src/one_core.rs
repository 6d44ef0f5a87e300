//! One core for a whole run.
//!
//! A schedule is one thing after another: a step, the ledger, the wire, PostgreSQL, and back.
//! Nothing of it could run beside the rest, and waking whoever sleeps on another core takes longer
//! than what there is to do. So a thread that plays schedules keeps to one core, with all threads
//! and processes that it starts from then on; another run takes another core.

use std::fs::File;

/// Keeps this thread on one core until it is dropped; whatever was started meanwhile stays there.
#[derive(Debug)]
#[must_use = "the thread may go anywhere again once this is dropped"]
pub struct OneCore {
    /// Where the thread might run before, and where it runs now.
    #[cfg(target_os = "linux")]
    cores: [rustix::thread::CpuSet; 2],
    /// The core's folder, locked: the mark that it is taken.
    _taken: File,
}

#[cfg(target_os = "linux")]
impl OneCore {
    /// Takes a core on which no other run of Badai is; `None` where all are taken, or no thread can
    /// be kept to one: then everything runs where the system likes.
    pub fn take() -> Option<Self> {
        use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

        let before = sched_getaffinity(None).ok()?;
        let may_run = |core: &usize| before.is_set(*core);
        (0..CpuSet::MAX_CPU).filter(may_run).find_map(|core| {
            let taken = File::open(format!("/sys/devices/system/cpu/cpu{core}")).ok()?;
            taken.try_lock().ok()?;
            let mut one = CpuSet::new();
            one.set(core);
            sched_setaffinity(None, &one).ok()?;
            Some(Self {
                cores: [before, one],
                _taken: taken,
            })
        })
    }

    /// Does what isn't to be kept there, such as starting what takes a core of its own.
    pub fn outside<T>(&self, does: impl FnOnce() -> T) -> T {
        use rustix::thread::sched_setaffinity;

        let [before, one] = &self.cores;
        let _ = sched_setaffinity(None, before);
        let done = does();
        let _ = sched_setaffinity(None, one);
        done
    }
}

#[cfg(target_os = "linux")]
impl Drop for OneCore {
    fn drop(&mut self) {
        // A thread that can't leave its core still runs.
        let _ = rustix::thread::sched_setaffinity(None, &self.cores[0]);
    }
}

#[cfg(not(target_os = "linux"))]
impl OneCore {
    /// Nothing: here no thread can be kept to a core.
    pub fn take() -> Option<Self> {
        None
    }

    /// Does it.
    pub fn outside<T>(&self, does: impl FnOnce() -> T) -> T {
        does()
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use rustix::thread::{CpuSet, sched_getaffinity};

    fn cores() -> CpuSet {
        sched_getaffinity(None).unwrap()
    }

    #[test]
    fn each_run_has_a_core_of_its_own_and_gives_it_back() {
        let before = cores();
        let taken = |core: &usize| {
            let folder = File::open(format!("/sys/devices/system/cpu/cpu{core}"));
            folder.is_ok_and(|folder| folder.try_lock().is_err())
        };
        if let Some(one) = OneCore::take() {
            let mine = cores();
            assert_eq!(mine.count(), 1);
            let beside = std::thread::spawn(|| (cores(), OneCore::take().map(|_| cores())));
            let (inherited, other) = beside.join().unwrap();
            assert_eq!(inherited, mine, "what it starts stays on its core");
            assert_eq!(other, None, "that core is taken");
            let outside = || std::thread::spawn(cores).join().unwrap();
            assert_eq!(one.outside(outside), before);
            assert_eq!(cores(), mine);
            drop(one);
        } else {
            let mut mine = (0..CpuSet::MAX_CPU).filter(|core| before.is_set(*core));
            assert!(mine.all(|core| taken(&core)), "other runs have all of them");
        }
        assert_eq!(cores(), before);
    }
}
