//! What one thread watches: it sleeps for as many words at once as the system lets it, and takes turns among
//! the rest.
//!
//! Between two sleeps a notification finds no waiter. So a word that has changed by the next sleep
//! counts as notified: no wakeup is lost, and at worst one comes that was meant for another.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::sync::waits::{Ended, Id, Inbox};
use crate::sync::word::Word;
use crate::sys;

/// How long a thread sleeps for some of its waits while others wait for their turn.
const TURN: Duration = Duration::from_millis(10);

#[derive(Clone)]
struct Wait {
    word: Word,
    expected: u32,
    /// Whether the thread may be asleep for it, or has been woken and has not looked at it yet.
    has_turn: bool,
    is_cancelled: bool,
}

/// The memory of a wait's word stays as long as the wait is here: whoever detaches it cancels the
/// wait first, and sleeps until its end is reported.
#[derive(Default)]
struct Watched {
    /// The oldest first.
    waits: BTreeMap<Id, Wait>,
    /// Where the next turn begins, while there are more waits than a turn takes.
    next: Id,
    stop: bool,
}

/// What a thread watches. Whoever changes that rings the bell, a futex among the others.
pub struct Watch {
    watched: Mutex<Watched>,
    bell: AtomicU32,
    inbox: Arc<Inbox>,
}

impl Watch {
    pub fn new(inbox: Arc<Inbox>) -> Self {
        Self {
            watched: Mutex::default(),
            bell: AtomicU32::new(0),
            inbox,
        }
    }

    /// How many waits there are.
    pub fn load(&self) -> usize {
        self.lock().waits.len()
    }

    /// Watches a word for one more wait.
    pub fn add(&self, id: Id, word: &Word, expected: u32) {
        let wait = Wait {
            word: word.clone(),
            expected,
            has_turn: false,
            is_cancelled: false,
        };
        self.lock().waits.insert(id, wait);
        self.ring();
    }

    /// Has [`Watch::run`] return.
    pub fn stop(&self) {
        self.lock().stop = true;
        self.ring();
    }

    fn lock(&self) -> MutexGuard<'_, Watched> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ring(&self) {
        self.bell.fetch_add(1, Ordering::SeqCst);
        let rung = sys::futex_wake(&self.bell, 1);
        debug_assert!(rung.is_ok());
    }

    /// Whether the wait was still there. One that has its turn ends when the thread has looked at it:
    /// a notification may have been faster.
    pub fn cancel(&self, id: Id) -> bool {
        let mut watched = self.lock();
        let Some(wait) = watched.waits.get_mut(&id) else {
            return false;
        };
        if wait.has_turn {
            wait.is_cancelled = true;
            drop(watched);
            self.ring();
        } else {
            watched.waits.remove(&id);
            self.inbox.report(id, Ended::Cancelled);
        }
        true
    }

    /// Watches, `at_once` waits at a time, until it is stopped.
    pub fn run(&self, at_once: usize) {
        loop {
            let bell = self.bell.load(Ordering::SeqCst);
            let (waits, more) = {
                let mut watched = self.lock();
                if watched.stop {
                    return;
                }
                let more = watched.waits.len() > at_once;
                (watched.turn(at_once), more)
            };
            let woken = self.sleep(bell, &waits, more || at_once == 1);
            self.look_at(&waits, woken);
        }
    }

    /// Sleeps for the waits and the bell; the index of a wait that was notified.
    fn sleep(&self, bell: u32, waits: &[(Id, Wait)], in_turns: bool) -> Option<usize> {
        // Where only one word can be slept for, the bell is looked at between two turns.
        let has_bell = !in_turns || waits.len() != 1;
        // Of several that are notified at once the kernel tells the last one. So the bell is the
        // first: that it was rung shows in its value, too.
        let bell = has_bell.then_some((&self.bell, bell));
        let others = waits
            .iter()
            .map(|(_, wait)| (wait.word.atomic(), wait.expected));
        let words: Vec<(&AtomicU32, u32)> = bell.into_iter().chain(others).collect();
        let timeout = (in_turns && !waits.is_empty()).then_some(TURN);
        let woken = sys::futex_wait_any(&words, timeout);
        woken.ok()?.checked_sub(words.len() - waits.len())
    }

    /// Reports what was notified, with those that wait longer for the same word, what was cancelled
    /// and what changed.
    fn look_at(&self, waits: &[(Id, Wait)], woken: Option<usize>) {
        let mut watched = self.lock();
        for (index, (id, Wait { word, expected, .. })) in waits.iter().enumerate() {
            let is_notified = woken.is_some_and(|last| {
                index <= last && waits[last].1.word.address() == word.address()
            });
            let is_cancelled = watched.waits[id].is_cancelled;
            let how = if is_cancelled && !is_notified {
                Ended::Cancelled
            } else if is_notified || word.load() != *expected {
                Ended::Notified
            } else {
                watched
                    .waits
                    .entry(*id)
                    .and_modify(|wait| wait.has_turn = false);
                continue;
            };
            watched.waits.remove(id);
            self.inbox.report(*id, how);
        }
    }
}

impl Watched {
    /// The waits to sleep for now, up to so many: everyone's turn comes.
    fn turn(&mut self, at_once: usize) -> Vec<(Id, Wait)> {
        let start = if self.waits.len() > at_once {
            self.next
        } else {
            0
        };
        let later = self.waits.range(start..);
        let earlier = self.waits.range(..start);
        let ids: Vec<Id> = later
            .chain(earlier)
            .map(|(id, _)| *id)
            .take(at_once)
            .collect();
        self.next = ids.last().map_or(0, |id| id + 1);
        let mut turn = Vec::with_capacity(ids.len());
        for id in ids {
            if let Some(wait) = self.waits.get_mut(&id) {
                wait.has_turn = true;
                turn.push((id, wait.clone()));
            }
        }
        turn
    }
}
