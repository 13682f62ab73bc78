//! Mapped memory: what the system can be told of it, writing it to its file, and its end.

use std::io;

use rustix::mm;

use super::page_size;

/// Advises the system about a range of a mapping; `ENOMEM` if nothing is mapped there
/// ([madvise(2)](https://man7.org/linux/man-pages/man2/madvise.2.html)).
pub fn madvise(start: *mut u8, len: usize, advice: mm::Advice) -> io::Result<()> {
    let (page, len) = whole_pages(start, len);
    // SAFETY: no advice that this package gives changes what is in a range, and the kernel checks
    // whether it is mapped.
    Ok(unsafe { mm::madvise(page.cast(), len, advice) }?)
}

/// Writes a range of a mapping to its file, and waits until that is done; `ENOMEM` if nothing is mapped
/// there ([msync(2)](https://man7.org/linux/man-pages/man2/msync.2.html), `MS_SYNC`).
pub fn flush(start: *mut u8, len: usize) -> io::Result<()> {
    let (page, len) = whole_pages(start, len);
    // By libc: rustix 1.1 takes the -1 of a failure for the errno.
    // SAFETY: nothing in a range changes, and the kernel checks whether it is mapped.
    match unsafe { libc::msync(page.cast(), len, libc::MS_SYNC) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Gives a range of addresses back
/// ([munmap(2)](https://man7.org/linux/man-pages/man2/munmap.2.html)). It can fail only for want of
/// memory to split a range; then addresses are lost, and nothing else.
///
/// # Safety
/// The range must be the caller's, and not be used any more.
pub unsafe fn unmap(base: *mut u8, size: usize) {
    // SAFETY: the caller vouches for the range.
    unsafe { libc::munmap(base.cast(), size) };
}

/// The range with all of its first page.
fn whole_pages(start: *mut u8, len: usize) -> (*mut u8, usize) {
    let before = start as usize % page_size();
    (start.wrapping_sub(before), len + before)
}
