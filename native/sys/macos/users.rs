//! Who has an object. A transient one is marked by the sticky bit of its mode, which this system keeps and shows;
//! whoever lets go of it last removes its name. Objects cannot be locked here, nor told from others of their
//! name, and there are no leases. So two bytes of the owners' file are locked, at a place that the name's hash
//! tells (test/model/lifetimes.pml checks the protocol):
//!
//! | byte | who locks it |
//! | --- | --- |
//! | the first | every user of the name, shared, from before it opens the object on; who removes the name, exclusively |
//! | the second | who removes the name, exclusively, whether there are users (`destroy`) or not |
//!
//! Users that let go first give their byte back, then try to lock both: of those that end at once the last
//! one to give it back finds nobody else, or somebody who has locked both and is going to look. Programs that
//! know nothing of this are not seen. Without an owners' file, names stay.

use std::convert::Infallible;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::MetadataExt;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::objects::{find, open, unlink, Draft};
use crate::error::{Error, Result};
use crate::sys::unix::{lock_bytes, refusing, unlock_bytes, Lock, Owners};
use crate::sys::{explain, Doing, Identity, Name};

/// Where the bytes of names begin in the owners' file: far behind the numbers of threads.
const START: u64 = 1 << 60;

/// The bit of a file's mode that marks a transient object.
const TRANSIENT_MARK: u32 = libc::S_ISVTX as u32;

/// How long who removes a name is waited for, which takes microseconds as a rule.
const PATIENCE: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_micros(50);

/// What there is of an object's users.
#[allow(dead_code)] // what Linux can tell
pub enum Usage {
    Gone,
    Used,
    Claimed,
    Unknown,
    Unused(Claim),
}

/// What no object has here.
pub struct Claim(Infallible);

impl Claim {
    pub fn identity(&self) -> Identity {
        match self.0 {}
    }

    pub fn is_certain(&self) -> bool {
        match self.0 {}
    }

    pub fn unlink(&self) -> Result<bool> {
        match self.0 {}
    }
}

/// Nobody knows of programs that do not lock.
#[allow(clippy::unnecessary_wraps)] // Linux asks the kernel
pub fn usage_of(_name: &Name) -> Result<Usage> {
    Ok(Usage::Unknown)
}

/// One user's lock on a name. It has to be told to [leave](Hold::leave).
pub struct Hold {
    name: Name,
    locks: File,
    start: u64,
}

impl Hold {
    /// `None` if there is no owners' file.
    fn take(name: &Name) -> Result<Option<Self>> {
        let Some(hold) = Self::without_lock(name) else {
            return Ok(None);
        };
        let since = Instant::now();
        while !hold.lock(Lock::Shared, hold.users())? {
            wait(since)?;
        }
        Ok(Some(hold))
    }

    fn without_lock(name: &Name) -> Option<Self> {
        let owners = Owners::open().ok()?;
        // FNV-1a.
        let hash = name
            .path()
            .to_bytes()
            .iter()
            .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
                (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
            });
        Some(Self {
            name: name.clone(),
            locks: owners.into_file(),
            start: START + (hash >> 8 << 1),
        })
    }

    /// Lets go of the object, and removes its name if nobody else has it; whether it did.
    pub fn leave(self) -> Result<bool> {
        unlock_bytes(&self.locks, self.users()).map_err(|error| lock_error(&error))?;
        Ok(self.lock(Lock::Exclusive, self.both())? && self.remove_marked()? == Some(true))
    }

    /// Whether the name was removed, being that of a transient object; `None` if there is none of it.
    fn remove_marked(&self) -> Result<Option<bool>> {
        match open(&self.name, false)? {
            Some(file) if is_marked(&file)? => unlink(&self.name).map(Some),
            Some(_) => Ok(Some(false)),
            None => Ok(None),
        }
    }

    fn lock(&self, lock: Lock, bytes: Range<u64>) -> Result<bool> {
        lock_bytes(&self.locks, lock, bytes).map_err(|error| lock_error(&error))
    }

    fn users(&self) -> Range<u64> {
        self.start..self.start + 1
    }

    fn removal(&self) -> Range<u64> {
        self.start + 1..self.start + 2
    }

    fn both(&self) -> Range<u64> {
        self.start..self.start + 2
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let _ = unlock_bytes(&self.locks, self.both());
    }
}

/// A draft of a transient object, and its creator's hold on it, if it can have one; `None` if the name is taken.
pub fn transient_draft(name: &Name, mode: u32) -> Result<Option<(Draft, Option<Hold>)>> {
    let hold = Hold::take(name)?;
    if let Some(draft) = Draft::new(name, mode | TRANSIENT_MARK)? {
        return Ok(Some((draft, hold)));
    }
    // Somebody may have taken this lock for a user's.
    hold.map(Hold::leave);
    Ok(None)
}

/// Opens an object as [`open`] does, and becomes its user if it is transient.
pub fn open_as_user(name: &Name, writable: bool) -> Result<Option<(File, Option<Hold>)>> {
    // First, for an object that is open cannot be told from a later one of its name.
    let hold = Hold::take(name)?;
    match open(name, writable) {
        Ok(Some(file)) if is_marked(&file)? => Ok(Some((file, hold))),
        Ok(opened) => Ok(opened.map(|file| (file, None))),
        Err(error) => {
            // Somebody may have taken this lock for a user's.
            hold.map(Hold::leave);
            Err(error)
        }
    }
}

/// Removes the name of a transient object that nobody has; whether the name is free by now.
pub fn remove_unused(name: &Name) -> Result<bool> {
    let Some(hold) = Hold::without_lock(name) else {
        return Ok(find(name)?.is_none());
    };
    let since = Instant::now();
    while !hold.lock(Lock::Exclusive, hold.both())? {
        let refusing = refusing(&hold.locks, Lock::Exclusive, hold.both());
        if let Some(Lock::Shared) = refusing.map_err(|error| lock_error(&error))? {
            return Ok(find(name)?.is_none());
        }
        wait(since)?;
    }
    match hold.remove_marked() {
        Err(error) if matches!(error.errno(), Some(libc::EACCES | libc::EPERM)) => Ok(false),
        removed => Ok(removed?.unwrap_or(true)),
    }
}

/// Removes an object's name, whoever has it; `false` if there was none.
pub fn destroy(name: &Name) -> Result<bool> {
    if let Some(hold) = Hold::without_lock(name) {
        let since = Instant::now();
        while !hold.lock(Lock::Exclusive, hold.removal())? {
            wait(since)?;
        }
        return unlink(name);
    }
    unlink(name)
}

fn is_marked(file: &File) -> Result<bool> {
    let found = file.metadata();
    let found = found.map_err(|error| Error::from_io(&error, "fstat"))?;
    Ok(found.mode() & TRANSIENT_MARK != 0)
}

fn lock_error(error: &io::Error) -> Error {
    explain(Error::from_io(error, "fcntl"), Doing::OpeningObject, &[])
}

fn wait(since: Instant) -> Result<()> {
    if since.elapsed() > PATIENCE {
        let error = Error::from_errno(libc::EAGAIN, "fcntl");
        return Err(explain(error, Doing::OpeningObject, &[]));
    }
    sleep(PAUSE);
    Ok(())
}
