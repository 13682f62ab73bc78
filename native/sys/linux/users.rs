//! Those who have a transient object: each has its lock on it from before its first look at the data on. See
//! [mark](super::mark) for the locks.

use std::fs::File;
use std::thread::sleep;
use std::time::Instant;

use super::claims::{claim, Usage, LOOK_AGAIN};
use super::mark::{is_marked, lock_error, share, Patience, TRANSIENT_MARK, USERS};
use super::objects::{find, has_no_name, identity_of, open, Draft, PAUSE};
use crate::error::Result;
use crate::sys::unix::unlock_bytes;
use crate::sys::{Identity, Name};

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
        // What is open for reading only cannot ask, and would be in the way.
        let mut file = is_writable.then_some(file);
        for _ in 0..ASKS {
            let asking = match file.take() {
                Some(file) => file,
                None => match open(&name, true)? {
                    Some(file) if identity_of(&file)?.is_same_object(&identity) => file,
                    _ => return Ok(false),
                },
            };
            match claim(&name, asking)? {
                Usage::Unused(claim) => return claim.unlink(),
                Usage::Claimed => wait_for_claim(&name, &identity)?,
                _ => return Ok(false),
            }
        }
        Ok(false)
    }
}

/// How often who lets go asks whether it is the last: who has claimed the object meanwhile may have given up because of
/// the file with which this user asked.
const ASKS: usize = 2;

/// Waits until somebody else's claim must be over: the name is gone, or what leads to is another object.
fn wait_for_claim(name: &Name, identity: &Identity) -> Result<()> {
    let since = Instant::now();
    while since.elapsed() < LOOK_AGAIN {
        match find(name)? {
            Some(found) if found.is_same_object(identity) => sleep(PAUSE),
            _ => return Ok(()),
        }
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::linux::mark::BOTH;
    use crate::sys::unix::{lock_bytes, unlock_bytes, Lock};
    use std::time::Duration;

    #[test]
    fn who_lets_go_under_a_claim_that_is_given_up_removes_the_name() {
        let name = Name::new(format!("/shm-users-{}", std::process::id()).as_bytes()).unwrap();
        let (draft, hold) = transient_draft(&name, 0o600).unwrap().unwrap();
        assert!(draft.publish().unwrap());
        drop(draft);
        let hold = hold.unwrap();
        // Somebody else has found nobody by then, and gives up since the file is open here.
        let claimer = open(&name, true).unwrap().unwrap();
        unlock_bytes(&hold.file, USERS).unwrap();
        assert!(lock_bytes(&claimer, Lock::Exclusive, BOTH).unwrap());
        let removed = std::thread::scope(|scope| {
            let leaving = scope.spawn(|| hold.leave().unwrap());
            sleep(Duration::from_millis(50));
            drop(claimer);
            leaving.join().unwrap()
        });
        assert!(removed);
        assert!(find(&name).unwrap().is_none());
    }
}
