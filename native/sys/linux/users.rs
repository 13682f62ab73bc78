//! Those who have a transient object: each has its lock on it from before its first look at the data on. See
//! [mark](super::mark) for the locks.

use std::fs::File;

use super::claims::{claim, Usage};
use super::mark::{is_marked, lock_error, share, Patience, TRANSIENT_MARK, USERS};
use super::objects::{has_no_name, identity_of, open, Draft};
use crate::error::Result;
use crate::sys::unix::unlock_bytes;
use crate::sys::Name;

/// One user's lock on a transient object. It has to be told to [leave](Hold::leave).
pub struct Hold {
    name: Name,
    file: File,
    is_writable: bool,
}

impl Hold {
    fn new(name: &Name, file: &File, is_writable: bool) -> Result<Self> {
        let file = file.try_clone().map_err(|error| lock_error(&error))?;
        Ok(Self {
            name: name.clone(),
            file,
            is_writable,
        })
    }

    /// Lets go of the object, which must not be mapped by this user any more, and removes its name if nobody
    /// else has it; whether it did.
    pub fn leave(self) -> Result<bool> {
        let Self {
            name,
            file,
            is_writable,
        } = self;
        let identity = identity_of(&file)?;
        unlock_bytes(&file, USERS).map_err(|error| lock_error(&error))?;
        let file = if is_writable {
            file
        } else {
            drop(file);
            match open(&name, true)? {
                Some(file) if identity_of(&file)?.is_same_object(&identity) => file,
                _ => return Ok(false),
            }
        };
        match claim(&name, file)? {
            Usage::Unused(claim) => claim.unlink(),
            _ => Ok(false),
        }
    }
}

/// A draft of a transient object, and its creator's hold on it, if it can have one; `None` if the name is taken.
pub fn transient_draft(name: &Name, mode: u32) -> Result<Option<(Draft, Option<Hold>)>> {
    let Some(draft) = Draft::new(name, mode | TRANSIENT_MARK)? else {
        return Ok(None);
    };
    let hold = Hold::new(name, draft.file(), true)?;
    share(&hold.file)?;
    Ok(Some((draft, Some(hold))))
}

/// Opens an object as [`open`] does, and becomes its user if it is transient.
pub fn open_as_user(name: &Name, writable: bool) -> Result<Option<(File, Option<Hold>)>> {
    let mut patience = Patience::new();
    loop {
        let Some(file) = open(name, writable)? else {
            return Ok(None);
        };
        if !is_marked(&file)? {
            return Ok(Some((file, None)));
        }
        if share(&file)? {
            if !has_no_name(&file) {
                let hold = Hold::new(name, &file, writable)?;
                return Ok(Some((file, Some(hold))));
            }
        } else {
            drop(file);
            patience.wait()?;
        }
    }
}
