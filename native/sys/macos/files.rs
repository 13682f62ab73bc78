//! Ordinary files.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

use super::set_size;
use crate::error::{Error, Result};

/// Makes a new file `size` bytes long and reserves the room for all of them
/// ([fcntl(2)](https://developer.apple.com/library/archive/documentation/System/Conceptual/ManPages_iPhoneOS/man2/fcntl.2.html),
/// `F_PREALLOCATE`).
pub fn reserve_file(file: &File, size: u64) -> Result<()> {
    let mut store = libc::fstore_t {
        fst_flags: libc::F_ALLOCATEALL,
        fst_posmode: libc::F_PEOFPOSMODE,
        fst_offset: 0,
        fst_length: libc::off_t::try_from(size)
            .map_err(|_| Error::from_errno(libc::EFBIG, "fcntl"))?,
        fst_bytesalloc: 0,
    };
    // SAFETY: the descriptor is open, and the structure a local.
    if unsafe { libc::fcntl(file.as_raw_fd(), libc::F_PREALLOCATE, &raw mut store) } == -1 {
        return Err(Error::from_io(&io::Error::last_os_error(), "fcntl"));
    }
    set_size(file, size)
}

/// This system reserves room at the end of a file only.
pub fn fill_holes(_file: &File, _start: u64, _end: u64) -> Result<()> {
    Err(Error::from_errno(libc::ENOTSUP, "fcntl"))
}

/// Bytes that are free on the file's file system, as far as it tells.
pub fn free_bytes(file: &File) -> Option<u64> {
    let room = rustix::fs::fstatvfs(file).ok()?;
    Some(room.f_bavail * room.f_frsize)
}

/// This system has no file system like that.
pub fn has_huge_pages_only(_file: &File) -> bool {
    false
}
