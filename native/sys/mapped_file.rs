//! What can be done with a file that is mapped.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;

use rustix::fs::{seek, SeekFrom};

use super::page_size;

/// Tells a file from another one that has taken its name, while somebody has it open or mapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    pub fn of(status: &Metadata) -> Self {
        Self {
            device: status.dev(),
            inode: status.ino(),
        }
    }
}

/// Whether the file system sees data in every byte of the file from `start` to `end`
/// ([lseek(2)](https://man7.org/linux/man-pages/man2/lseek.2.html), `SEEK_HOLE`). What is reserved and
/// not yet written it calls a hole too.
pub fn is_all_data(file: &File, start: u64, end: u64) -> bool {
    seek(file, SeekFrom::Hole(start)).is_ok_and(|hole| hole >= end)
}

/// How a range is going to be read.
#[derive(Clone, Copy)]
pub enum Advice {
    Normal,
    Random,
    Sequential,
    WillNeed,
}

/// Tells the system how a range of a mapping is going to be read
/// ([madvise(2)](https://man7.org/linux/man-pages/man2/madvise.2.html)).
///
/// # Safety
/// The range must be mapped.
pub unsafe fn advise(start: *mut u8, len: usize, advice: Advice) -> io::Result<()> {
    let advice = match advice {
        Advice::Normal => libc::MADV_NORMAL,
        Advice::Random => libc::MADV_RANDOM,
        Advice::Sequential => libc::MADV_SEQUENTIAL,
        Advice::WillNeed => libc::MADV_WILLNEED,
    };
    let (page, len) = whole_pages(start, len);
    // SAFETY: none of these changes what is in the range, which the caller vouches for; the rest of
    // its first page belongs to the same mapping.
    result(unsafe { libc::madvise(page.cast(), len, advice) })
}

/// Writes a range of a mapping to its file, and waits until that is done
/// ([msync(2)](https://man7.org/linux/man-pages/man2/msync.2.html), `MS_SYNC`).
///
/// # Safety
/// The range must be mapped.
pub unsafe fn flush(start: *mut u8, len: usize) -> io::Result<()> {
    let (page, len) = whole_pages(start, len);
    // SAFETY: the caller vouches for the range, and nothing in it changes.
    result(unsafe { libc::msync(page.cast(), len, libc::MS_SYNC) })
}

/// The range with all of its first page.
fn whole_pages(start: *mut u8, len: usize) -> (*mut u8, usize) {
    let before = start as usize % page_size();
    (start.wrapping_sub(before), len + before)
}

fn result(status: i32) -> io::Result<()> {
    match status {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
