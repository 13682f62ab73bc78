//! Asynchronous waits that are exact: each is in the kernel's queue from its start to its end, so that
//! a notification counts it, and wakes it in its turn.
//!
//! To cancel a wait the kernel looks for it among all of its ring. So many waits are spread over
//! several rings, and the search stays short.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use crate::sync::waits::{Ended, Id, Inbox, Waits};
use crate::sync::word::Word;
use crate::sys::{self, AnyReadable, Completed, Completions, Descriptor, Requests, Ring};

/// A ring more is opened when all have so many waits.
const WAITS_PER_RING: usize = 512;
/// The system call behind all requests to a ring.
pub const ENTER: &str = "io_uring_enter";
/// Each ring is an open file, of which a process may have a thousand or so.
const MAX_RINGS: usize = 128;

pub struct RingWaits {
    /// The rings in the order of their numbers. What has been opened for many waits stays open.
    rings: Vec<Waiters>,
    results: Arc<Results>,
    reaper: Option<Reaper>,
    /// How many waits have been started.
    started: u64,
}

struct Waiters {
    requests: Requests,
    /// How many waits have not been reported yet.
    waits: usize,
}

/// The results of all rings.
struct Results {
    rings: Mutex<Vec<Completions>>,
    /// The first ring, which is seldom not the only one.
    first: Arc<Ring>,
    /// The other rings. The first one is not among them: what is watched through a further descriptor
    /// costs each wait more.
    others: Arc<AnyReadable>,
}

/// The thread that takes the results where no event loop can watch for them.
struct Reaper {
    inbox: Arc<Inbox>,
    thread: Option<JoinHandle<()>>,
}

impl RingWaits {
    /// Waits whose end shows in one of two descriptors, which becomes readable.
    pub fn watched() -> io::Result<(Self, [Arc<dyn Descriptor>; 2])> {
        let exact = Self::new()?;
        let first = Arc::clone(&exact.results.first);
        let others = Arc::clone(&exact.results.others);
        Ok((exact, [first, others]))
    }

    /// Waits whose end a thread reports to the inbox.
    pub fn reaped(inbox: Inbox) -> io::Result<Self> {
        let mut exact = Self::new()?;
        exact.reaper = Some(Reaper::new(Arc::clone(&exact.results), Arc::new(inbox))?);
        Ok(exact)
    }

    fn new() -> io::Result<Self> {
        let (requests, completions) = sys::ring()?;
        Ok(Self {
            results: Arc::new(Results {
                first: requests.ring(),
                rings: Mutex::new(vec![completions]),
                others: Arc::new(AnyReadable::new()?),
            }),
            rings: vec![Waiters { requests, waits: 0 }],
            reaper: None,
            started: 0,
        })
    }

    fn open(&mut self) -> io::Result<()> {
        let (requests, completions) = sys::ring()?;
        self.results.others.add(&*requests.ring())?;
        let mut rings = self
            .results
            .rings
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        rings.push(completions);
        self.rings.push(Waiters { requests, waits: 0 });
        Ok(())
    }

    /// The number of the ring for the next wait.
    fn choose(&mut self) -> usize {
        let has_room = |ring: &Waiters| ring.waits < WAITS_PER_RING;
        if let Some(number) = self.rings.iter().position(has_room) {
            return number;
        }
        if self.rings.len() < MAX_RINGS && self.open().is_ok() {
            return self.rings.len() - 1;
        }
        let numbers = 0..self.rings.len();
        let least = numbers.min_by_key(|number| self.rings[*number].waits);
        least.unwrap_or_default()
    }

    fn forget(&mut self, ended: &[(Id, Ended)]) {
        for (id, _) in ended {
            self.rings[ring_of(*id)].waits -= 1;
        }
    }
}

/// The number of a wait's ring, which is a part of its own.
#[allow(clippy::cast_possible_truncation)] // less than MAX_RINGS
fn ring_of(id: Id) -> usize {
    (id % MAX_RINGS as Id) as usize
}

/// What the result of a request says of the wait.
pub fn ended((id, result): Completed) -> (Id, Ended) {
    let how = match -result {
        libc::ECANCELED => Ended::Cancelled,
        libc::EAGAIN => Ended::NotEqual,
        _ => Ended::Notified,
    };
    (id, how)
}

impl Waits for RingWaits {
    fn syscall(&self) -> &'static str {
        ENTER
    }

    fn start(&mut self, word: &Word, expected: u32) -> io::Result<Id> {
        let number = self.choose();
        let id = (self.started + 1) * MAX_RINGS as Id + number as Id;
        let ring = &mut self.rings[number];
        ring.requests.futex_wait(id, word.address(), expected)?;
        ring.waits += 1;
        self.started += 1;
        Ok(id)
    }

    fn cancel(&mut self, id: Id) -> io::Result<()> {
        self.rings[ring_of(id)].requests.cancel(id)
    }

    fn take(&mut self) -> Vec<(Id, Ended)> {
        let ended = match &self.reaper {
            None => self.results.take().unwrap_or_default(),
            Some(reaper) => reaper.inbox.take(),
        };
        self.forget(&ended);
        ended
    }

    fn take_some(&mut self) -> Vec<(Id, Ended)> {
        let ended = match &self.reaper {
            None => {
                self.results.sleep();
                let ended = self.results.take().unwrap_or_default();
                // What has been taken does not show in the descriptor any more.
                let _ = self.rings[0].requests.wake();
                ended
            }
            Some(reaper) => reaper.inbox.take_some(),
        };
        self.forget(&ended);
        ended
    }
}

impl Drop for RingWaits {
    fn drop(&mut self) {
        let mut rings = self.rings.iter_mut();
        let all_ended = rings.all(|ring| ring.requests.end().is_ok());
        if let (true, Some(reaper)) = (all_ended, &mut self.reaper) {
            // A panic there has been printed; there is nothing to add.
            let _ = reaper.thread.take().map(JoinHandle::join);
        }
    }
}

impl Results {
    /// Sleeps until something has completed, or for no reason.
    fn sleep(&self) {
        sys::sleep_until_readable(&self.first, &self.others);
    }

    /// The waits that have ended since the last call, who waits longest first; `None` if there will be
    /// no more.
    fn take(&self) -> Option<Vec<(Id, Ended)>> {
        let mut rings = self.rings.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = Vec::new();
        for completions in &mut *rings {
            all.extend(completions.take()?.into_iter().map(ended));
        }
        if rings.len() > 1 {
            all.sort_unstable_by_key(|(id, _)| *id);
        }
        Some(all)
    }
}

impl Reaper {
    fn new(results: Arc<Results>, inbox: Arc<Inbox>) -> io::Result<Self> {
        let reports = Arc::clone(&inbox);
        let reap = move || loop {
            results.sleep();
            let Some(ended) = results.take() else {
                return;
            };
            for (id, how) in ended {
                reports.report(id, how);
            }
        };
        let thread = thread::Builder::new().name("shm-wait".into()).spawn(reap)?;
        Ok(Self {
            inbox,
            thread: Some(thread),
        })
    }
}
