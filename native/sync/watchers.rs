//! Asynchronous waits by a few threads, where the system has no better way: each thread sleeps
//! for as many words at once as the system lets it, and takes turns among the rest.
//!
//! Between two sleeps a notification finds nobody. So a word that has changed by the next sleep
//! counts as notified: no wakeup is lost, and at worst one comes that was meant for another.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::sync::waits::{Ended, Id, Inbox, Waits};
use crate::sync::word::Word;
use crate::sys;

/// A thread more is started when all have as many waits as they can sleep for at once.
const MAX_THREADS: usize = 8;
/// How long a thread sleeps while more waits than those are its to watch.
const TURN: Duration = Duration::from_millis(10);

#[derive(Clone)]
struct Wait {
    word: Word,
    expected: u32,
}

/// The memory of a wait's word stays as long as the wait is here: whoever detaches it cancels the
/// wait first.
#[derive(Default)]
struct Watched {
    /// The oldest first.
    waits: BTreeMap<Id, Wait>,
    /// Where the next turn begins, while there are more waits than a turn takes.
    next: Id,
    stop: bool,
}

/// What a thread watches. Whoever changes that rings the bell, a futex among the others.
struct Watch {
    watched: Mutex<Watched>,
    bell: AtomicU32,
    inbox: Arc<Inbox>,
}

/// What all threads of one JavaScript thread watch.
type Group = Arc<Mutex<Vec<Arc<Watch>>>>;

struct Watcher {
    watch: Arc<Watch>,
    thread: Option<JoinHandle<()>>,
}

/// The waits of one JavaScript thread.
pub struct Threads {
    inbox: Arc<Inbox>,
    watchers: Vec<Watcher>,
    group: Group,
    /// How many waits a thread can sleep for at once.
    at_once: usize,
    /// The number of the last wait.
    last: Id,
}

impl Threads {
    /// `single` makes each thread sleep for one word at a time, as on old kernels.
    pub fn new(inbox: Arc<Inbox>, single: bool) -> Self {
        let max = if single { 1 } else { sys::futex_any_max() };
        Self {
            inbox,
            watchers: Vec::new(),
            group: Group::default(),
            at_once: max.saturating_sub(1).max(1),
            last: 0,
        }
    }

    /// The thread with the fewest waits, or a new one if that is busy.
    fn choose(&mut self) -> io::Result<usize> {
        let load = |watcher: &Watcher| watcher.watch.lock().waits.len();
        let least = (0..self.watchers.len()).min_by_key(|&index| load(&self.watchers[index]));
        match least {
            Some(index)
                if self.watchers.len() == MAX_THREADS
                    || load(&self.watchers[index]) < self.at_once =>
            {
                Ok(index)
            }
            _ => {
                let inbox = Arc::clone(&self.inbox);
                self.watchers
                    .push(Watcher::new(inbox, &self.group, self.at_once)?);
                Ok(self.watchers.len() - 1)
            }
        }
    }
}

impl Waits for Threads {
    fn start(&mut self, word: &Word, expected: u32) -> io::Result<Id> {
        self.last += 1;
        let id = self.last;
        if word.load() != expected {
            self.inbox.report(id, Ended::NotEqual);
            return Ok(id);
        }
        let index = self.choose()?;
        let wait = Wait {
            word: word.clone(),
            expected,
        };
        let watch = &self.watchers[index].watch;
        watch.lock().waits.insert(id, wait);
        watch.ring();
        Ok(id)
    }

    fn cancel(&mut self, id: Id) -> io::Result<()> {
        let mut watches = self.watchers.iter().map(|watcher| &watcher.watch);
        if let Some(watch) = watches.find(|watch| watch.remove(id)) {
            watch.ring();
            self.inbox.report(id, Ended::Cancelled);
        }
        Ok(())
    }

    fn take(&mut self) -> Vec<(Id, Ended)> {
        self.inbox.take()
    }

    fn take_some(&mut self) -> Vec<(Id, Ended)> {
        self.inbox.take_some()
    }
}

impl Watcher {
    fn new(inbox: Arc<Inbox>, group: &Group, at_once: usize) -> io::Result<Self> {
        let watch = Arc::new(Watch {
            watched: Mutex::default(),
            bell: AtomicU32::new(0),
            inbox,
        });
        let thread = {
            let (watch, group) = (Arc::clone(&watch), Arc::clone(group));
            std::thread::Builder::new()
                .name("shm-wait".to_string())
                .spawn(move || watch.run(at_once, &group))?
        };
        locked(group).push(Arc::clone(&watch));
        Ok(Self {
            watch,
            thread: Some(thread),
        })
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.watch.lock().stop = true;
        self.watch.ring();
        if let Some(thread) = self.thread.take() {
            // A panic there has been printed; there is nothing to add.
            let _ = thread.join();
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Watch {
    fn lock(&self) -> MutexGuard<'_, Watched> {
        locked(&self.watched)
    }

    fn ring(&self) {
        self.bell.fetch_add(1, Ordering::SeqCst);
        let rung = sys::futex_wake(self.bell.as_ptr(), 1);
        debug_assert!(rung.is_ok());
    }

    /// Whether the wait was still there.
    fn remove(&self, id: Id) -> bool {
        self.lock().waits.remove(&id).is_some()
    }

    fn run(&self, at_once: usize, group: &Group) {
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
            self.look_at(&waits, woken, group);
        }
    }

    /// Sleeps for the waits and the bell; the index of a wait that was notified.
    fn sleep(&self, bell: u32, waits: &[(Id, Wait)], briefly: bool) -> Option<usize> {
        // One word only: the bell is heard between two turns, or when there is nothing else.
        let deaf = briefly && waits.len() == 1;
        // Of several that are notified at once the kernel tells the last one. So the bell is the
        // first: that it was rung shows in its value, too.
        let bell = (!deaf).then_some((self.bell.as_ptr().cast_const(), bell));
        let others = waits
            .iter()
            .map(|(_, wait)| (wait.word.address(), wait.expected));
        let words: Vec<(*const u32, u32)> = bell.into_iter().chain(others).collect();
        let timeout = (briefly && !waits.is_empty()).then_some(TURN);
        let woken = sys::futex_wait_any(&words, timeout);
        woken.ok()?.checked_sub(words.len() - waits.len())
    }

    /// Reports the oldest wait for the word as notified; `false` if there is none.
    fn report_one(&self, word: &Word) -> bool {
        let mut watched = self.lock();
        let mut waits = watched.waits.iter();
        let next = waits.find(|(_, wait)| wait.word.address() == word.address());
        let next = next.map(|(id, _)| *id);
        if let Some(id) = next {
            watched.waits.remove(&id);
            self.inbox.report(id, Ended::Notified);
        }
        next.is_some()
    }

    /// A wakeup that was meant for a cancelled wait is the next one's. The kernel does not know the
    /// waits of this thread, which is not asleep at this moment, and those of others that are not.
    fn pass_on(&self, word: &Word, group: &Group) {
        // A notification fails for an address only.
        if self.report_one(word) || word.notify(1).is_ok_and(|woken| woken > 0) {
            return;
        }
        let all = locked(group).clone();
        all.iter().any(|watch| watch.report_one(word));
    }

    /// Reports what was notified, with those that wait longer for the same word, and what changed.
    fn look_at(&self, waits: &[(Id, Wait)], woken: Option<usize>, group: &Group) {
        for (index, (id, wait)) in waits.iter().enumerate() {
            let notified = woken.is_some_and(|last| {
                index <= last && waits[last].1.word.address() == wait.word.address()
            });
            let mut watched = self.lock();
            // A cancelled wait's memory may be the engine's again: it is not to be looked at.
            if watched.waits.contains_key(id) {
                if notified || wait.word.load() != wait.expected {
                    watched.waits.remove(id);
                    self.inbox.report(*id, Ended::Notified);
                }
            } else if notified {
                drop(watched);
                self.pass_on(&wait.word, group);
            }
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
        let turn: Vec<_> = later
            .chain(earlier)
            .take(at_once)
            .map(|(id, wait)| (*id, wait.clone()))
            .collect();
        self.next = turn.last().map_or(0, |(id, _)| id + 1);
        turn
    }
}
