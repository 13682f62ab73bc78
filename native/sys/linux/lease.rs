//! Whether anybody has an object open or mapped, in whatever container: the kernel grants a write
//! lease on a file only if nobody does
//! ([F_SETLEASE(2const)](https://man7.org/linux/man-pages/man2/F_SETLEASE.2const.html)).
//!
//! While the lease is held, whoever opens the object waits, or is told EAGAIN if it asked not to wait,
//! as [`open`](super::open) does, which tries again. So what is found to be unused stays so.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::sync::OnceLock;
use std::thread::sleep;
use std::time::Instant;

use rustix::fs::{flock, FlockOperation};
use rustix::system::uname;

use super::super::object::{Identity, Name};
use super::objects::{find, identity_of, path, unlink, PATIENCE, PAUSE};
use super::place::directory;
use crate::error::Result;

/// Which signal to send instead of SIGIO: <https://man7.org/linux/man-pages/man2/F_SETSIG.2const.html>.
/// Rust's libc has no name for it.
const F_SETSIG: libc::c_int = 10;

/// What there is of an object's users.
pub enum Usage {
    /// There is no object of that name.
    Gone,
    /// Somebody has it open or mapped.
    Used,
    /// The kernel does not tell: this user is neither its owner nor root, or the kernel is too old.
    Unknown,
    /// Nobody has it, and nobody opens it before the lease is dropped.
    Unused(Lease),
}

/// An object that nobody but this thread can open.
pub struct Lease {
    name: Name,
    file: File,
    identity: Identity,
    /// Who asks has the file open, too. So one asks at a time.
    _turn: Turn,
}

impl Lease {
    pub fn identity(&self) -> Identity {
        self.identity
    }

    /// Removes the object's name; `false` if it was gone.
    pub fn unlink(&self) -> Result<bool> {
        unlink(&self.name)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // A process that is being forked has the file for a moment, so closing it does not suffice.
        let _ = control(&self.file, libc::F_SETLEASE, libc::F_UNLCK);
    }
}

/// Asks the kernel who has the object.
pub fn usage_of(name: &Name) -> Result<Usage> {
    if !grants_leases() {
        return Ok(Usage::Unknown);
    }
    let Some(turn) = Turn::take() else {
        return Ok(Usage::Unknown);
    };
    let opened = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY)
        .open(path(name));
    let file = match opened {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Usage::Gone),
        Err(_) => return Ok(Usage::Unknown),
    };
    let Ok(identity) = identity_of(&file) else {
        return Ok(Usage::Unknown); // it is no regular file
    };
    match take_lease(&file) {
        Ok(()) => {}
        Err(error) if error.raw_os_error() == Some(libc::EAGAIN) => return Ok(Usage::Used),
        Err(_) => return Ok(Usage::Unknown),
    }
    let lease = Lease {
        name: name.clone(),
        file,
        identity,
        _turn: turn,
    };
    match find(name)? {
        Some(found) if found.is_same_object(&identity) => Ok(Usage::Unused(lease)),
        Some(_) => Ok(Usage::Used), // it was replaced before the lease was taken, by one that is new
        None => Ok(Usage::Gone),
    }
}

fn take_lease(file: &File) -> io::Result<()> {
    // The kernel signals that somebody wants to open the file. SIGIO would end the process; this one
    // is ignored unless a program asks for it.
    control(file, F_SETSIG, libc::SIGURG)?;
    control(file, libc::F_SETLEASE, libc::F_WRLCK)
}

/// Does what one of the two commands about leases says.
fn control(file: &File, command: libc::c_int, argument: libc::c_int) -> io::Result<()> {
    // SAFETY: these commands take a number and no pointer, and the file is open.
    match unsafe { libc::fcntl(file.as_raw_fd(), command, argument) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// The right to ask, which one process at a time has: a lock on the directory of all objects.
struct Turn {
    directory: File,
}

impl Turn {
    /// `None` if somebody keeps it for too long.
    fn take() -> Option<Self> {
        let directory = File::open(directory()).ok()?;
        let since = Instant::now();
        while flock(&directory, FlockOperation::NonBlockingLockExclusive).is_err() {
            if since.elapsed() > PATIENCE {
                return None;
            }
            sleep(PAUSE);
        }
        Some(Self { directory })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        // As for a lease.
        let _ = flock(&self.directory, FlockOperation::Unlock);
    }
}

/// Whether a lease on a file of a tmpfs is granted at all: before Linux 5.3 it never was.
fn grants_leases() -> bool {
    static GRANTS: OnceLock<bool> = OnceLock::new();
    *GRANTS.get_or_init(|| {
        let system = uname();
        let release = system.release().to_string_lossy();
        let mut numbers = release
            .split(|letter: char| !letter.is_ascii_digit())
            .map(|digits| digits.parse::<u32>().unwrap_or(0));
        (numbers.next(), numbers.next()) >= (Some(5), Some(3))
    })
}
