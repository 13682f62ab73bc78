//! A descriptor that stands for several ([epoll(7)](https://man7.org/linux/man-pages/man7/epoll.7.html)).

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

/// Readable as long as one of its descriptors is.
pub struct AnyReadable(OwnedFd);

impl AnyReadable {
    /// Of no descriptor yet.
    pub fn new() -> io::Result<Self> {
        // SAFETY: it takes no pointers.
        let fd = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: a new descriptor, which nobody else closes.
        Ok(Self(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    /// Adds a descriptor, until it is closed.
    pub fn add(&self, descriptor: &impl AsRawFd) -> io::Result<()> {
        let mut event = readable();
        // SAFETY: the event is a local that is only read.
        let status = unsafe {
            libc::epoll_ctl(
                self.0.as_raw_fd(),
                libc::EPOLL_CTL_ADD,
                descriptor.as_raw_fd(),
                &raw mut event,
            )
        };
        match status {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// Sleeps until one is readable, or for no reason.
    pub fn sleep(&self) {
        let mut event = readable();
        // SAFETY: there is room for the one event that is asked for.
        unsafe { libc::epoll_wait(self.0.as_raw_fd(), &raw mut event, 1, -1) };
    }
}

impl AsRawFd for AnyReadable {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

fn readable() -> libc::epoll_event {
    libc::epoll_event {
        events: libc::EPOLLIN.unsigned_abs(),
        u64: 0,
    }
}
