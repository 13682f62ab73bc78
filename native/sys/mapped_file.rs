//! What can be done with a file that is mapped.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;

use rustix::fs::{seek, SeekFrom};
use rustix::mm;

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

/// What the system can be told of pages, or asked to do with them, without changing what is in them.
#[derive(Clone, Copy)]
pub enum Advice {
    Normal,
    Random,
    Sequential,
    WillNeed,
    #[cfg(target_os = "linux")]
    Cold,
    #[cfg(target_os = "linux")]
    HugePages,
    #[cfg(target_os = "linux")]
    PopulateRead,
}

/// Advises the system about a range of a mapping; `ENOMEM` if nothing is mapped there
/// ([madvise(2)](https://man7.org/linux/man-pages/man2/madvise.2.html)).
pub fn advise(start: *mut u8, len: usize, advice: Advice) -> io::Result<()> {
    let advice = match advice {
        Advice::Normal => mm::Advice::Normal,
        Advice::Random => mm::Advice::Random,
        Advice::Sequential => mm::Advice::Sequential,
        Advice::WillNeed => mm::Advice::WillNeed,
        #[cfg(target_os = "linux")]
        Advice::Cold => mm::Advice::LinuxCold,
        #[cfg(target_os = "linux")]
        Advice::HugePages => mm::Advice::LinuxHugepage,
        #[cfg(target_os = "linux")]
        Advice::PopulateRead => mm::Advice::LinuxPopulateRead,
    };
    let (page, len) = whole_pages(start, len);
    // SAFETY: none of these changes what is in a range, and the kernel checks whether it is mapped.
    Ok(unsafe { mm::madvise(page.cast(), len, advice) }?)
}

/// Writes a range of a mapping to its file, and waits until that is done; `ENOMEM` if nothing is mapped
/// there ([msync(2)](https://man7.org/linux/man-pages/man2/msync.2.html), `MS_SYNC`).
pub fn flush(start: *mut u8, len: usize) -> io::Result<()> {
    let (page, len) = whole_pages(start, len);
    // SAFETY: nothing in a range changes, and the kernel checks whether it is mapped.
    Ok(unsafe { mm::msync(page.cast(), len, mm::MsyncFlags::SYNC) }?)
}

/// The range with all of its first page.
fn whole_pages(start: *mut u8, len: usize) -> (*mut u8, usize) {
    let before = start as usize % page_size();
    (start.wrapping_sub(before), len + before)
}
