//! The one place where platforms are told apart. Both files offer the same functions.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
pub use linux::*;

#[cfg(target_os = "macos")]
mod macos;
#[cfg(target_os = "macos")]
pub use macos::*;

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
compile_error!("shm-typed-array runs on Linux and macOS");

mod spare;
pub use spare::SPARE;

use std::io;

/// The two kinds of shared memory, where a platform treats them differently.
#[derive(Clone, Copy)]
pub enum Kind {
    Segment,
    Object,
}

/// Maps private zero pages over `base..base + size`, replacing what is there
/// ([mmap(2)](https://man7.org/linux/man-pages/man2/mmap.2.html), `MAP_FIXED`).
///
/// # Safety
/// The whole range must be mapped and be the caller's to replace.
pub unsafe fn put_zero_pages(base: *mut u8, size: usize) -> io::Result<()> {
    // SAFETY: the caller owns the range.
    let mut pages = unsafe { map_zeros(base, size, libc::MAP_PRIVATE) };
    if is_out_of_memory(&pages) {
        // Private pages count as data (ulimit -d), shared ones of no file do not.
        // SAFETY: as above.
        pages = unsafe { map_zeros(base, size, libc::MAP_SHARED) };
    }
    if is_out_of_memory(&pages) && SPARE.give_up() {
        // SAFETY: as above.
        pages = unsafe { map_zeros(base, size, libc::MAP_PRIVATE) };
        SPARE.provide();
    }
    pages
}

fn is_out_of_memory(result: &io::Result<()>) -> bool {
    matches!(result, Err(error) if error.raw_os_error() == Some(libc::ENOMEM))
}

/// # Safety
/// As for [`put_zero_pages`].
unsafe fn map_zeros(base: *mut u8, size: usize, kind: i32) -> io::Result<()> {
    // SAFETY: the caller owns the range. MAP_NORESERVE: nobody will fill these pages, so they
    // must not count against the memory that the system is willing to promise.
    let pages = unsafe {
        libc::mmap(
            base.cast(),
            size,
            libc::PROT_READ | libc::PROT_WRITE,
            kind | libc::MAP_ANONYMOUS | libc::MAP_FIXED | libc::MAP_NORESERVE,
            -1,
            0,
        )
    };
    if pages == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Bytes of a page of memory.
pub fn page_size() -> usize {
    // SAFETY: sysconf takes no pointers.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(size).unwrap_or(4096)
}
