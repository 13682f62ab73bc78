//! Linux: [futex(2)](https://man7.org/linux/man-pages/man2/futex.2.html) on shared memory, which
//! the kernel knows by object and offset: every mapping of it is the same futex.

use std::io;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rustix::io::Errno;
use rustix::thread::futex::{self, Flags, Wait, WaitFlags, WaitPtr, WaitvFlags};
use rustix::time::{clock_gettime, ClockId, Timespec};

/// Without `Flags::PRIVATE` the futex is one across processes.
const SHARED: Flags = Flags::empty();

/// Waits until the word is notified, if it still holds `expected`. `EAGAIN` if it holds another
/// value, `ETIMEDOUT` after `timeout`.
pub fn futex_wait(word: &AtomicU32, expected: u32, timeout: Option<Duration>) -> io::Result<()> {
    // An absolute time, so that a signal in between does not prolong the wait.
    let deadline = timeout.and_then(monotonic_time_after);
    loop {
        match futex::wait_bitset(word, SHARED, expected, deadline.as_ref(), NonZeroU32::MAX) {
            Err(Errno::INTR) => {}
            ended => return Ok(ended?),
        }
    }
}

/// Wakes up to `count` of those who wait longest for the word, and tells how many.
pub fn futex_wake(word: &AtomicU32, count: u32) -> io::Result<u32> {
    let count = count.min(i32::MAX.unsigned_abs());
    let woken = futex::wake(word, SHARED, count)?;
    Ok(u32::try_from(woken).unwrap_or(u32::MAX))
}

/// What one `futex_waitv` can wait for.
const WAITV_MAX: usize = 128;

/// How many words [`futex_wait_any`] can wait for: with `futex_waitv` (Linux 5.16 on) many.
pub fn futex_any_max() -> usize {
    static KNOWN: AtomicU32 = AtomicU32::new(0);
    let known = KNOWN.load(Ordering::Relaxed);
    if known != 0 {
        return known as usize;
    }
    let max = match futex::waitv(&[], WaitvFlags::empty(), None, ClockId::Monotonic) {
        Err(Errno::INVAL) => WAITV_MAX,
        _ => 1,
    };
    KNOWN.store(u32::try_from(max).unwrap_or(1), Ordering::Relaxed);
    max
}

/// Waits until one of the words is notified, if all of them hold what is expected; which one it
/// was. `EAGAIN` if one of them holds another value, `ETIMEDOUT` after `timeout`. Of several that
/// are notified at once only the last is told
/// ([futex_waitv](https://docs.kernel.org/userspace-api/futex2.html)).
pub fn futex_wait_any(words: &[(&AtomicU32, u32)], timeout: Option<Duration>) -> io::Result<usize> {
    if let [(word, expected)] = words {
        return futex_wait(word, *expected, timeout).map(|()| 0);
    }
    let wait_for = |&(word, expected): &(&AtomicU32, u32)| {
        let mut wait = Wait::new();
        wait.val = expected.into();
        wait.uaddr = WaitPtr::new(word.as_ptr().cast());
        wait.flags = WaitFlags::SIZE_U32;
        wait
    };
    let waits: Vec<Wait> = words.iter().map(wait_for).collect();
    let deadline = timeout.and_then(monotonic_time_after);
    let (none, clock) = (WaitvFlags::empty(), ClockId::Monotonic);
    Ok(futex::waitv(&waits, none, deadline.as_ref(), clock)?)
}

/// `None` if that lies beyond what the kernel can count: as good as never.
fn monotonic_time_after(duration: Duration) -> Option<Timespec> {
    clock_gettime(ClockId::Monotonic).checked_add(duration.try_into().ok()?)
}
