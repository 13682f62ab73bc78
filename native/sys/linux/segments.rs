//! Attached System V segments, whose attach an `mmap` over it releases.

use std::io;

use super::hugetlb::mapped_len;
use crate::sys::Address;

/// `shmget`'s flag for a segment whose memory is not promised beforehand.
pub const SHM_NORESERVE: i32 = libc::SHM_NORESERVE;

/// The key of a segment; `IPC_PRIVATE` if it has none.
pub fn key_of(status: &libc::shmid_ds) -> libc::key_t {
    #[cfg(target_env = "musl")]
    #[allow(deprecated)] // it is to be called __key there, too
    return status.shm_perm.__ipc_perm_key;
    #[cfg(not(target_env = "musl"))]
    return status.shm_perm.__key;
}

/// Whether a segment that is marked for destruction can still be attached, by its id.
pub const ATTACHES_REMOVED_SEGMENTS: bool = true;

/// An attached System V segment, which is for the caller to unmap.
pub struct SegmentPages {
    pub base: Address,
    /// Bytes of the segment.
    pub len: usize,
    /// Bytes that the mapping takes: a segment in huge pages is mapped to the end of its last one.
    pub span: usize,
    pub attach: Attach,
}

/// What counts as an attach: here the mapping itself.
pub struct Attach;

impl Attach {
    /// Called when other pages lie over the segment's: the kernel has counted the detach by then.
    #[allow(clippy::unused_self)] // macOS has something to do here
    pub fn end(&self) {}
}

/// Attaches segment `id`, which is `len` bytes long
/// ([shmat(2)](https://man7.org/linux/man-pages/man2/shmat.2.html)).
pub fn attach_segment(id: i32, len: usize) -> io::Result<SegmentPages> {
    // SAFETY: the kernel chooses an unused address; nothing of ours is replaced.
    let base = unsafe { libc::shmat(id, std::ptr::null(), 0) };
    if base as isize == -1 {
        return Err(io::Error::last_os_error());
    }
    Ok(SegmentPages {
        base: Address::new(base.cast()),
        len,
        span: mapped_len(base.cast(), len),
        attach: Attach,
    })
}
