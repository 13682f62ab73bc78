//! Waits that do not block the thread that starts them, and how it is told which of them have ended.

use std::io;
use std::sync::{Condvar, Mutex, PoisonError};

use crate::sync::word::Word;

/// A wait's number: a later wait has a greater one.
pub type Id = u64;

/// How such a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Somebody notified the word.
    Notified,
    /// The word did not hold the value when the wait began.
    NotEqual,
    /// It was cancelled before anybody did.
    Cancelled,
}

/// What can wait without blocking. It reports each wait that was started once.
pub trait Waits {
    /// The system call that starts and cancels waits, which an error is of.
    fn syscall(&self) -> &'static str;

    /// Starts to wait for `word`, if it holds `expected`.
    fn start(&mut self, word: &Word, expected: u32) -> io::Result<Id>;

    /// Asks for the end of a wait; one that has ended by itself is left as it is.
    fn cancel(&mut self, id: Id) -> io::Result<()>;

    /// The waits that have ended since the last call.
    fn take(&mut self) -> Vec<(Id, Ended)>;

    /// Like `take`, and sleeps until there is one: for waits that have been cancelled, which end soon.
    /// The owner is alarmed nevertheless, as it may keep what it is given for then.
    fn take_some(&mut self) -> Vec<(Id, Ended)>;
}

/// Where other threads put the waits that have ended.
pub struct Inbox {
    ended: Mutex<Vec<(Id, Ended)>>,
    is_filled: Condvar,
    alarm: Box<dyn Fn() + Send + Sync>,
}

impl Inbox {
    /// `alarm` has the owner look into the inbox soon; any thread may call it.
    pub fn new(alarm: impl Fn() + Send + Sync + 'static) -> Self {
        Self {
            ended: Mutex::default(),
            is_filled: Condvar::new(),
            alarm: Box::new(alarm),
        }
    }

    /// Reports a wait; one alarm can serve for many.
    pub fn report(&self, id: Id, how: Ended) {
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        ended.push((id, how));
        let first = ended.len() == 1;
        drop(ended);
        if first {
            self.is_filled.notify_one();
            (self.alarm)();
        }
    }

    /// Everything reported since the last call.
    pub fn take(&self) -> Vec<(Id, Ended)> {
        std::mem::take(&mut *self.ended.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The same, and sleeps until there is something.
    pub fn take_some(&self) -> Vec<(Id, Ended)> {
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        let filled = self.is_filled.wait_while(ended, |ended| ended.is_empty());
        std::mem::take(&mut *filled.unwrap_or_else(PoisonError::into_inner))
    }
}
