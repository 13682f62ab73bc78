//! A 32-bit word of shared memory that threads of any process can wait for.

use std::io;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::Arc;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::memory::mapping::Mapping;
use crate::sys;

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Notified,
    NotEqual,
    TimedOut,
}

/// One word of a mapping. A detach puts private zero pages there, which no other process can notify, and
/// gives the addresses back where they are the engine's: it has to end the waits for the word first.
#[derive(Clone)]
pub struct Word {
    mapping: Arc<Mapping>,
    offset: usize,
}

impl Word {
    /// The word at an address; `None` if it is not aligned or not wholly in the mapping's data.
    pub fn new(mapping: &Arc<Mapping>, address: usize) -> Option<Self> {
        let offset = address.checked_sub(mapping.data() as usize)?;
        let inside = offset.checked_add(4)? <= mapping.len();
        (inside && address % 4 == 0).then(|| Self {
            mapping: Arc::clone(mapping),
            offset,
        })
    }

    pub fn mapping(&self) -> &Arc<Mapping> {
        &self.mapping
    }

    /// Where the word is as long as its memory is attached.
    pub fn address(&self) -> *const u32 {
        let address = self.mapping.data().wrapping_add(self.offset);
        address.cast_const().cast()
    }

    pub fn atomic(&self) -> &AtomicU32 {
        // SAFETY: aligned, and mapped: a detach ends the waits on its memory before that goes, and
        // nothing else has a word for longer than a call. Everybody uses it atomically.
        unsafe { &*self.address().cast() }
    }

    pub fn load(&self) -> u32 {
        self.atomic().load(Ordering::SeqCst)
    }

    /// Replaces the value if it is `expected`; what it was.
    pub fn compare_exchange(&self, expected: u32, replacement: u32) -> u32 {
        self.atomic()
            .compare_exchange(expected, replacement, Ordering::SeqCst, Ordering::SeqCst)
            .unwrap_or_else(|found| found)
    }

    /// Sleeps until somebody notifies the word, if it holds `expected`; no timeout is for ever.
    pub fn wait(&self, expected: u32, timeout: Option<Duration>) -> Result<Outcome> {
        if self.load() != expected {
            return Ok(Outcome::NotEqual);
        }
        match sys::futex_wait(self.atomic(), expected, timeout) {
            Ok(()) => Ok(Outcome::Notified),
            Err(error) => match error.raw_os_error() {
                Some(libc::EAGAIN) => Ok(Outcome::NotEqual),
                Some(libc::ETIMEDOUT) => Ok(Outcome::TimedOut),
                _ => Err(futex_error(&error)),
            },
        }
    }

    /// Wakes up to `count` waiters, those who wait longest first; how many it were.
    pub fn notify(&self, count: u32) -> Result<u32> {
        if count == 0 {
            return Ok(0); // Linux would wake one
        }
        sys::futex_wake(self.atomic(), count).map_err(|error| futex_error(&error))
    }
}

/// What went wrong when a thread waited or notified.
fn futex_error(error: &io::Error) -> Error {
    Error::from_io(error, "futex")
}

#[cfg(test)]
mod tests {
    use super::*;
    use memmap2::MmapOptions;
    use std::time::Instant;

    fn word() -> Word {
        let pages = MmapOptions::new().len(4096).map_anon().unwrap();
        let mapping = Arc::new(Mapping::object(pages.into(), 8, 100));
        let address = mapping.data() as usize + 96;
        Word::new(&mapping, address).unwrap()
    }

    #[test]
    fn a_word_is_aligned_and_inside() {
        let word = word();
        let start = word.mapping().data() as usize;
        for (offset, valid) in [(0, true), (96, true), (2, false), (97, false), (100, false)] {
            assert_eq!(Word::new(word.mapping(), start + offset).is_some(), valid);
        }
        assert!(Word::new(word.mapping(), start - 8).is_none());
    }

    #[test]
    fn a_wait_ends_by_value_time_or_notification() {
        let word = word();
        assert_eq!(word.wait(1, None).unwrap(), Outcome::NotEqual);
        let started = Instant::now();
        let time = Duration::from_millis(20);
        assert_eq!(word.wait(0, Some(time)).unwrap(), Outcome::TimedOut);
        assert!(started.elapsed() >= time);
        assert_eq!(word.notify(1).unwrap(), 0);
        assert_eq!(word.notify(0).unwrap(), 0);
        let waiter = {
            let word = word.clone();
            std::thread::spawn(move || word.wait(0, None).unwrap())
        };
        while word.notify(u32::MAX).unwrap() == 0 {
            std::thread::yield_now();
        }
        assert_eq!(waiter.join().unwrap(), Outcome::Notified);
    }
}
