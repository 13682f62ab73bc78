//! How transient objects are marked, and what those lock who have one or remove it. The mark is the sticky bit, which
//! means nothing else on a regular file. Whoever lets go of an object last removes its name. Two bytes far behind the
//! object's end are locked for that (test/model/lifetimes.pml checks the protocol):
//!
//! | byte | who locks it |
//! | --- | --- |
//! | `USERS` | every user, shared, from before its first look at the data on; who removes the name, exclusively |
//! | `REMOVAL` | who removes the name, exclusively, whether there are users (`destroy`) or not |
//!
//! Users that let go first give their byte back, then try to lock both: of those that end at once the last
//! one to give it back finds nobody else, or somebody who has locked both and is going to look. That one may give up
//! because others still have the object open; so they close it, wait, and ask once more. A name is
//! removed only by who has `REMOVAL` of the very object that it leads to, so it cannot lead to another one
//! by then. Programs that know nothing of this are seen by the kernel's [lease](super::lease).

use std::fs::File;
use std::io;
use std::ops::Range;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::fs::{fstat, lstat, Stat};
use rustix::io::Errno;

use super::objects::PAUSE;
use crate::error::{Error, Result};
use crate::sys::unix::{lock_bytes, Lock};
use crate::sys::{explain, Doing, Name};

pub const USERS: Range<u64> = 1 << 62..(1 << 62) + 1;
pub const REMOVAL: Range<u64> = USERS.end..USERS.end + 1;
pub const BOTH: Range<u64> = USERS.start..REMOVAL.end;

/// The bit of a file's mode that marks a transient object.
pub const TRANSIENT_MARK: u32 = libc::S_ISVTX;

pub fn is_marked(file: &File) -> Result<bool> {
    let found = fstat(file).map_err(|error| Error::from_io(&error.into(), "fstat"))?;
    Ok(has_mark(&found))
}

fn has_mark(found: &Stat) -> bool {
    found.st_mode & libc::S_IFMT == libc::S_IFREG && found.st_mode & TRANSIENT_MARK != 0
}

/// Whether the name leads to an object that is marked.
pub fn leads_to_marked(name: &Name) -> Result<bool> {
    match lstat(name.path()) {
        Ok(found) => Ok(has_mark(&found)),
        Err(Errno::NOENT) => Ok(false),
        Err(error) => Err(Error::from_io(&error.into(), "stat")),
    }
}

pub fn share(file: &File) -> Result<bool> {
    lock_bytes(file, Lock::Shared, USERS).map_err(|error| lock_error(&error))
}

pub fn lock(file: &File, bytes: Range<u64>) -> Result<bool> {
    lock_bytes(file, Lock::Exclusive, bytes).map_err(|error| lock_error(&error))
}

pub fn lock_error(error: &io::Error) -> Error {
    explain(Error::from_io(error, "fcntl"), Doing::OpeningObject, &[])
}

/// How long who removes a name is waited for, which takes microseconds as a rule; on a busy machine, where several
/// that let go ask one after the other, and are stopped meanwhile, seconds.
const CLAIMS_END_WITHIN: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(5);

/// Waits in pauses that grow: each look has the object open, and so is in the way of whoever asks for its users.
pub struct Patience {
    since: Instant,
    pause: Duration,
}

impl Patience {
    pub fn new() -> Self {
        Self {
            since: Instant::now(),
            pause: PAUSE,
        }
    }

    pub fn wait(&mut self) -> Result<()> {
        if self.since.elapsed() > CLAIMS_END_WITHIN {
            let error = Error::from_errno(libc::EAGAIN, "fcntl");
            return Err(explain(error, Doing::OpeningObject, &[]));
        }
        sleep(self.pause);
        self.pause = (self.pause * 5 / 4).min(LONGEST_PAUSE);
        Ok(())
    }
}
