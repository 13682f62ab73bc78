//! macOS: `os_sync_wait_on_address` (14.4 on), found at run time, and before that the system call
//! under it. Both know shared memory by object and offset, as a futex does.

use std::ffi::c_void;
use std::io;
use std::mem::transmute;
use std::sync::atomic::AtomicU32;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::sys::symbol;

type Wait = unsafe extern "C" fn(*mut c_void, u64, usize, u32) -> i32;
type WaitWithTimeout = unsafe extern "C" fn(*mut c_void, u64, usize, u32, u32, u64) -> i32;
type Wake = unsafe extern "C" fn(*mut c_void, usize, u32) -> i32;

const OS_SYNC_SHARED: u32 = 1;
const OS_CLOCK_MACH_ABSOLUTE_TIME: u32 = 32;

const UL_COMPARE_AND_WAIT_SHARED: u32 = 3;
const ULF_NO_ERRNO: u32 = 0x0100_0000;
const LONGEST: Duration = Duration::from_secs(3600);

extern "C" {
    fn __ulock_wait(operation: u32, word: *mut c_void, value: u64, microseconds: u32) -> i32;
    fn __ulock_wake(operation: u32, word: *mut c_void, value: u64) -> i32;
    fn mach_timebase_info(info: *mut [u32; 2]) -> i32;
}

/// What macOS 14.4 brought.
struct Symbols {
    wait: Wait,
    wait_with_timeout: WaitWithTimeout,
    wake_any: Wake,
}

fn symbols() -> Option<&'static Symbols> {
    static SYMBOLS: OnceLock<Option<Symbols>> = OnceLock::new();
    SYMBOLS
        .get_or_init(|| {
            let wait = symbol(c"os_sync_wait_on_address")?;
            let wait_with_timeout = symbol(c"os_sync_wait_on_address_with_timeout")?;
            let wake_any = symbol(c"os_sync_wake_by_address_any")?;
            // SAFETY: these are the signatures of <os/os_sync_wait_on_address.h>.
            Some(unsafe {
                Symbols {
                    wait: transmute::<*mut c_void, Wait>(wait),
                    wait_with_timeout: transmute::<*mut c_void, WaitWithTimeout>(wait_with_timeout),
                    wake_any: transmute::<*mut c_void, Wake>(wake_any),
                }
            })
        })
        .as_ref()
}

/// How often the kernel may find the word's page paged out before that is an error.
const MAX_PAGE_FAULTS: u32 = 1000;

/// Waits until the word is notified, if it still holds `expected`; another value counts as a
/// notification, which these calls do not tell from it. `ETIMEDOUT` after `timeout`.
pub fn futex_wait(word: &AtomicU32, expected: u32, timeout: Option<Duration>) -> io::Result<()> {
    let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    let mut page_faults = 0;
    loop {
        let left = deadline.map(|time| time.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            return Err(io::Error::from_raw_os_error(libc::ETIMEDOUT));
        }
        let word = word.as_ptr().cast();
        let status = match symbols() {
            Some(symbols) => wait_on_address(symbols, word, expected, left),
            None => ulock_wait(word, expected, left),
        };
        match status {
            Ok(()) => return Ok(()),
            // A timeout is decided above: the calls have a longest one of their own.
            Err(libc::EINTR | libc::ETIMEDOUT) => {}
            Err(libc::EFAULT) if page_faults < MAX_PAGE_FAULTS => page_faults += 1,
            Err(errno) => return Err(io::Error::from_raw_os_error(errno)),
        }
    }
}

fn wait_on_address(
    symbols: &Symbols,
    word: *mut c_void,
    expected: u32,
    left: Option<Duration>,
) -> Result<(), i32> {
    // SAFETY: the kernel compares the 4 bytes, if they are mapped, and changes nothing.
    let status = unsafe {
        match left {
            None => (symbols.wait)(word, expected.into(), 4, OS_SYNC_SHARED),
            Some(left) => (symbols.wait_with_timeout)(
                word,
                expected.into(),
                4,
                OS_SYNC_SHARED,
                OS_CLOCK_MACH_ABSOLUTE_TIME,
                ticks(left.min(LONGEST)),
            ),
        }
    };
    if status >= 0 {
        return Ok(());
    }
    Err(io::Error::last_os_error()
        .raw_os_error()
        .unwrap_or(libc::EIO))
}

fn ulock_wait(word: *mut c_void, expected: u32, left: Option<Duration>) -> Result<(), i32> {
    // 0 microseconds would be for ever.
    let microseconds = left.map_or(0, |left| {
        u32::try_from(left.min(LONGEST).as_micros()).map_or(u32::MAX, |time| time.max(1))
    });
    // SAFETY: the kernel compares the word, if it is mapped, and changes nothing.
    let status = unsafe {
        __ulock_wait(
            UL_COMPARE_AND_WAIT_SHARED | ULF_NO_ERRNO,
            word,
            expected.into(),
            microseconds,
        )
    };
    if status >= 0 {
        Ok(())
    } else {
        Err(-status)
    }
}

fn ticks(duration: Duration) -> u64 {
    let mut base = [1_u32; 2];
    // SAFETY: the structure is two 32-bit numbers, numerator and denominator.
    unsafe { mach_timebase_info(&mut base) };
    let nanoseconds = duration.as_nanos() * u128::from(base[1]) / u128::from(base[0].max(1));
    u64::try_from(nanoseconds).map_or(u64::MAX, |ticks| ticks.max(1))
}

/// Wakes up to `count` of those who wait for the word, one after the other, and tells how many.
pub fn futex_wake(word: &AtomicU32, count: u32) -> io::Result<u32> {
    let word = word.as_ptr().cast();
    let mut woken = 0;
    while woken < count {
        // SAFETY: the kernel compares the 4 bytes, if they are mapped, and changes nothing.
        let errno = match symbols() {
            Some(symbols) => match unsafe { (symbols.wake_any)(word, 4, OS_SYNC_SHARED) } {
                -1 => io::Error::last_os_error()
                    .raw_os_error()
                    .unwrap_or(libc::EIO),
                _ => 0,
            },
            // SAFETY: as above.
            None => {
                -unsafe { __ulock_wake(UL_COMPARE_AND_WAIT_SHARED | ULF_NO_ERRNO, word, 0) }.min(0)
            }
        };
        match errno {
            0 => woken += 1,
            libc::ENOENT => break,
            libc::EINTR => {}
            errno => return Err(io::Error::from_raw_os_error(errno)),
        }
    }
    Ok(woken)
}

/// How many words [`futex_wait_any`] can wait for.
pub fn futex_any_max() -> usize {
    1
}

/// Waits until the word is notified, if it holds what is expected; always 0.
pub fn futex_wait_any(words: &[(&AtomicU32, u32)], timeout: Option<Duration>) -> io::Result<usize> {
    let (word, expected) = words[0];
    futex_wait(word, expected, timeout).map(|()| 0)
}
