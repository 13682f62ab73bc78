//! Whether anybody else has a file open or mapped, in whatever container: the kernel grants a write lease on
//! a file only if nobody does
//! ([F_SETLEASE(2const)](https://man7.org/linux/man-pages/man2/F_SETLEASE.2const.html)).
//!
//! While the lease is held, whoever opens the file waits, or is told EAGAIN if it asked not to wait, as
//! [`open`](super::open) does, which tries again. So what is found to be unused stays so.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::sync::OnceLock;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::system::uname;

use super::objects::PAUSE;

/// Which signal to send instead of SIGIO: <https://man7.org/linux/man-pages/man2/F_SETSIG.2const.html>.
/// Rust's libc has no name for it.
const F_SETSIG: libc::c_int = 10;

/// The kernel's answer.
pub enum Lease {
    /// Nobody else has the file, and nobody opens it before the lease is given back.
    Granted,
    /// Somebody else has it.
    Refused,
    /// The kernel does not tell: this user is neither the file's owner nor root, or the kernel is too old.
    Unknown,
}

/// Asks for the lease. Another process that only asks has the file open, too, so a refusal is not believed
/// before it has lasted so long.
pub fn take_lease(file: &File, patience: Duration) -> Lease {
    if !grants_leases() {
        return Lease::Unknown;
    }
    let since = Instant::now();
    // Of two that ask in step, each would always meet the other.
    let mut pause = PAUSE / 2 + Duration::from_nanos(u64::from(std::process::id() % 64) * 1000);
    loop {
        match request(file) {
            Ok(()) => return Lease::Granted,
            Err(error) if error.raw_os_error() != Some(libc::EAGAIN) => return Lease::Unknown,
            Err(_) if since.elapsed() >= patience => return Lease::Refused,
            Err(_) => sleep(pause),
        }
        pause = (pause * 5 / 4).min(LONGEST_PAUSE);
    }
}

const LONGEST_PAUSE: Duration = Duration::from_millis(5);

fn request(file: &File) -> io::Result<()> {
    // The kernel signals that somebody wants to open the file. SIGIO would end the process; this one
    // is ignored unless a program asks for it.
    control(file, F_SETSIG, libc::SIGURG)?;
    control(file, libc::F_SETLEASE, libc::F_WRLCK)
}

/// Gives the lease back. A process that is being forked has the file for a moment, so closing it does not suffice.
pub fn give_lease_back(file: &File) {
    let _ = control(file, libc::F_SETLEASE, libc::F_UNLCK);
}

/// Does what one of the two commands about leases says.
fn control(file: &File, command: libc::c_int, argument: libc::c_int) -> io::Result<()> {
    // SAFETY: these commands take a number and no pointer, and the file is open.
    match unsafe { libc::fcntl(file.as_raw_fd(), command, argument) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
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
