//! Why a file cannot be opened, made or mapped, and what to do about it.

use std::fs::{File, Metadata};
use std::io;

use crate::error::Error;
use crate::sys;

/// Whether there is no such file: a directory on the way may be missing, or be none.
pub fn is_absent(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ENOENT | libc::ENOTDIR))
}

pub fn no_file(found: &Metadata) -> Error {
    if found.is_dir() {
        return Error::from_errno(libc::EISDIR, "open").with_hint("It is a directory");
    }
    Error::from_errno(libc::EINVAL, "open").with_hint("It is no regular file")
}

pub fn open_error(error: &io::Error, syscall: &'static str) -> Error {
    let hint = match error.raw_os_error() {
        Some(libc::EACCES) => "This user may not read it, may not write it (which takes { write: true } only), or may not search a directory on the way",
        Some(libc::EPERM | libc::ETXTBSY) => "It may not be written: without { write: true } it can be mapped",
        Some(libc::EROFS) => "Its file system is read-only: without { write: true } it can be mapped",
        Some(libc::ELOOP) => "Symbolic links lead round in a circle",
        Some(libc::EMFILE) => "This process has as many files open as it may (ulimit -n)",
        _ => "",
    };
    Error::from_io(error, syscall).with_hint(hint)
}

pub fn create_error(error: &io::Error) -> Error {
    let hint = match error.raw_os_error() {
        Some(libc::ENOENT | libc::ENOTDIR) => "There is no such directory to make it in",
        Some(libc::EACCES) => "This user may not make files in its directory",
        Some(libc::EROFS) => "Its file system is read-only: no file can be made there",
        Some(libc::ENOSPC) => "Its file system has no room for another file",
        Some(libc::EMFILE) => "This process has as many files open as it may (ulimit -n)",
        _ => "",
    };
    Error::from_io(error, "open").with_hint(hint)
}

pub fn map_error(error: &io::Error) -> Error {
    let errno = error.raw_os_error().unwrap_or(libc::EIO);
    let hint = match errno {
        libc::ENODEV => "Its file system cannot map files like this: read it (fs.readFileSync), or copy it to one that can".to_string(),
        libc::EAGAIN => "It, or too much memory, is locked".to_string(),
        libc::ENOMEM => sys::mapping_hint(errno),
        _ => String::new(),
    };
    Error::from_errno(errno, "mmap").with_hint(hint)
}

/// What to do when no room could be reserved.
pub fn no_room(error: Error, file: &File, asked: u64) -> Error {
    match error.errno() {
        Some(libc::ENOSPC) => {
            let free = sys::free_bytes(file).map_or("too few".to_string(), |free| free.to_string());
            error.with_hint(format!(
                "{asked} bytes were asked for, {free} are free on its file system. Make room there, or reserve nothing ({{ reserve: false }}) and risk a SIGBUS"
            ))
        }
        Some(libc::EDQUOT) => error.with_hint(format!(
            "{asked} bytes were asked for, more than this user's quota has left"
        )),
        Some(libc::EOPNOTSUPP) => error.with_hint(
            "Its file system reserves nothing: with { reserve: false } it can be mapped, and a full disk is then a SIGBUS",
        ),
        _ => error,
    }
}
