//! A blocking wait that can be interrupted without losing its place: it stays in the kernel's queue
//! while the thread that sleeps for it looks up.

use std::io;
use std::time::{Duration, Instant};

use crate::sync::ring_waits::ended;
use crate::sync::waits::{Ended, Id};
use crate::sync::word::{Outcome, Word};
use crate::sys::{self, Completions, Requests};

/// The one wait at a time of a thread that blocks.
pub struct QueuedWait {
    requests: Requests,
    completions: Completions,
    last: Id,
    /// The wait that has begun and not ended. Its word keeps the addresses.
    word: Option<Word>,
}

impl QueuedWait {
    /// Fails where the kernel cannot keep a place.
    pub fn new() -> io::Result<Self> {
        let (requests, completions) = sys::ring()?;
        Ok(Self {
            requests,
            completions,
            last: 0,
            word: None,
        })
    }

    /// Enters the queue.
    pub fn begin(&mut self, word: Word, expected: u32) -> io::Result<()> {
        self.last += 1;
        self.requests
            .futex_wait(self.last, word.address(), expected)?;
        self.word = Some(word);
        Ok(())
    }

    /// Sleeps until the wait ends; it goes on if that is not before `timeout`. No timeout is for ever.
    pub fn sleep(&mut self, timeout: Option<Duration>) -> Outcome {
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        loop {
            let left = deadline.map(|time| time.saturating_duration_since(Instant::now()));
            let Some(completed) = self.completions.sleep(left) else {
                return Outcome::Notified; // in vain, but nothing else would ever come
            };
            let mine = completed.into_iter().map(ended);
            if let Some((_, how)) = mine.into_iter().find(|&(id, _)| id == self.last) {
                self.word = None;
                return match how {
                    Ended::Notified => Outcome::Notified,
                    Ended::NotEqual => Outcome::NotEqual,
                    Ended::Cancelled => Outcome::TimedOut,
                };
            }
            if left.is_some_and(|left| left.is_zero()) {
                return Outcome::TimedOut;
            }
        }
    }

    /// Leaves the queue. A notification that was faster counts.
    pub fn end(&mut self) -> io::Result<Outcome> {
        self.requests.cancel(self.last)?;
        Ok(self.sleep(None))
    }
}

impl Drop for QueuedWait {
    /// The thread was ended in the middle of a wait: what had notified it is the next one's.
    fn drop(&mut self) {
        if let Some(word) = self.word.clone() {
            if matches!(self.end(), Ok(Outcome::Notified)) && !word.mapping().is_retired() {
                let _ = word.notify(1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::mapping::Mapping;
    use memmap2::MmapOptions;
    use std::sync::Arc;

    #[test]
    fn the_notification_of_a_wait_that_was_given_up_goes_to_the_next_one() {
        let (Ok(mut first), Ok(mut second)) = (QueuedWait::new(), QueuedWait::new()) else {
            return; // the system keeps no places
        };
        let pages = MmapOptions::new().len(4096).map_anon().unwrap();
        let mapping = Arc::new(Mapping::object(pages.into(), 0, 4096));
        let word = Word::new(&mapping, mapping.data() as usize).unwrap();
        first.begin(word.clone(), 0).unwrap();
        second.begin(word.clone(), 0).unwrap();
        let moment = Some(Duration::from_millis(1));
        assert_eq!(first.sleep(moment), Outcome::TimedOut);
        assert_eq!(word.notify(1).unwrap(), 1);
        assert_eq!(
            second.sleep(moment),
            Outcome::TimedOut,
            "it was not the first"
        );
        drop(first);
        assert_eq!(
            second.sleep(Some(Duration::from_secs(10))),
            Outcome::Notified
        );
    }
}
