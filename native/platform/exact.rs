//! Asynchronous waits that are exact, with a ring of `io_uring`: a thread of ours reaps what has ended.

use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use neon::prelude::*;
use neon::sys::bindings as napi;

use super::ring::{self, Completions, Requests};
use crate::callback::{Callback, Deliver};
use crate::futex::Word;
use crate::inbox::{Ended, Id, Inbox, Waits};

/// Waits that are each in the kernel's queue from their start to their end; `None` where the system
/// has none.
pub fn exact_waits(cx: &mut FunctionContext, deliver: &Deliver) -> Option<Box<dyn Waits>> {
    let (requests, completions) = ring::new().ok()?;
    let inbox = Arc::new(Inbox::new(Callback::new(cx, deliver).ok()?));
    let reaper = Some(spawn(completions, Arc::clone(&inbox)).ok()?);
    Some(Box::new(Exact {
        requests,
        inbox,
        reaper,
    }))
}

struct Exact {
    requests: Requests,
    inbox: Arc<Inbox>,
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

    fn take(&mut self) -> Vec<(Id, Ended)> {
        self.inbox.take()
    }

    fn keep_alive(&self, env: napi::Env, keep: bool) {
        self.inbox.keep_alive(env, keep);
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
