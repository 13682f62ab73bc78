//! Attached System V segments, which `shmdt` alone releases.

use std::io;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering};

use super::pages::{map_again, VM_FLAGS_ANYWHERE};
use crate::sys::Address;

/// No flag of `shmget` is for segments whose memory is not promised: that holds for all.
pub const SHM_NORESERVE: i32 = 0;

/// The key of a segment; `IPC_PRIVATE` if it has none.
pub fn key_of(status: &libc::shmid_ds) -> libc::key_t {
    status.shm_perm._key
}

/// A segment that is marked for destruction cannot be attached any more.
pub const ATTACHES_REMOVED_SEGMENTS: bool = false;

/// An attached System V segment, seen through a second mapping of its pages, which is for the caller
/// to unmap.
///
/// `shmdt` is what counts a detach here, and it also unmaps the range that `shmat` gave: while
/// native work still reads there, that would be a crash. So JavaScript is given a second mapping
/// of the same pages, which can be covered with zero pages and outlive the attach.
pub struct SegmentPages {
    pub base: Address,
    /// Bytes of the segment.
    pub len: usize,
    /// Bytes that the mapping takes.
    pub span: usize,
    pub attach: Attach,
}

/// What counts as an attach: the range that `shmat` gave. Dropped, it is given back.
pub struct Attach {
    range: AtomicPtr<libc::c_void>,
}

impl Attach {
    /// Called when other pages lie over the second mapping: lets the kernel count the detach.
    pub fn end(&self) {
        let range = self.range.swap(null_mut(), Ordering::AcqRel);
        if !range.is_null() {
            // SAFETY: `attach_segment` has attached it, it is seen only through the second
            // mapping, and the swap lets this happen once.
            unsafe { libc::shmdt(range) };
        }
    }
}

impl Drop for Attach {
    fn drop(&mut self) {
        self.end();
    }
}

/// Attaches segment `id`, which is `len` bytes long
/// ([shmat(2)](https://man.freebsd.org/cgi/man.cgi?query=shmat&sektion=2)).
pub fn attach_segment(id: i32, len: usize) -> io::Result<SegmentPages> {
    // SAFETY: the kernel chooses an unused address; nothing of ours is replaced.
    let range = unsafe { libc::shmat(id, std::ptr::null(), 0) };
    if range as isize == -1 {
        return Err(io::Error::last_os_error());
    }
    let attach = Attach {
        range: AtomicPtr::new(range),
    };
    // SAFETY: the range has just been attached, and the kernel chooses the target address.
    let base = unsafe { map_again(range.cast(), len, 0, VM_FLAGS_ANYWHERE) }?;
    Ok(SegmentPages {
        base: Address::new(base),
        len,
        span: len,
        attach,
    })
}
