//! Who owns a mutex: every thread that locks one has a number, and as long as it lives the kernel
//! holds a lock for it on the byte of that number in a file that all share. The lock goes with the
//! thread's open file however the thread ends, so it tells the living from the dead across pid
//! namespaces, and whatever became of the pid. Where the kernel lists all such locks (Linux) it need
//! not even be the same file: the numbers are random, so that there are no two of one number.

use std::collections::hash_map::RandomState;
use std::ffi::CString;
use std::fs::{File, OpenOptions, Permissions};
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use crate::error::{Error, Result};
use crate::sys::{is_byte_locked, is_byte_locked_anywhere, lock_byte, Nameless, OWNERS};

/// Numbers are from 1 to this one: the low 30 bits of a mutex.
const LARGEST: u64 = (1 << 30) - 1;

/// As many numbers in a row that are taken are no coincidence.
const TRIES: u32 = 100;

pub struct Owner {
    file: File,
    number: u32,
}

impl Owner {
    /// Takes a number that nobody has.
    pub fn claim() -> Result<Self> {
        let file = open().map_err(|error| {
            Error::from_io(&error, "open").with_hint(format!(
                "A mutex needs the file {OWNERS}, which every user may read and write"
            ))
        })?;
        for _ in 0..TRIES {
            // Not a secret, only unlikely to be taken.
            let number = 1 + RandomState::new().build_hasher().finish() % LARGEST;
            let locked = lock_byte(&file, number);
            if locked.map_err(|error| Error::from_io(&error, "fcntl"))? {
                let number = u32::try_from(number).unwrap_or_default();
                return Ok(Self { file, number });
            }
        }
        Err(Error::from_errno(libc::EAGAIN, "fcntl")
            .with_hint(format!("Somebody has the whole file {OWNERS} locked")))
    }

    pub fn number(&self) -> u32 {
        self.number
    }

    /// Whether the thread of that number lives.
    pub fn is_alive(&self, number: u32) -> Result<bool> {
        if number == self.number {
            return Ok(true);
        }
        self.is_locked(number)
            .map_err(|error| Error::from_io(&error, "fcntl"))
    }

    fn is_locked(&self, number: u32) -> io::Result<bool> {
        if is_byte_locked(&self.file, number.into())? || is_byte_locked_anywhere(number.into())? {
            return Ok(true);
        }
        // Should somebody have removed the file, later threads have their numbers in a new one.
        let current = open()?;
        let (ours, theirs) = (self.file.metadata()?, current.metadata()?);
        Ok((ours.dev(), ours.ino()) != (theirs.dev(), theirs.ino())
            && is_byte_locked(&current, number.into())?)
    }
}

fn open() -> io::Result<File> {
    loop {
        // Without O_CREAT: the kernel may forbid that for another user's file in such a folder.
        let opened = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY)
            .open(OWNERS);
        match opened {
            Err(error) if error.kind() == io::ErrorKind::NotFound => create()?,
            opened => return opened,
        }
    }
}

/// The file appears with its permissions, which the umask must not lessen, or not at all.
fn create() -> io::Result<()> {
    let path = Path::new(OWNERS);
    let draft = Nameless::new(path.parent().unwrap_or(path), 0o666)?;
    draft
        .file()
        .set_permissions(Permissions::from_mode(0o666))?;
    // If somebody has been faster, theirs is as good.
    draft.link(&CString::new(OWNERS)?)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_lives_until_it_is_dropped() {
        let (ours, theirs) = (Owner::claim().unwrap(), Owner::claim().unwrap());
        assert_ne!(ours.number(), theirs.number());
        assert!(ours.is_alive(ours.number()).unwrap());
        assert!(ours.is_alive(theirs.number()).unwrap());
        let number = theirs.number();
        drop(theirs);
        assert!(!ours.is_alive(number).unwrap());
    }
}
