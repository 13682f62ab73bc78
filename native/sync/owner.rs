//! Who owns a mutex: every thread that locks one has a number, and as long as it lives the kernel
//! holds a lock for it on the byte of that number in a file that all share. The lock goes with the
//! thread's open file however the thread ends, so it tells the living from the dead across pid
//! namespaces, and whatever became of the pid. The numbers are random, so that there are no two of one
//! number where the kernel lists the locks of all such files.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::io;

use crate::error::{Error, Result};
use crate::sys::{explain, Doing, Owners};

/// Numbers are from 1 to this one: the low 30 bits of a mutex. The next one stands for a dead owner
/// (lib/mutex/word.js), so no thread has it.
const LARGEST: u64 = (1 << 30) - 2;

/// After so many numbers in a row that are taken, something else has locked the file.
const MAX_ATTEMPTS: u32 = 100;

pub struct Owner {
    owners: Owners,
    number: u32,
}

impl Owner {
    /// Takes a free number.
    pub fn claim() -> Result<Self> {
        let owners = Owners::open().map_err(|error| explained(&error, "open"))?;
        for _ in 0..MAX_ATTEMPTS {
            // Not a secret, only unlikely to be taken.
            let number = 1 + RandomState::new().build_hasher().finish() % LARGEST;
            let number = u32::try_from(number).unwrap_or_default();
            let locked = owners.lock(number);
            if locked.map_err(|error| explained(&error, "fcntl"))? {
                return Ok(Self { owners, number });
            }
        }
        let all_taken = Error::from_errno(libc::EAGAIN, "fcntl");
        Err(explain(all_taken, Doing::Owning, &[]))
    }

    pub fn number(&self) -> u32 {
        self.number
    }

    /// Whether the thread of that number lives.
    pub fn is_alive(&self, number: u32) -> Result<bool> {
        if number == self.number {
            return Ok(true);
        }
        self.owners
            .is_locked(number)
            .map_err(|error| explained(&error, "fcntl"))
    }
}

fn explained(error: &io::Error, syscall: &'static str) -> Error {
    explain(Error::from_io(error, syscall), Doing::Owning, &[])
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
