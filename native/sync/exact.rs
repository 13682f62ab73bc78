//! Asynchronous waits that are exact, with a ring of `io_uring`.
//!
//! Node's event loop watches the ring itself. Where that cannot be had, a thread of ours reaps what
//! has ended, and tells the event loop.

use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use neon::prelude::*;
use neon::sys::bindings as napi;

use super::ring::{self, Completions, Requests};
use crate::node::callback::{Callback, Deliver};
use crate::node::event_loop::Watch;
use crate::sync::waits::{Ended, Id, Inbox, Waits};
use crate::sync::word::Word;

/// Waits that are each in the kernel's queue from their start to their end; `None` where the system
/// has none. The event loop may be asked to watch only where it is really libuv's.
pub fn exact_waits(
    cx: &mut FunctionContext,
    deliver: &Deliver,
    by_event_loop: bool,
) -> Option<Box<dyn Waits>> {
    let (requests, completions) = ring::new().ok()?;
    let watch = by_event_loop.then(|| Watch::new(cx, requests.ring(), Rc::clone(deliver)));
    let heard = if let Some(watch) = watch.flatten() {
        Heard::ByEventLoop(watch, completions)
    } else {
        let inbox = Arc::new(Inbox::new(Callback::new(cx, deliver).ok()?));
        let reaper = spawn(completions, Arc::clone(&inbox)).ok()?;
        Heard::ByReaper(inbox, Some(reaper))
    };
    Some(Box::new(Exact { requests, heard }))
}

struct Exact {
    requests: Requests,
    heard: Heard,
}

/// How is heard of waits that have ended.
enum Heard {
    ByEventLoop(Watch, Completions),
    ByReaper(Arc<Inbox>, Option<JoinHandle<()>>),
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
        match &mut self.heard {
            Heard::ByEventLoop(_, completions) => completions.take(),
            Heard::ByReaper(inbox, _) => inbox.take(),
        }
    }

    fn keep_alive(&self, env: napi::Env, keep: bool) {
        match &self.heard {
            Heard::ByEventLoop(watch, _) => watch.keep_alive(keep),
            Heard::ByReaper(inbox, _) => inbox.keep_alive(env, keep),
        }
    }
}

impl Drop for Exact {
    fn drop(&mut self) {
        let ended = self.requests.end();
        if let (Ok(()), Heard::ByReaper(_, reaper)) = (ended, &mut self.heard) {
            // A panic there has been printed; there is nothing to add.
            let _ = reaper.take().map(JoinHandle::join);
        }
    }
}
