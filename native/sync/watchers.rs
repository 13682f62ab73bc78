//! Asynchronous waits by a few threads, where the kernel has no `io_uring` with futexes.

use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;

use crate::sync::waits::{Ended, Id, Inbox, Waits};
use crate::sync::watch::Watch;
use crate::sync::word::Word;
use crate::sys;

/// A further thread is started when all have as many waits as they can sleep for at once.
const MAX_THREADS: usize = 8;

struct Watcher {
    watch: Arc<Watch>,
    thread: Option<JoinHandle<()>>,
}

/// The waits of one JavaScript thread.
pub struct Watchers {
    inbox: Arc<Inbox>,
    threads: Vec<Watcher>,
    /// How many waits a thread can sleep for at once.
    at_once: usize,
    /// The number of the last wait.
    last: Id,
}

impl Watchers {
    /// `single` makes each thread sleep for one word at a time, as on old kernels.
    pub fn new(inbox: Arc<Inbox>, single: bool) -> Self {
        let max = if single { 1 } else { sys::futex_any_max() };
        Self {
            inbox,
            threads: Vec::new(),
            at_once: max.saturating_sub(1).max(1),
            last: 0,
        }
    }

    /// The thread with the fewest waits, or a new one if that is busy.
    fn choose(&mut self) -> io::Result<usize> {
        let load = |watcher: &Watcher| watcher.watch.load();
        let least = (0..self.threads.len()).min_by_key(|&index| load(&self.threads[index]));
        match least {
            Some(index)
                if self.threads.len() == MAX_THREADS
                    || load(&self.threads[index]) < self.at_once =>
            {
                Ok(index)
            }
            _ => {
                let inbox = Arc::clone(&self.inbox);
                self.threads.push(Watcher::new(inbox, self.at_once)?);
                Ok(self.threads.len() - 1)
            }
        }
    }
}

impl Waits for Watchers {
    fn syscall(&self) -> &'static str {
        "pthread_create"
    }

    fn start(&mut self, word: &Word, expected: u32) -> io::Result<Id> {
        self.last += 1;
        let id = self.last;
        if word.load() != expected {
            self.inbox.report(id, Ended::NotEqual);
            return Ok(id);
        }
        let index = self.choose()?;
        self.threads[index].watch.add(id, word, expected);
        Ok(id)
    }

    fn cancel(&mut self, id: Id) -> io::Result<()> {
        let mut watches = self.threads.iter().map(|watcher| &watcher.watch);
        watches.any(|watch| watch.cancel(id));
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
    fn new(inbox: Arc<Inbox>, at_once: usize) -> io::Result<Self> {
        let watch = Arc::new(Watch::new(inbox));
        let thread = {
            let watch = Arc::clone(&watch);
            std::thread::Builder::new()
                .name("shm-wait".to_string())
                .spawn(move || watch.run(at_once))?
        };
        Ok(Self {
            watch,
            thread: Some(thread),
        })
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.watch.stop();
        if let Some(thread) = self.thread.take() {
            // A panic there has been printed; there is nothing to add.
            let _ = thread.join();
        }
    }
}
