//! Why a file cannot be opened, made or mapped.

use std::fs::{File, Metadata};
use std::io;

use crate::error::Error;
use crate::sys::{self, explain, Doing};

/// Whether there is no such file: a directory on the way may be missing, or be none.
pub fn is_absent(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ENOENT | libc::ENOTDIR))
}

pub fn not_regular(found: &Metadata) -> Error {
    let errno = if found.is_dir() {
        libc::EISDIR
    } else {
        libc::EINVAL
    };
    explain(Error::from_errno(errno, "open"), Doing::OpeningFile, &[])
}

/// An error of a system call on a file, with what to do about it.
pub fn file_error(error: &io::Error, syscall: &'static str, doing: Doing) -> Error {
    explain(Error::from_io(error, syscall), doing, &[])
}

/// An error of a call that was to reserve `bytes` bytes.
pub fn reserve_error(error: Error, file: &File, bytes: u64) -> Error {
    let facts = sys::facts_of_room(bytes, sys::free_bytes(file));
    explain(error, Doing::ReservingFile, &facts)
}
