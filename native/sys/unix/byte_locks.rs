//! Locks on bytes of a file, which belong to the open file and end with it, by death too
//! ([fcntl(2)](https://man7.org/linux/man-pages/man2/fcntl.2.html), open file description locks).

use std::fs::File;
use std::io;
use std::mem::zeroed;
use std::ops::Range;
use std::os::fd::AsRawFd;

/// Who else may have the bytes locked.
#[derive(Clone, Copy)]
pub enum Lock {
    /// Others may share them. The file must be open for reading.
    Shared,
    /// Nobody. The file must be open for writing.
    Exclusive,
}

/// Locks one byte for this open file alone; `false` if somebody else has it.
pub fn lock_byte(file: &File, position: u64) -> io::Result<bool> {
    lock_bytes(file, Lock::Exclusive, position..position + 1)
}

/// Whether another open file has that byte locked.
pub fn is_byte_locked(file: &File, position: u64) -> io::Result<bool> {
    refuses(file, Lock::Exclusive, position..position + 1)
}

/// Locks the bytes, or changes how this open file has them locked; `false` if somebody else is in the way.
pub fn lock_bytes(file: &File, lock: Lock, bytes: Range<u64>) -> io::Result<bool> {
    match control(file, libc::F_OFD_SETLK, kind_of(lock), bytes) {
        Ok(_) => Ok(true),
        Err(error) => match error.raw_os_error() {
            Some(libc::EAGAIN) => Ok(false),
            _ => Err(error),
        },
    }
}

/// Gives the bytes back. Closing the file does not suffice: a process that is being forked has it, too, for a moment.
pub fn unlock_bytes(file: &File, bytes: Range<u64>) -> io::Result<()> {
    control(file, libc::F_OFD_SETLK, UNLOCKED, bytes).map(|_| ())
}

/// Whether a lock of another open file refuses such a lock now.
pub fn refuses(file: &File, lock: Lock, bytes: Range<u64>) -> io::Result<bool> {
    Ok(refusing(file, lock, bytes)?.is_some())
}

/// The kind of another open file's lock that refuses such a lock now.
pub fn refusing(file: &File, lock: Lock, bytes: Range<u64>) -> io::Result<Option<Lock>> {
    let found = control(file, libc::F_OFD_GETLK, kind_of(lock), bytes)?;
    let mut kinds = [Lock::Shared, Lock::Exclusive].into_iter();
    Ok(kinds.find(|kind| kind_of(*kind) == found))
}

#[allow(clippy::cast_possible_truncation, clippy::unnecessary_cast)] // small, of either type
const UNLOCKED: libc::c_short = libc::F_UNLCK as libc::c_short;

#[allow(clippy::cast_possible_truncation, clippy::unnecessary_cast)] // small, of either type
fn kind_of(lock: Lock) -> libc::c_short {
    match lock {
        Lock::Shared => libc::F_RDLCK as libc::c_short,
        Lock::Exclusive => libc::F_WRLCK as libc::c_short,
    }
}

/// The kind of lock that the kernel answers with. Its constants are of another type than its
/// structure, and which, depends on the system.
#[allow(clippy::cast_possible_truncation, clippy::unnecessary_cast)]
fn control(
    file: &File,
    command: libc::c_int,
    kind: libc::c_short,
    bytes: Range<u64>,
) -> io::Result<libc::c_short> {
    let offset =
        |number: u64| libc::off_t::try_from(number).map_err(|_| io::ErrorKind::InvalidInput);
    // SAFETY: a structure of numbers, for which zeros are valid; the kernel wants the pid 0.
    let mut lock: libc::flock = unsafe { zeroed() };
    lock.l_type = kind;
    lock.l_whence = libc::SEEK_SET as libc::c_short;
    lock.l_start = offset(bytes.start)?;
    lock.l_len = offset(bytes.end - bytes.start)?;
    // SAFETY: the descriptor is open as long as `file` lives, the structure is a local.
    let status = unsafe { libc::fcntl(file.as_raw_fd(), command, &mut lock) };
    if status == -1 {
        return Err(io::Error::last_os_error());
    }
    Ok(lock.l_type)
}
