//! Mapping over pages that must not be lost when the system refuses.

use std::fs;
use std::io;
use std::ptr::null_mut;
use std::sync::OnceLock;

/// Maps new pages over `base..base + size`. A refusal leaves what is there.
///
/// # Safety
/// The whole range must be mapped and be the caller's to replace.
pub unsafe fn map_over(base: *mut u8, size: usize, flags: i32) -> io::Result<()> {
    if is_promised_strictly() {
        // SAFETY: the caller owns the range.
        return unsafe { move_over(base, size, flags) };
    }
    // SAFETY: the caller owns the range.
    unsafe { map(base, size, flags | libc::MAP_FIXED) }.map(|_| ())
}

/// Before Linux 6.12 a refused `MAP_FIXED` may already have unmapped the range. Pages that were
/// mapped elsewhere first cannot be refused any more when they move
/// ([mremap(2)](https://man7.org/linux/man-pages/man2/mremap.2.html)).
///
/// # Safety
/// As for [`map_over`].
unsafe fn move_over(base: *mut u8, size: usize, flags: i32) -> io::Result<()> {
    // SAFETY: the kernel chooses an unused address.
    let pages = unsafe { map(null_mut(), size, flags) }?;
    // SAFETY: the source is new and unknown to others, the target is the caller's.
    let moved = unsafe { super::move_pages(pages, size, base) };
    if moved.is_err() {
        // SAFETY: as above.
        unsafe { libc::munmap(pages.cast(), size) };
    }
    moved
}

unsafe fn map(base: *mut u8, size: usize, flags: i32) -> io::Result<*mut u8> {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: with MAP_FIXED the caller vouches for the range, else the address is an unused one.
    let pages = unsafe { libc::mmap(base.cast(), size, protection, flags, -1, 0) };
    if pages == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    Ok(pages.cast())
}

/// Whether the system promises no more memory than it has, whatever a mapping asks for
/// ([proc_sys_vm(5)](https://man7.org/linux/man-pages/man5/proc_sys_vm.5.html),
/// `overcommit_memory` = 2). Otherwise pages without a promise are never refused for want of memory.
fn is_promised_strictly() -> bool {
    static STRICT: OnceLock<bool> = OnceLock::new();
    *STRICT.get_or_init(|| {
        fs::read_to_string("/proc/sys/vm/overcommit_memory").is_ok_and(|mode| mode.trim() == "2")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use memmap2::MmapOptions;

    #[test]
    fn pages_that_move_take_the_place_of_what_was_there() {
        let mut pages = MmapOptions::new().len(10_000).map_anon().unwrap();
        pages.fill(7);
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        // SAFETY: the pages are this test's alone.
        unsafe { move_over(pages.as_mut_ptr(), pages.len(), flags) }.unwrap();
        assert!(pages.iter().all(|&byte| byte == 0));
    }

    #[test]
    fn a_refusal_leaves_what_is_there() {
        let mut pages = MmapOptions::new().len(10_000).map_anon().unwrap();
        pages.fill(7);
        // SAFETY: the flags contradict each other, so nothing is mapped.
        unsafe { move_over(pages.as_mut_ptr(), pages.len(), libc::MAP_ANONYMOUS) }.unwrap_err();
        assert!(pages.iter().all(|&byte| byte == 7));
    }
}
