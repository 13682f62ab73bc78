//! Ordinary files.

use std::fs::File;
use std::mem::MaybeUninit;
use std::os::fd::AsRawFd;

use crate::error::Result;

/// Makes a new file `size` bytes long and reserves the room for all of them.
pub fn reserve_file(file: &File, size: u64) -> Result<()> {
    super::reserve(file, size)
}

/// Whether the file is made of huge pages, which can be mapped and unmapped as a whole only
/// ([statfs(2)](https://man7.org/linux/man-pages/man2/statfs.2.html), `HUGETLBFS_MAGIC`).
pub fn has_huge_pages_only(file: &File) -> bool {
    let mut found = MaybeUninit::<libc::statfs>::uninit();
    // SAFETY: the descriptor is open, and `found` is large enough for what the call fills in.
    if unsafe { libc::fstatfs(file.as_raw_fd(), found.as_mut_ptr()) } != 0 {
        return false;
    }
    // SAFETY: the call succeeded, so the structure is filled.
    unsafe { found.assume_init() }.f_type == libc::HUGETLBFS_MAGIC
}
