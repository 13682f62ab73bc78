//! Locks on single bytes of a file, which end with the open file
//! ([fcntl(2)](https://man7.org/linux/man-pages/man2/fcntl.2.html), open file description locks).

use std::fs::File;
use std::io;
use std::mem::zeroed;
use std::os::fd::AsRawFd;

/// Locks one byte of a file for as long as it stays open; `false` if somebody else has it. The
/// kernel gives the lock back when the file is closed, by death too.
pub fn lock_byte(file: &File, position: u64) -> io::Result<bool> {
    match byte_lock(file, libc::F_OFD_SETLK, position) {
        Ok(_) => Ok(true),
        Err(error) => match error.raw_os_error() {
            Some(libc::EAGAIN) => Ok(false),
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
    let mut lock: libc::flock = unsafe { zeroed() };
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
