//! Who may look whether anybody has a segment, and remove it then, or attach it: one process at a time. The kernel
//! does both in two steps each, so that a segment could be removed right after somebody has found it.

use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::MetadataExt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::byte_locks::{lock_bytes, unlock_bytes, Lock};
use super::owners::Owners;

/// Where the bytes of all keys begin in the owners' file: far behind the numbers of threads.
const START: u64 = 1 << 61;

/// How long another process may take, which are microseconds as a rule. Who keeps the byte for longer, without any right
/// over the segment, does not stop anybody.
const PATIENCE: Duration = Duration::from_millis(100);
const PAUSE: Duration = Duration::from_micros(50);

/// How long the owners' file is believed to have its name still: who removes it while this package is in use has two
/// processes take their turns apart for so long, and may have a segment removed that has just been attached.
const BELIEVED: Duration = Duration::from_millis(100);

/// The owners' file, and when it was looked whether that is still the one; which thread of this process has its turn.
static LOCKS: Mutex<Option<(File, Instant)>> = Mutex::new(None);

/// One turn at a segment's key.
pub struct Turn {
    locks: MutexGuard<'static, Option<(File, Instant)>>,
    byte: Range<u64>,
}

impl Turn {
    pub fn take(key: i32) -> Self {
        let byte = START + u64::from(u32::from_ne_bytes(key.to_ne_bytes()));
        let mut locks = LOCKS.lock().unwrap_or_else(PoisonError::into_inner);
        let is_believed = |(_, since): &(File, Instant)| since.elapsed() < BELIEVED;
        if !locks.as_ref().is_some_and(is_believed) {
            let known = locks.take().map(|(file, _)| file).filter(has_name);
            let file = known.or_else(|| Owners::open().ok().map(Owners::into_file));
            *locks = file.map(|file| (file, Instant::now()));
        }
        let turn = Self {
            locks,
            byte: byte..byte + 1,
        };
        turn.wait();
        turn
    }

    fn wait(&self) {
        let Some((file, _)) = &*self.locks else {
            return; // without the file threads take turns, and processes do not
        };
        let since = Instant::now();
        while let Ok(false) = lock_bytes(file, Lock::Exclusive, self.byte.clone()) {
            if since.elapsed() > PATIENCE {
                return;
            }
            sleep(PAUSE);
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some((file, _)) = &*self.locks {
            let _ = unlock_bytes(file, self.byte.clone());
        }
    }
}

fn has_name(file: &File) -> bool {
    file.metadata().is_ok_and(|found| found.nlink() > 0)
}
