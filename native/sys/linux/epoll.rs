//! A descriptor that stands for several ([epoll(7)](https://man7.org/linux/man-pages/man7/epoll.7.html)).

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};

use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};

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

    /// Sleeps until one is readable, or for no reason.
    pub fn sleep(&self) {
        let mut event = [MaybeUninit::<Event>::uninit()];
        let _ = epoll::wait(&self.0, &mut event, None);
    }
}

impl AsRawFd for AnyReadable {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}
