//! Who asks whether anybody has an object, and removes its name if nobody does: nobody opens the object as long as
//! it is claimed. See [mark](super::mark) for the locks.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::time::Duration;

use super::lease::{give_lease_back, take_lease, Lease};
use super::mark::{is_marked, leads_to_marked, lock, lock_error, Patience, BOTH, REMOVAL, USERS};
use super::objects::{find, identity_of, object_error, open, path, unlink};
use crate::error::{Error, Result};
use crate::sys::unix::{lock_bytes, refuses, refusing, unlock_bytes, Lock};
use crate::sys::{Doing, Identity, Name};

/// How long programs that do not lock, and who is about to close the object, are waited for.
pub const LOOK_AGAIN: Duration = Duration::from_millis(250);
/// The same for objects that are not marked: only others who ask are waited for.
const ASK_AGAIN: Duration = Duration::from_millis(5);

/// What there is of an object's users.
pub enum Usage {
    /// There is no object of that name.
    Gone,
    /// Somebody has it open or mapped.
    Used,
    /// Somebody else is looking, and removes its name if nobody has it.
    Claimed,
    /// The system does not tell.
    Unknown,
    /// Nobody has it, and nobody opens it before this is dropped.
    Unused(Claim),
}

/// An object that nobody else can open.
pub struct Claim {
    name: Name,
    file: File,
    identity: Identity,
    is_marked: bool,
    is_leased: bool,
}

impl Claim {
    pub fn identity(&self) -> Identity {
        self.identity
    }

    /// Whether programs that do not lock were asked after, too.
    pub fn is_certain(&self) -> bool {
        self.is_leased
    }

    /// Removes the object's name; `false` if it was gone.
    pub fn unlink(&self) -> Result<bool> {
        unlink(&self.name)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if self.is_leased {
            give_lease_back(&self.file);
        }
        if self.is_marked {
            let _ = unlock_bytes(&self.file, BOTH);
        }
    }
}

/// Asks who has the object.
pub fn usage_of(name: &Name) -> Result<Usage> {
    match open_to_ask(name) {
        Ok(Some(file)) => claim(name, file),
        Ok(None) => Ok(Usage::Gone),
        Err(error) if error.errno() == Some(libc::EAGAIN) => Ok(Usage::Used), // who has a lease on it
        Err(_) => Ok(Usage::Unknown),
    }
}

/// Removes the name of a transient object that nobody has; whether the name is free by now.
pub fn remove_unused(name: &Name) -> Result<bool> {
    let mut patience = Patience::new();
    loop {
        let file = match open_to_ask(name) {
            Ok(Some(file)) => file,
            Ok(None) => return Ok(true),
            Err(error) if error.errno() == Some(libc::EAGAIN) => {
                // Who claims it has a lease on it for a moment; another program may keep one.
                if patience.wait().is_err() {
                    return Ok(false);
                }
                continue;
            }
            Err(error) if is_short_of_files(&error) => return Err(error),
            Err(_) => return Ok(false), // it is not this user's
        };
        if !is_marked(&file)? {
            return Ok(false);
        }
        match claim(name, file)? {
            Usage::Unused(claim) => return claim.unlink().or_else(refused),
            Usage::Gone => return Ok(true),
            Usage::Used | Usage::Unknown => return Ok(false),
            Usage::Claimed => patience.wait()?,
        }
    }
}

/// Nothing was found out about the object: that is no reason to say that somebody has it.
fn is_short_of_files(error: &Error) -> bool {
    matches!(
        error.errno(),
        Some(libc::EMFILE | libc::ENFILE | libc::ENOMEM)
    )
}

/// A removal that this user has no right to.
fn refused(error: Error) -> Result<bool> {
    match error.errno() {
        Some(libc::EACCES | libc::EPERM) => Ok(false),
        _ => Err(error),
    }
}

/// Removes an object's name, whoever has it; `false` if there was none.
pub fn destroy(name: &Name) -> Result<bool> {
    let mut patience = Patience::new();
    loop {
        // Of what is not marked there is nobody else who removes the name. To ask for that by the name spares opening it.
        if !leads_to_marked(name)? {
            return unlink(name);
        }
        // What may not be opened for writing is none of our user's.
        let Ok(Some(file)) = open(name, true) else {
            return unlink(name);
        };
        if lock(&file, REMOVAL)? {
            let identity = identity_of(&file)?;
            match find(name)? {
                // The name may lead to another object by now, which somebody else may be removing.
                Some(found) if !found.is_same_object(&identity) => continue,
                Some(_) => return unlink(name),
                None => return Ok(false),
            }
        }
        drop(file);
        patience.wait()?;
    }
}

/// Opens what has the name for writing, or for reading where that is not allowed. It does not wait for a lease.
fn open_to_ask(name: &Name) -> Result<Option<File>> {
    let opened = |writable| {
        OpenOptions::new()
            .read(true)
            .write(writable)
            .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY)
            .open(path(name))
    };
    let file = opened(true).or_else(|error| match error.kind() {
        io::ErrorKind::PermissionDenied => opened(false),
        _ => Err(error),
    });
    match file {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(object_error(&error, "open", Doing::OpeningObject)),
    }
}

/// Claims an open object if nobody else has it.
pub fn claim(name: &Name, file: File) -> Result<Usage> {
    let Ok(identity) = identity_of(&file) else {
        return Ok(Usage::Unknown); // it is no regular file
    };
    let is_marked = is_marked(&file)?;
    let mut claim = Claim {
        name: name.clone(),
        file,
        identity,
        is_marked,
        is_leased: false,
    };
    let mut is_locked = false;
    if is_marked {
        match lock_against_users(&claim.file) {
            Ok(None) => is_locked = true,
            Ok(Some(Lock::Shared)) => return Ok(Usage::Used),
            Ok(Some(Lock::Exclusive)) => return Ok(Usage::Claimed),
            // It is open for reading only.
            Err(error) if error.raw_os_error() == Some(libc::EBADF) => {
                if refuses(&claim.file, Lock::Exclusive, USERS).map_err(|e| lock_error(&e))? {
                    return Ok(Usage::Used);
                }
            }
            Err(error) => return Err(lock_error(&error)),
        }
    }
    match take_lease(&claim.file, if is_locked { LOOK_AGAIN } else { ASK_AGAIN }) {
        Lease::Granted => claim.is_leased = true,
        Lease::Refused => return Ok(Usage::Used),
        Lease::Unknown if !is_locked => return Ok(Usage::Unknown),
        Lease::Unknown => {}
    }
    match find(name)? {
        Some(found) if found.is_same_object(&identity) => Ok(Usage::Unused(claim)),
        Some(_) => Ok(Usage::Used), // it was replaced before it was claimed, by one that is new
        None => Ok(Usage::Gone),
    }
}

/// Locks both bytes; if somebody is in the way, the kind of lock that this is.
fn lock_against_users(file: &File) -> io::Result<Option<Lock>> {
    loop {
        if lock_bytes(file, Lock::Exclusive, BOTH)? {
            return Ok(None);
        }
        let refusing = refusing(file, Lock::Exclusive, BOTH)?;
        if refusing.is_some() {
            return Ok(refusing);
        }
    }
}
