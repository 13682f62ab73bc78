//! Asynchronous waits that are exact: each is in the kernel's queue from its start to its end, so that
//! a notification counts it, and wakes it in its turn.

use std::io;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use crate::sync::waits::{Ended, Id, Inbox, Waits};
use crate::sync::word::Word;
use crate::sys::{self, Completed, Completions, Requests};

pub struct Exact {
    requests: Requests,
    results: Results,
}

/// Who takes the results of the requests from the ring.
enum Results {
    /// The thread that waits, whose event loop watches the ring.
    Ours(Completions),
    /// A thread for nothing else.
    Reaped(Arc<Inbox>, Option<JoinHandle<()>>),
}

impl Exact {
    /// Waits whose end shows in a descriptor, which becomes readable.
    pub fn watched() -> io::Result<(Self, Arc<dyn AsRawFd>)> {
        let (requests, completions) = sys::ring()?;
        let descriptor = requests.ring();
        let results = Results::Ours(completions);
        Ok((Self { requests, results }, descriptor))
    }

    /// Waits whose end a thread reports to the inbox.
    pub fn reaped(inbox: Inbox) -> io::Result<Self> {
        let (requests, completions) = sys::ring()?;
        let inbox = Arc::new(inbox);
        let reaper = spawn(completions, Arc::clone(&inbox))?;
        let results = Results::Reaped(inbox, Some(reaper));
        Ok(Self { requests, results })
    }
}

fn spawn(mut completions: Completions, inbox: Arc<Inbox>) -> io::Result<JoinHandle<()>> {
    let reap = move || {
        while let Some(completed) = completions.sleep(None) {
            for (id, how) in completed.into_iter().map(ended) {
                inbox.report(id, how);
            }
        }
    };
    thread::Builder::new().name("shm-wait".into()).spawn(reap)
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

impl Waits for Exact {
    fn start(&mut self, id: Id, word: &Word, expected: u32) -> io::Result<()> {
        self.requests.futex_wait(id, word.address(), expected)
    }

    fn cancel(&mut self, id: Id) -> io::Result<()> {
        self.requests.cancel(id)
    }

    fn take(&mut self) -> Vec<(Id, Ended)> {
        match &mut self.results {
            Results::Ours(completions) => completions.take().into_iter().map(ended).collect(),
            Results::Reaped(inbox, _) => inbox.take(),
        }
    }

    fn take_some(&mut self) -> Vec<(Id, Ended)> {
        match &mut self.results {
            Results::Ours(completions) => {
                let completed = completions.sleep(None).unwrap_or_default();
                // What has been taken does not show in the descriptor any more.
                let _ = self.requests.wake();
                completed.into_iter().map(ended).collect()
            }
            Results::Reaped(inbox, _) => inbox.take_some(),
        }
    }
}

impl Drop for Exact {
    fn drop(&mut self) {
        let ended = self.requests.end();
        if let (Ok(()), Results::Reaped(_, reaper)) = (ended, &mut self.results) {
            // A panic there has been printed; there is nothing to add.
            let _ = reaper.take().map(JoinHandle::join);
        }
    }
}
