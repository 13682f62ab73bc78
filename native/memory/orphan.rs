//! Orphans: memory that nobody has attached any more, whatever became of its creator.

use crate::error::{Error, Result};
use crate::memory::sysv;
use crate::sys::{self, explain, Doing, Name, Usage};

/// Memory that may be an orphan, told from other memory of its key.
pub enum Suspect {
    Segment(sysv::Id),
    Object { name: Name, inode: u64 },
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
            Self::Object { name, inode } => Ok(match sys::usage_of(name)? {
                Usage::Unused(claim) if !claim.is_certain() => None,
                Usage::Unused(claim) => Some(claim.identity().inode == *inode),
                Usage::Gone | Usage::Used => Some(false),
                Usage::Unknown => None,
            }),
        }
    }

    /// Destroys it if it is one; whether it was.
    pub fn destroy(&self) -> Result<bool> {
        match self {
            Self::Segment(id) => Ok(sysv::is_orphan(*id)? == Some(true) && sysv::remove(*id)?),
            Self::Object { name, inode } => match sys::usage_of(name)? {
                Usage::Unused(claim) if claim.is_certain() => {
                    Ok(claim.identity().inode == *inode && claim.unlink()?)
                }
                Usage::Unused(_) | Usage::Unknown => Err(explain(
                    Error::from_errno(libc::EPERM, "fcntl"),
                    Doing::AskingForUsers,
                    &[],
                )),
                Usage::Gone | Usage::Used => Ok(false),
            },
        }
    }
}
