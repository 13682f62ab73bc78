//! A descriptor that stands for several ([epoll(7)](https://man7.org/linux/man-pages/man7/epoll.7.html)),
//! and sleeping until one is readable.

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
        let mut event = libc::epoll_event {
            events: libc::EPOLLIN.unsigned_abs(),
            u64: 0,
        };
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
}

impl AsRawFd for AnyReadable {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

/// Sleeps until one is readable, or for no reason
/// ([poll(2)](https://man7.org/linux/man-pages/man2/poll.2.html)).
pub fn sleep_until_readable(descriptors: [&dyn AsRawFd; 2]) {
    let mut places = descriptors.map(|descriptor| libc::pollfd {
        fd: descriptor.as_raw_fd(),
        events: libc::POLLIN,
        revents: 0,
    });
    // SAFETY: the places are locals, and as many as is said.
    unsafe { libc::poll(places.as_mut_ptr(), 2, -1) };
}
