//! The part of `io_uring` that waiting for words takes (Linux 6.7 on): a queue of requests, each with
//! a number of the caller's, and a queue of their results. A request to wait is a waiter of its own
//! in the kernel's queue for the word from the moment it is submitted
//! ([io_uring(7)](https://man7.org/linux/man-pages/man7/io_uring.7.html)).
//!
//! By hand, since a request that the kernel has refused must be taken back from the queue, or it
//! would begin with the next one. The crate `io-uring` cannot take one back.

mod completions;
mod requests;

use std::io;
use std::mem::size_of;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::ptr::from_ref;
use std::sync::atomic::AtomicU32;
use std::sync::Arc;
use std::time::Duration;

use memmap2::{MmapOptions, MmapRaw};
use rustix::io_uring::{
    io_uring_cqe, io_uring_enter_arg, io_uring_getevents_arg, io_uring_params, io_uring_ptr,
    io_uring_setup, io_uring_sqe, IoringEnterFlags, IoringSetupFlags, IORING_OFF_SQES,
};
use rustix::time::Timespec;

pub use completions::{Completed, Completions};
pub use requests::Requests;

/// How many requests can complete before they are looked at without the kernel having to allocate
/// memory.
const COMPLETIONS: u32 = 1024;

/// What completes under this number is of no interest.
const IGNORED: u64 = u64::MAX;
/// What completes under this number is the last.
const LAST: u64 = u64::MAX - 1;

/// A descriptor and the memory that is shared with the kernel through it.
pub struct Ring {
    file: OwnedFd,
    queues: MmapRaw,
    request: MmapRaw,
    offsets: Offsets,
}

/// How many bytes into the queues things are.
struct Offsets {
    request_tail: u32,
    flags: u32,
    head: u32,
    tail: u32,
    mask: u32,
    completions: u32,
}

/// A new ring. Fails where the kernel is older, or does not let this process use `io_uring`.
pub fn ring() -> io::Result<(Requests, Completions)> {
    let ring = Arc::new(Ring::new()?);
    let (mut requests, mut completions) = (Requests(Arc::clone(&ring)), Completions(ring));
    // A wait that ends at once tells whether the kernel knows such waits.
    let word = AtomicU32::new(0);
    requests.futex_wait(IGNORED, word.as_ptr(), 1)?;
    match completions.next() {
        Some((_, result)) if result == -libc::EAGAIN => Ok((requests, completions)),
        _ => Err(io::ErrorKind::Unsupported.into()),
    }
}

impl Ring {
    fn new() -> io::Result<Self> {
        let mut parameters = io_uring_params::default();
        parameters.cq_entries = COMPLETIONS;
        // Completions are no reason to interrupt JavaScript that runs.
        parameters.flags = IoringSetupFlags::CQSIZE | IoringSetupFlags::COOP_TASKRUN;
        // SAFETY: no flag has the kernel use memory or descriptors of ours.
        let file = unsafe { io_uring_setup(1, &mut parameters) }?;
        let completions = size_of::<io_uring_cqe>() * parameters.cq_entries as usize;
        let array = size_of::<u32>() * parameters.sq_entries as usize;
        let queues = (parameters.cq_off.cqes as usize + completions)
            .max(parameters.sq_off.array as usize + array);
        Ok(Self {
            queues: MmapOptions::new().len(queues).map_raw(&file)?,
            request: MmapOptions::new()
                .len(size_of::<io_uring_sqe>() * parameters.sq_entries as usize)
                .offset(IORING_OFF_SQES)
                .map_raw(&file)?,
            file,
            offsets: Offsets {
                request_tail: parameters.sq_off.tail,
                flags: parameters.sq_off.flags,
                head: parameters.cq_off.head,
                tail: parameters.cq_off.tail,
                mask: parameters.cq_off.ring_mask,
                completions: parameters.cq_off.cqes,
            },
        })
    }

    /// What is so many bytes into the queues. The kernel aligns all that it tells the offset of.
    #[allow(clippy::cast_ptr_alignment)]
    fn at<T>(&self, offset: u32) -> *mut T {
        self.queues
            .as_mut_ptr()
            .wrapping_add(offset as usize)
            .cast()
    }

    fn word(&self, offset: u32) -> &AtomicU32 {
        // SAFETY: one of the words of the queues, whose offset the kernel has told, and which are mapped as
        // long as `self` lives; both sides use it atomically.
        unsafe { &*self.at(offset) }
    }

    /// Submits requests, and waits for completions: `ETIME` after `timeout`
    /// ([io_uring_enter(2)](https://man7.org/linux/man-pages/man2/io_uring_enter.2.html)).
    fn enter(&self, submit: u32, complete: u32, timeout: Option<Duration>) -> io::Result<()> {
        // What is more than that is as good as for ever.
        let time = timeout.and_then(|time| Timespec::try_from(time).ok());
        let mut argument = io_uring_getevents_arg::default();
        if let Some(time) = &time {
            argument.ts = io_uring_ptr::new(from_ref(time).cast_mut().cast());
        }
        let mut flags = IoringEnterFlags::EXT_ARG;
        flags.set(IoringEnterFlags::GETEVENTS, submit == 0);
        // SAFETY: the argument and the time that it points to are locals. What requests point to the
        // kernel looks at as it would for a system call: no address can make it write or crash.
        let submitted =
            unsafe { io_uring_enter_arg(&self.file, submit, complete, flags, Some(&argument)) }?;
        if submitted != submit {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        Ok(())
    }
}

impl AsFd for Ring {
    /// Readable when requests have completed.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

#[cfg(test)]
mod tests;
