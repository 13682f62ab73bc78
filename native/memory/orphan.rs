//! Orphans: memory that nobody has attached any more, whatever became of its creator.

use crate::error::{Error, Result};
use crate::memory::sysv;
use crate::sys::{self, explain, Doing, Identity, Name, Usage};

/// Memory that may be an orphan, told from other memory of its key.
pub enum Suspect {
    Segment(sysv::Id),
    /// The device is not always known.
    Object {
        name: Name,
        inode: u64,
        device: Option<u64>,
    },
}

impl Suspect {
    /// Whether nobody has it; `None` if the system does not tell.
    pub fn is_orphan(&self) -> Result<Option<bool>> {
        match self {
            Self::Segment(id) => match sysv::is_orphan(*id) {
                Ok(found) => Ok(Some(found.unwrap_or(false))),
                Err(error) if error.errno() == Some(libc::EACCES) => Ok(None),
                Err(error) => Err(error),
            },
            Self::Object { name, .. } => Ok(match sys::usage_of(name)? {
                Usage::Unused(claim) if !claim.is_certain() => None,
                Usage::Unused(claim) => Some(self.is_it(claim.identity())),
                Usage::Gone | Usage::Used | Usage::Claimed => Some(false),
                Usage::Unknown => None,
            }),
        }
    }

    /// Whether an object is the very one that was looked at.
    fn is_it(&self, found: Identity) -> bool {
        match self {
            Self::Segment(_) => false,
            Self::Object { inode, device, .. } => {
                *inode == found.inode && device.is_none_or(|device| device == found.device)
            }
        }
    }

    /// Destroys it if it is one; whether it was.
    pub fn destroy(&self) -> Result<bool> {
        match self {
            Self::Segment(id) => Ok(sysv::is_orphan(*id)? == Some(true) && sysv::remove(*id)?),
            Self::Object { name, .. } => match sys::usage_of(name)? {
                Usage::Unused(claim) if claim.is_certain() => {
                    Ok(self.is_it(claim.identity()) && claim.unlink()?)
                }
                Usage::Unused(_) | Usage::Unknown => Err(explain(
                    Error::from_errno(libc::EPERM, "fcntl"),
                    Doing::AskingForUsers,
                    &[],
                )),
                Usage::Gone | Usage::Used | Usage::Claimed => Ok(false),
            },
        }
    }
}
