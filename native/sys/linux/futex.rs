//! Linux: [futex(2)](https://man7.org/linux/man-pages/man2/futex.2.html) on shared memory, which
//! the kernel knows by object and offset: every mapping of it is the same futex. An address that is
//! not mapped is an error (`EFAULT`).

use std::io;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Where mutex owners have their locks: all who share memory by name share this file system.
pub const OWNERS: &str = "/dev/shm/.shm-typed-array-owners";

/// Waits until the word is notified, if it still holds `expected`. `EAGAIN` if it holds another
/// value, `ETIMEDOUT` after `timeout`.
pub fn futex_wait(word: *const u32, expected: u32, timeout: Option<Duration>) -> io::Result<()> {
    // An absolute time, so that a signal in between does not prolong the wait.
    let deadline = timeout.and_then(monotonic_time_after);
    let deadline = deadline.as_ref().map_or(std::ptr::null(), |time| time);
    loop {
        // SAFETY: the kernel compares the word, if it is mapped, and changes nothing; the deadline is
        // null or points to a local. Without FUTEX_PRIVATE_FLAG the futex is one across processes.
        let status = unsafe {
            libc::syscall(
                libc::SYS_futex,
                word,
                libc::FUTEX_WAIT_BITSET,
                expected,
                deadline,
                std::ptr::null::<u32>(),
                libc::FUTEX_BITSET_MATCH_ANY,
            )
        };
        if status == 0 {
            return Ok(());
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

/// Wakes up to `count` of those who wait longest for the word, and tells how many.
pub fn futex_wake(word: *const u32, count: u32) -> io::Result<u32> {
    let count = i32::try_from(count).unwrap_or(i32::MAX);
    // SAFETY: to the kernel the address is only what others wait for.
    let woken = unsafe { libc::syscall(libc::SYS_futex, word, libc::FUTEX_WAKE, count) };
    u32::try_from(woken).map_err(|_| io::Error::last_os_error())
}

const SYS_FUTEX_WAITV: libc::c_long = 449;
/// What one `futex_waitv` can wait for.
const WAITV_MAX: usize = 128;
/// A word of 32 bits, shared between processes.
const FUTEX_32: u32 = 2;

/// The kernel's `struct futex_waitv`.
#[repr(C)]
struct WaitV {
    expected: u64,
    word: u64,
    flags: u32,
    reserved: u32,
}

/// How many words [`futex_wait_any`] can wait for: with `futex_waitv` (Linux 5.16 on) many.
pub fn futex_any_max() -> usize {
    static KNOWN: AtomicU32 = AtomicU32::new(0);
    let known = KNOWN.load(Ordering::Relaxed);
    if known != 0 {
        return known as usize;
    }
    let nothing = std::ptr::null::<WaitV>();
    // SAFETY: waiting for no futex is refused before any pointer is looked at.
    unsafe { libc::syscall(SYS_FUTEX_WAITV, nothing, 0, 0, nothing, 0) };
    let max = match io::Error::last_os_error().raw_os_error() {
        Some(libc::EINVAL) => WAITV_MAX,
        _ => 1,
    };
    KNOWN.store(u32::try_from(max).unwrap_or(1), Ordering::Relaxed);
    max
}

/// Waits until one of the words is notified, if all of them hold what is expected; which one it
/// was. `EAGAIN` if one of them holds another value, `ETIMEDOUT` after `timeout`. Of several that
/// are notified at once only the last is told
/// ([futex_waitv](https://docs.kernel.org/userspace-api/futex2.html)).
pub fn futex_wait_any(words: &[(*const u32, u32)], timeout: Option<Duration>) -> io::Result<usize> {
    if let [(word, expected)] = words {
        return futex_wait(*word, *expected, timeout).map(|()| 0);
    }
    let waits: Vec<WaitV> = words
        .iter()
        .map(|&(word, expected)| WaitV {
            expected: expected.into(),
            word: word as u64,
            flags: FUTEX_32,
            reserved: 0,
        })
        .collect();
    let deadline = timeout.and_then(monotonic_time_after);
    let deadline = deadline.as_ref().map_or(std::ptr::null(), |time| time);
    // SAFETY: the list is as long as is said, the kernel only compares the words, the deadline is null
    // or points to a local.
    let woken = unsafe {
        libc::syscall(
            SYS_FUTEX_WAITV,
            waits.as_ptr(),
            waits.len(),
            0,
            deadline,
            libc::CLOCK_MONOTONIC,
        )
    };
    usize::try_from(woken).map_err(|_| io::Error::last_os_error())
}

/// `None` if that lies beyond what the kernel can count: as good as never.
fn monotonic_time_after(duration: Duration) -> Option<libc::timespec> {
    let mut now = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `now` is a local to write to, and every kernel has this clock.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut now) };
    let start = Duration::new(now.tv_sec.try_into().ok()?, now.tv_nsec.try_into().ok()?);
    let end = start.checked_add(duration)?;
    Some(libc::timespec {
        tv_sec: end.as_secs().try_into().ok()?,
        tv_nsec: end.subsec_nanos().into(),
    })
}
