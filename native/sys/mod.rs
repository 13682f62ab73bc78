//! The one place where platforms are told apart. Both folders offer the same functions.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
pub use linux::*;

#[cfg(target_os = "macos")]
mod macos;
#[cfg(target_os = "macos")]
pub use macos::*;

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
compile_error!("shm-typed-array runs on Linux and macOS");

mod address;
mod mapped_file;
mod object;
mod spare;
mod temporary;
mod unmap;
#[cfg(feature = "no-backtraces")]
mod unwinder;
mod zeros;
pub use address::Address;
pub use mapped_file::{advise, flush, is_all_data, Advice, FileId};
pub use object::{Identity, Name, NAME_MAX};
pub use rustix::param::page_size;
pub use spare::{make_room, provide_spares, SPARE};
pub use unmap::{unmap, unmap_later};
pub use zeros::{put_zero_pages, Zeros};

use std::ffi::{c_void, CStr};
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

/// The two kinds of shared memory, where a platform treats them differently.
#[derive(Clone, Copy)]
pub enum Kind {
    Segment,
    Object,
}

/// What has that name in this process: a function of the host, say
/// ([dlsym(3)](https://man7.org/linux/man-pages/man3/dlsym.3.html)).
pub fn symbol(name: &CStr) -> Option<*mut c_void> {
    // SAFETY: the name is NUL-terminated; looking a symbol up has no other effect.
    let symbol = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
    (!symbol.is_null()).then_some(symbol)
}

/// Locks one byte of a file for as long as it stays open; `false` if somebody else has it. The
/// kernel gives the lock back when the file is closed, by death too
/// ([fcntl(2)](https://man7.org/linux/man-pages/man2/fcntl.2.html), open file description locks).
pub fn lock_byte(file: &File, position: u64) -> io::Result<bool> {
    match byte_lock(file, libc::F_OFD_SETLK, position) {
        Ok(_) => Ok(true),
        Err(error) => match error.raw_os_error() {
            Some(libc::EAGAIN | libc::EACCES) => Ok(false),
            _ => Err(error),
        },
    }
}

/// Whether another open file has that byte locked.
pub fn is_byte_locked(file: &File, position: u64) -> io::Result<bool> {
    let found = byte_lock(file, libc::F_OFD_GETLK, position)?;
    Ok(found != UNLOCKED)
}

#[allow(clippy::cast_possible_truncation, clippy::unnecessary_cast)] // small, of either type
const UNLOCKED: libc::c_short = libc::F_UNLCK as libc::c_short;

/// The kind of lock that the kernel answers with. Its constants are of another type than its
/// structure, and which, depends on the system.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_lossless,
    clippy::unnecessary_cast
)]
fn byte_lock(file: &File, command: libc::c_int, position: u64) -> io::Result<libc::c_short> {
    // SAFETY: a structure of numbers, for which zeros are valid; the kernel wants the pid 0.
    let mut lock: libc::flock = unsafe { std::mem::zeroed() };
    lock.l_type = libc::F_WRLCK as libc::c_short;
    lock.l_whence = libc::SEEK_SET as libc::c_short;
    lock.l_start = libc::off_t::try_from(position).map_err(|_| io::ErrorKind::InvalidInput)?;
    lock.l_len = 1;
    // SAFETY: the descriptor is open as long as `file` lives, the structure is a local.
    let status = unsafe { libc::fcntl(file.as_raw_fd(), command, &mut lock) };
    if status == -1 {
        return Err(io::Error::last_os_error());
    }
    Ok(lock.l_type)
}
