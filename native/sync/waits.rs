//! What other threads have to tell a JavaScript thread: which of its waits have ended.

use std::io;
use std::sync::{Mutex, PoisonError};

use neon::sys::bindings as napi;

use crate::node::callback::Callback;
use crate::sync::word::Word;

/// A wait's number, never used twice in a thread.
pub type Id = u64;

/// How an asynchronous wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Somebody notified the word.
    Notified,
    /// The word did not hold the value when the wait began.
    NotEqual,
    /// It was cancelled before anybody did.
    Cancelled,
}

/// What waits without blocking the thread that starts it. Of each wait that is started is told once
/// how it ended; `deliver`, which this was made with, is called when there is something to take.
pub trait Waits {
    /// Starts to wait for `word`, if it holds `expected`.
    fn start(&mut self, id: Id, word: &Word, expected: u32) -> io::Result<()>;

    /// Ends a wait that has not ended by itself.
    fn cancel(&mut self, id: Id) -> io::Result<()>;

    /// The waits that have ended since the last call.
    fn take(&mut self) -> Vec<(Id, Ended)>;

    /// Whether the process stays alive because waits could end.
    fn keep_alive(&self, env: napi::Env, keep: bool);
}

pub struct Inbox {
    ended: Mutex<Vec<(Id, Ended)>>,
    callback: Callback,
}

impl Inbox {
    pub fn new(callback: Callback) -> Self {
        Self {
            ended: Mutex::default(),
            callback,
        }
    }

    /// Tells the JavaScript thread; one call can serve for many waits.
    pub fn deliver(&self, id: Id, how: Ended) {
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        ended.push((id, how));
        let first = ended.len() == 1;
        drop(ended);
        if first {
            self.callback.call();
        }
    }

    /// Everything delivered since the last call.
    pub fn take(&self) -> Vec<(Id, Ended)> {
        std::mem::take(&mut *self.ended.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn keep_alive(&self, env: napi::Env, keep: bool) {
        self.callback.keep_alive(env, keep);
    }
}
