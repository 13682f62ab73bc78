//! Private zero pages in the place of shared memory.

use std::io;
use std::sync::OnceLock;

use rustix::process::{getrlimit, Resource};

use super::mapping_reserve::DETACH_RESERVE;
use crate::sys::{map_over, Zeros};

/// Maps private zero pages over `base..base + size`, replacing what is there
/// ([mmap(2)](https://man7.org/linux/man-pages/man2/mmap.2.html), `MAP_FIXED`). A refusal leaves
/// what is there.
///
/// # Safety
/// The whole range must be mapped and be the caller's to replace.
pub unsafe fn put_zero_pages(base: *mut u8, size: usize, zeros: Zeros) -> io::Result<()> {
    // These pages will not be filled, so they must not count against the memory that the system is
    // willing to promise. But pages that are promised nothing never merge with those that are.
    let unpromised = libc::MAP_PRIVATE | libc::MAP_NORESERVE;
    // Private pages count as data (ulimit -d), shared ones of no file do not.
    let uncounted = libc::MAP_SHARED | libc::MAP_NORESERVE;
    let ways = match zeros {
        Zeros::Engine => [libc::MAP_PRIVATE, unpromised, uncounted],
        Zeros::Own if is_data_limited() => [uncounted, unpromised, uncounted],
        Zeros::Own => [unpromised, uncounted, unpromised],
    };
    let mut put = Ok(());
    for way in ways {
        // SAFETY: the caller owns the range.
        put = unsafe { map_over(base, size, way | libc::MAP_ANONYMOUS) };
        if !is_out_of_memory(&put) {
            return put;
        }
    }
    if DETACH_RESERVE.give_up() {
        // SAFETY: as above.
        put = unsafe { map_over(base, size, ways[0] | libc::MAP_ANONYMOUS) };
        DETACH_RESERVE.refill();
    }
    put
}

fn is_out_of_memory(result: &io::Result<()>) -> bool {
    matches!(result, Err(error) if error.raw_os_error() == Some(libc::ENOMEM))
}

/// Whether this process may have only so much data
/// ([getrlimit(2)](https://man7.org/linux/man-pages/man2/getrlimit.2.html), `RLIMIT_DATA`): the
/// engine ends the process when it gets none. The limit is that of the start.
fn is_data_limited() -> bool {
    static LIMITED: OnceLock<bool> = OnceLock::new();
    *LIMITED.get_or_init(has_data_limit)
}

fn has_data_limit() -> bool {
    getrlimit(Resource::Data).current.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use memmap2::MmapOptions;

    #[test]
    fn zeros_take_the_place_of_what_was_there() {
        for zeros in [Zeros::Own, Zeros::Engine] {
            let mut pages = MmapOptions::new().len(10_000).map_anon().unwrap();
            pages.fill(7);
            // SAFETY: the pages are this test's alone.
            unsafe { put_zero_pages(pages.as_mut_ptr(), pages.len(), zeros) }.unwrap();
            assert!(pages.iter().all(|&byte| byte == 0));
            pages.fill(8);
        }
    }
}
