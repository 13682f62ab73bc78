//! macOS has nothing like `io_uring`: no ring can be made, so none of this can be called.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::Duration;

pub enum Ring {}
pub enum Requests {}
pub enum Completions {}
pub enum AnyReadable {}

/// A request that has completed: its number, and 0 or a negative error number.
pub type Completed = (u64, i32);

/// Always fails.
pub fn ring() -> io::Result<(Requests, Completions)> {
    Err(io::ErrorKind::Unsupported.into())
}

impl AsFd for Ring {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match *self {}
    }
}

impl Requests {
    pub fn ring(&self) -> Arc<Ring> {
        match *self {}
    }

    pub fn futex_wait(&mut self, _id: u64, _word: *const u32, _expected: u32) -> io::Result<()> {
        match *self {}
    }

    pub fn cancel(&mut self, _id: u64) -> io::Result<()> {
        match *self {}
    }

    pub fn wake(&mut self) -> io::Result<()> {
        match *self {}
    }

    pub fn end(&mut self) -> io::Result<()> {
        match *self {}
    }
}

impl Completions {
    pub fn take(&mut self) -> Option<Vec<Completed>> {
        match *self {}
    }

    pub fn sleep(&mut self, _timeout: Option<Duration>) -> Option<Vec<Completed>> {
        match *self {}
    }
}

impl AnyReadable {
    /// Always fails.
    pub fn new() -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub fn add(&self, _descriptor: &impl AsFd) -> io::Result<()> {
        match *self {}
    }
}

impl AsFd for AnyReadable {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match *self {}
    }
}

/// Is never called: there is nothing of which a ring is one.
pub fn sleep_until_readable(_ring: &Ring, _others: &AnyReadable) {}
