//! Ordinary files.

use std::fs::File;

/// Whether the file is made of huge pages, which can be mapped and unmapped as a whole only
/// ([statfs(2)](https://man7.org/linux/man-pages/man2/statfs.2.html), `HUGETLBFS_MAGIC`).
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::unnecessary_cast
)] // the types differ between C libraries, and the number has 32 bits
pub fn has_huge_pages_only(file: &File) -> bool {
    let magic = libc::HUGETLBFS_MAGIC as u32;
    rustix::fs::fstatfs(file).is_ok_and(|found| found.f_type as u32 == magic)
}
