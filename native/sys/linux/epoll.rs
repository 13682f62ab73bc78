//! A descriptor that stands for several ([epoll(7)](https://man7.org/linux/man-pages/man7/epoll.7.html)),
//! and sleeping until one is readable.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::event::{poll, PollFd, PollFlags};

use super::ring::Ring;

/// Readable as long as one of its descriptors is.
pub struct AnyReadable(OwnedFd);

impl AnyReadable {
    /// Of no descriptor yet.
    pub fn new() -> io::Result<Self> {
        Ok(Self(epoll::create(CreateFlags::CLOEXEC)?))
    }

    /// Adds a descriptor, until it is closed.
    pub fn add(&self, descriptor: &impl AsFd) -> io::Result<()> {
        let nothing = EventData::new_u64(0);
        Ok(epoll::add(&self.0, descriptor, nothing, EventFlags::IN)?)
    }
}

impl AsFd for AnyReadable {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Sleeps until one is readable, or for no reason
/// ([poll(2)](https://man7.org/linux/man-pages/man2/poll.2.html)).
pub fn sleep_until_readable(ring: &Ring, others: &AnyReadable) {
    let mut places = [ring.as_fd(), others.as_fd()]
        .map(|descriptor| PollFd::from_borrowed_fd(descriptor, PollFlags::IN));
    let _ = poll(&mut places, None);
}
