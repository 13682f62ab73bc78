//! Ordinary files, and what a file system tells of files and objects.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::{seek, SeekFrom};

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

/// Opens an existing file for reading, and for writing too if `writable`, without waiting for anything.
pub fn open_file(path: &Path, writable: bool) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(writable)
        .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY)
        .open(path)
}

/// Bytes of a file that nothing is reserved for: it has fewer blocks than bytes if it has holes.
pub fn missing(status: &Metadata) -> u64 {
    status.len().saturating_sub(status.blocks() * 512)
}

/// Whether the file system sees data in every byte of the file from `start` to `end`
/// ([lseek(2)](https://man7.org/linux/man-pages/man2/lseek.2.html), `SEEK_HOLE`). What is reserved and
/// not yet written it calls a hole too.
pub fn is_all_data(file: &File, start: u64, end: u64) -> bool {
    seek(file, SeekFrom::Hole(start)).is_ok_and(|hole| hole >= end)
}

/// What the system tells of an object. Times are seconds since 1970, to the millisecond.
pub struct ObjectStatus {
    pub size: u64,
    pub device: u64,
    pub inode: u64,
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
    pub modified: f64,
    pub changed: f64,
}

impl ObjectStatus {
    /// `None` if it is no regular file.
    pub fn from(found: &Metadata) -> Option<Self> {
        found.is_file().then(|| Self {
            size: found.size(),
            device: found.dev(),
            inode: found.ino(),
            mode: found.mode(),
            uid: found.uid(),
            gid: found.gid(),
            modified: seconds(found.mtime(), found.mtime_nsec()),
            changed: seconds(found.ctime(), found.ctime_nsec()),
        })
    }
}

/// To the millisecond, which is what a JavaScript `Date` holds.
#[allow(clippy::cast_precision_loss)] // no time comes near 2^53
fn seconds(whole: i64, nanoseconds: i64) -> f64 {
    whole as f64 + (nanoseconds / 1_000_000) as f64 / 1e3
}

/// What the event loop can watch: the number that this process has an open file by.
pub trait Descriptor {
    fn number(&self) -> i32;
}

impl<T: AsFd> Descriptor for T {
    fn number(&self) -> i32 {
        self.as_fd().as_raw_fd()
    }
}
