//! Asynchronous waits that are exact, with a ring of `io_uring`: a thread of ours reaps what has ended.

use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use super::ring::{self, Completions, Requests};
use crate::futex::Word;
use crate::inbox::{Id, Inbox, Waits};

/// Asynchronous waits that are exact: each is in the kernel's queue from its start to its end.
pub fn exact_waits(inbox: Arc<Inbox>) -> io::Result<Box<dyn Waits>> {
    let (requests, completions) = ring::new()?;
    let reaper = Some(spawn(completions, inbox)?);
    Ok(Box::new(Exact { requests, reaper }))
}

struct Exact {
    requests: Requests,
    reaper: Option<JoinHandle<()>>,
}

fn spawn(mut completions: Completions, inbox: Arc<Inbox>) -> io::Result<JoinHandle<()>> {
    let reap = move || {
        while let Some(ended) = completions.sleep() {
            for (id, how) in ended {
                inbox.deliver(id, how);
            }
        }
    };
    thread::Builder::new().name("shm-wait".into()).spawn(reap)
}

impl Waits for Exact {
    fn start(&mut self, id: Id, word: &Word, expected: u32) -> io::Result<()> {
        self.requests.start(id, word, expected)
    }

    fn cancel(&mut self, id: Id) -> io::Result<()> {
        self.requests.cancel(id)
    }
}

impl Drop for Exact {
    fn drop(&mut self) {
        if let (Ok(()), Some(reaper)) = (self.requests.end(), self.reaper.take()) {
            // A panic there has been printed; there is nothing to add.
            let _ = reaper.join();
        }
    }
}
