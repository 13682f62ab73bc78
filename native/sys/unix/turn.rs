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

/// For how long nobody is waited for after somebody has kept a byte: any user can keep all of them.
const NOT_WAITED: Duration = Duration::from_secs(10);

struct Locks {
    /// The owners' file.
    file: File,
    /// When it was looked whether that has its name still.
    looked: Instant,
    /// When somebody has kept a byte for longer than is waited.
    kept: Option<Instant>,
}

/// What all threads of this process take turns with.
static LOCKS: Mutex<Option<Locks>> = Mutex::new(None);

/// One turn at a segment's key.
pub struct Turn {
    locks: MutexGuard<'static, Option<Locks>>,
    byte: Range<u64>,
}

impl Turn {
    pub fn take(key: i32) -> Self {
        let byte = START + u64::from(u32::from_ne_bytes(key.to_ne_bytes()));
        let mut locks = LOCKS.lock().unwrap_or_else(PoisonError::into_inner);
        let is_believed = |locks: &Locks| locks.looked.elapsed() < BELIEVED;
        if !locks.as_ref().is_some_and(is_believed) {
            let (known, kept) = locks.take().map(|locks| (locks.file, locks.kept)).unzip();
            let known = known.filter(has_name);
            let file = known.or_else(|| Owners::open().ok().map(Owners::into_file));
            *locks = file.map(|file| Locks {
                file,
                looked: Instant::now(),
                kept: kept.flatten(),
            });
        }
        let mut turn = Self {
            locks,
            byte: byte..byte + 1,
        };
        turn.wait();
        turn
    }

    fn wait(&mut self) {
        let Some(Locks { file, kept, .. }) = &mut *self.locks else {
            return; // without the file threads take turns, and processes do not
        };
        let since = Instant::now();
        while let Ok(false) = lock_bytes(file, Lock::Exclusive, self.byte.clone()) {
            if kept.is_some_and(|kept| kept.elapsed() < NOT_WAITED) {
                return;
            }
            if since.elapsed() > PATIENCE {
                *kept = Some(Instant::now());
                return;
            }
            sleep(PAUSE);
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(Locks { file, .. }) = &*self.locks {
            let _ = unlock_bytes(file, self.byte.clone());
        }
    }
}

fn has_name(file: &File) -> bool {
    file.metadata().is_ok_and(|found| found.nlink() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_keeps_all_bytes_is_waited_for_once() {
        let theirs = Owners::open().unwrap().into_file();
        let key = 0x7eef_0001;
        let byte = START + 0x7eef_0001;
        assert!(lock_bytes(&theirs, Lock::Exclusive, byte..byte + 1).unwrap());
        let since = Instant::now();
        for _ in 0..20 {
            drop(Turn::take(key));
        }
        assert!(since.elapsed() >= PATIENCE);
        assert!(since.elapsed() < PATIENCE * 3);
    }
}
