//! Ordinary files.

use std::fs::File;

use crate::error::Result;

/// Makes a new file `size` bytes long and reserves the room for all of them.
pub fn reserve_file(file: &File, size: u64) -> Result<()> {
    super::reserve(file, size)
}

/// Whether the file is made of huge pages, which can be mapped and unmapped as a whole only
/// ([statfs(2)](https://man7.org/linux/man-pages/man2/statfs.2.html), `HUGETLBFS_MAGIC`).
pub fn has_huge_pages_only(file: &File) -> bool {
    rustix::fs::fstatfs(file).is_ok_and(|found| found.f_type == libc::HUGETLBFS_MAGIC)
}
