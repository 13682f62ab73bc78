//! The file in which every thread that owns locks has one byte locked, by its number: the kernel gives
//! that back with the thread's open file, however the thread ends.

use std::ffi::CString;
use std::fs::{File, OpenOptions, Permissions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use super::byte_locks::{is_byte_locked, lock_byte};
use super::places::owners_files;
use crate::sys::{is_byte_locked_anywhere, Nameless};

/// The owners' file, open.
pub struct Owners(File);

impl Owners {
    /// Opens the file, which every user may read and write, or makes it, in the first folder that allows it.
    pub fn open() -> io::Result<Self> {
        let files = owners_files();
        let mut failure = None;
        for file in &files {
            match open(Path::new(file)) {
                Ok(file) => return Ok(Self(file)),
                Err(error) if is_forbidden(&error) => failure = failure.or(Some(error)),
                Err(error) => return Err(error),
            }
        }
        Err(failure.unwrap_or_else(|| io::ErrorKind::NotFound.into()))
    }

    /// The file itself, for other locks in it.
    pub fn into_file(self) -> File {
        self.0
    }

    /// Takes a number until this is dropped; `false` if somebody has it.
    pub fn lock(&self, number: u32) -> io::Result<bool> {
        lock_byte(&self.0, number.into())
    }

    /// Whether somebody else has the number. Where the kernel lists all locks (Linux) it need not even
    /// be the same file.
    pub fn is_locked(&self, number: u32) -> io::Result<bool> {
        let number = number.into();
        if is_byte_locked(&self.0, number)? || is_byte_locked_anywhere(number)? {
            return Ok(true);
        }
        // If somebody has removed the file, later threads have their numbers in a new one.
        let Self(current) = Self::open()?;
        let (ours, theirs) = (self.0.metadata()?, current.metadata()?);
        Ok((ours.dev(), ours.ino()) != (theirs.dev(), theirs.ino())
            && is_byte_locked(&current, number)?)
    }
}

fn open(path: &Path) -> io::Result<File> {
    loop {
        // Without O_CREAT: the kernel may forbid that for another user's file in such a folder.
        let opened = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY)
            .open(path);
        match opened {
            // If there is no folder either, that is the error of making it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => create(path)?,
            opened => return opened,
        }
    }
}

/// Whether the folder is missing, or this process may not have the file there.
fn is_forbidden(error: &io::Error) -> bool {
    let errno = error.raw_os_error();
    matches!(
        errno,
        Some(libc::ENOENT | libc::EACCES | libc::EPERM | libc::EROFS)
    )
}

/// The file appears with its permissions, which the umask must not lessen, or not at all.
fn create(path: &Path) -> io::Result<()> {
    let draft = Nameless::new(path, 0o666)?;
    draft
        .file()
        .set_permissions(Permissions::from_mode(0o666))?;
    // If somebody has been faster, theirs is as good.
    draft.link(&CString::new(path.as_os_str().as_bytes())?)?;
    Ok(())
}
