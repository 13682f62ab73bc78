//! Which locks there are, of whatever file.

use std::fs;
use std::io;

/// The kernel gives out a list of several pages in steps, and what goes in between shifts the rest: a
/// lock that is there throughout can be missing: once in a thousand readings, but not in all of a few.
const READINGS: usize = 5;

/// Whether somebody has that byte of any file locked as an owner does,
/// also of one that has no name any more, or is of another container
/// ([`/proc/locks`](https://man7.org/linux/man-pages/man5/proc_locks.5.html)).
pub fn is_byte_locked_anywhere(position: u64) -> io::Result<bool> {
    for _ in 0..READINGS {
        if is_listed(position)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn is_listed(position: u64) -> io::Result<bool> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::unix::lock_byte;
    use std::fs::File;
    use std::sync::atomic::{AtomicBool, Ordering};

    /// A file without a name.
    fn file(number: u32) -> File {
        let path = std::env::temp_dir().join(format!("shm-locks-{}-{number}", std::process::id()));
        let file = File::create_new(&path).unwrap();
        fs::remove_file(path).unwrap();
        file
    }

    #[test]
    fn a_lock_is_found_while_others_come_and_go() {
        const BASE: u64 = 1 << 29;
        let ours = file(0);
        let positions: Vec<_> = (0..200).map(|i| BASE + 2 * i).collect();
        for &position in &positions {
            assert!(lock_byte(&ours, position).unwrap());
        }
        assert!(!is_byte_locked_anywhere(BASE + 1).unwrap());
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut number = 1;
                while !done.load(Ordering::Relaxed) {
                    let theirs: Vec<_> = (0..10).map(|i| file(number + i)).collect();
                    for (theirs, position) in theirs.iter().zip(BASE + 1000..) {
                        assert!(lock_byte(theirs, position).unwrap());
                    }
                    number += 10;
                }
            });
            let missed = (0..20)
                .flat_map(|_| &positions)
                .filter(|&&position| !is_byte_locked_anywhere(position).unwrap())
                .count();
            done.store(true, Ordering::Relaxed);
            assert_eq!(missed, 0);
        });
    }
}
