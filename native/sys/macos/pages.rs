//! Mapped pages: moved elsewhere, mapped a second time, faulted in.

use std::io;

use rustix::mm;

use crate::error::{Error, Result};
use crate::sys::unix::madvise;
use crate::sys::{Advice, Kind};

/// Tells the system of a range of a mapping what `advice` says.
pub fn advise(start: *mut u8, len: usize, advice: Advice) -> io::Result<()> {
    let advice = match advice {
        Advice::Normal => mm::Advice::Normal,
        Advice::Random => mm::Advice::Random,
        Advice::Sequential => mm::Advice::Sequential,
        Advice::WillNeed => mm::Advice::WillNeed,
        Advice::DontDump => return Err(io::Error::from_raw_os_error(libc::ENOTSUP)),
    };
    madvise(start, len, advice)
}

/// This system has no huge pages for shared memory.
pub fn advise_huge_pages(_base: *mut u8, _size: usize, _kind: Kind) -> Result<()> {
    Err(Error::from_errno(libc::ENOTSUP, "madvise")
        .with_hint("macOS has no huge pages for shared memory"))
}

/// Asks for every page of a range to be there soon; this system cannot do it at once.
pub fn populate(base: *mut u8, size: usize) -> io::Result<()> {
    madvise(base, size, mm::Advice::WillNeed)
}

extern "C" {
    static mach_task_self_: u32;
    fn mach_vm_remap(
        target_task: u32,
        target_address: *mut u64,
        size: u64,
        mask: u64,
        flags: i32,
        source_task: u32,
        source_address: u64,
        copy: i32,
        current_protection: *mut i32,
        maximum_protection: *mut i32,
        inheritance: u32,
    ) -> i32;
}
const VM_FLAGS_FIXED: i32 = 0;
pub const VM_FLAGS_ANYWHERE: i32 = 1;
const VM_FLAGS_OVERWRITE: i32 = 0x4000;
const VM_INHERIT_SHARE: u32 = 0;

/// Maps the pages at `from` a second time, at `to` or where `flags` say.
///
/// # Safety
/// `from` must be mapped; with `VM_FLAGS_OVERWRITE` the range at `to` must be the caller's.
pub unsafe fn map_again(from: *mut u8, size: usize, to: u64, flags: i32) -> io::Result<*mut u8> {
    let mut target = to;
    let (mut current, mut maximum) = (0, 0);
    // SAFETY: the caller vouches for the ranges; the pointers are to locals of the types that
    // mach/mach_vm.h documents.
    let status = unsafe {
        mach_vm_remap(
            mach_task_self_,
            &mut target,
            size as u64,
            0,
            flags,
            mach_task_self_,
            from as u64,
            0,
            &mut current,
            &mut maximum,
            VM_INHERIT_SHARE,
        )
    };
    if status != 0 {
        return Err(io::Error::from_raw_os_error(libc::ENOMEM));
    }
    Ok(target as *mut u8)
}

/// Moves mapped pages to other addresses, replacing what is mapped there.
///
/// # Safety
/// Both ranges must be the caller's, whole pages, and not in use.
pub unsafe fn move_pages(from: *mut u8, size: usize, to: *mut u8) -> io::Result<()> {
    let flags = VM_FLAGS_FIXED | VM_FLAGS_OVERWRITE;
    // SAFETY: the caller vouches for both ranges.
    unsafe { map_again(from, size, to as u64, flags) }?;
    // SAFETY: the first mapping is the caller's and not in use. It can fail for a range that
    // is not page-aligned only.
    unsafe { libc::munmap(from.cast(), size) };
    Ok(())
}

/// Maps new pages over `base..base + size`. A refusal leaves what is there.
///
/// # Safety
/// The whole range must be mapped and be the caller's to replace.
pub unsafe fn map_over(base: *mut u8, size: usize, flags: i32) -> io::Result<()> {
    let (protection, flags) = (libc::PROT_READ | libc::PROT_WRITE, flags | libc::MAP_FIXED);
    // SAFETY: the caller owns the range.
    let pages = unsafe { libc::mmap(base.cast(), size, protection, flags, -1, 0) };
    if pages == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
