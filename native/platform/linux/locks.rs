//! Which locks there are, of whatever file.

use std::fs;
use std::io;

/// Whether somebody has that byte of any file locked as [`lock_byte`](super::super::lock_byte) does,
/// also of one that has no name any more, or is of another container
/// ([`/proc/locks`](https://man7.org/linux/man-pages/man5/proc_locks.5.html)).
pub fn is_byte_locked_anywhere(position: u64) -> io::Result<bool> {
    let locks = match fs::read_to_string("/proc/locks") {
        Ok(locks) => locks,
        // A container may have no such list, or a secret one.
        Err(error) => match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied => return Ok(false),
            _ => return Err(error),
        },
    };
    let range = format!(" {position} {position}");
    Ok(locks
        .lines()
        .any(|lock| lock.contains(" OFDLCK ") && lock.ends_with(&range)))
}
