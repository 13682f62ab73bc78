//! The part of `io_uring` that waiting for words takes (Linux 6.7 on): a queue of requests, each with
//! a number of the caller's, and a queue of their results. A request to wait is a waiter of its own
//! in the kernel's queue for the word from the moment it is submitted
//! ([io_uring(7)](https://man7.org/linux/man-pages/man7/io_uring.7.html)).
//!
//! By hand, since a request that the kernel has refused must be taken back from the queue, or it
//! would begin with the next one. The crate `io-uring` cannot take one back.

use std::io;
use std::mem::size_of;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd, RawFd};
use std::ptr::from_ref;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::Arc;
use std::time::Duration;

use memmap2::{MmapOptions, MmapRaw};
use rustix::io_uring::{
    addr3_or_cmd_union, addr3_struct, addr_or_splice_off_in_union, io_uring_cqe,
    io_uring_enter_arg, io_uring_getevents_arg, io_uring_params, io_uring_ptr, io_uring_setup,
    io_uring_sqe, io_uring_user_data, off_or_addr2_union, op_flags_union, FutexWaitFlags,
    IoringAsyncCancelFlags, IoringEnterFlags, IoringOp, IoringSetupFlags, IoringSqFlags,
    IoringSqeFlags, IORING_OFF_SQES,
};
use rustix::time::Timespec;

/// How many requests can complete before they are looked at without the kernel having to allocate
/// memory.
const COMPLETIONS: u32 = 1024;

/// Where a request to wait has room for its flags is the place of a descriptor.
#[allow(clippy::cast_possible_wrap)]
const FUTEX_32: RawFd = FutexWaitFlags::SIZE_U32.bits() as RawFd;

/// What completes under this number is of no interest.
const NOBODY: u64 = u64::MAX;
/// What completes under this number is the last.
const THE_END: u64 = u64::MAX - 1;

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

/// Submits requests.
pub struct Requests(Arc<Ring>);

/// The results of requests.
pub struct Completions(Arc<Ring>);

/// A request that has completed: its number, and 0 or a negative error number.
pub type Completed = (u64, i32);

/// A new ring. Fails where the kernel is older, or does not let this process use `io_uring`.
pub fn ring() -> io::Result<(Requests, Completions)> {
    let ring = Arc::new(Ring::new()?);
    let (mut requests, mut completions) = (Requests(Arc::clone(&ring)), Completions(ring));
    // A wait that ends at once tells whether the kernel knows such waits.
    let word = AtomicU32::new(0);
    requests.futex_wait(NOBODY, word.as_ptr(), 1)?;
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

impl Requests {
    pub fn ring(&self) -> Arc<Ring> {
        Arc::clone(&self.0)
    }

    /// Waits for `word`, if it holds `expected`: completes with 0 when it is notified, with `-EAGAIN`
    /// if it holds another value, with `-ECANCELED` when that is asked for.
    pub fn futex_wait(&mut self, id: u64, word: *const u32, expected: u32) -> io::Result<()> {
        let mut any_bit = addr3_struct::default();
        any_bit.addr3 = u32::MAX.into();
        self.submit(io_uring_sqe {
            opcode: IoringOp::FutexWait,
            fd: FUTEX_32,
            addr_or_splice_off_in: addr_or_splice_off_in_union {
                addr: io_uring_ptr::new(word.cast_mut().cast()),
            },
            off_or_addr2: off_or_addr2_union {
                off: expected.into(),
            },
            addr3_or_cmd: addr3_or_cmd_union { addr3: any_bit },
            user_data: io_uring_user_data::from_u64(id),
            ..io_uring_sqe::default()
        })
    }

    /// Cancels the request of that number. The kernel looks for it among all that have not
    /// completed, the youngest first.
    pub fn cancel(&mut self, id: u64) -> io::Result<()> {
        self.submit(io_uring_sqe {
            opcode: IoringOp::AsyncCancel,
            // A cancel that has succeeded is no completion of its own.
            flags: IoringSqeFlags::CQE_SKIP_SUCCESS,
            addr_or_splice_off_in: addr_or_splice_off_in_union {
                user_data: io_uring_user_data::from_u64(id),
            },
            user_data: io_uring_user_data::from_u64(NOBODY),
            ..io_uring_sqe::default()
        })
    }

    /// Completes nothing, but has the descriptor become readable.
    pub fn wake(&mut self) -> io::Result<()> {
        self.submit(io_uring_sqe {
            opcode: IoringOp::Nop,
            user_data: io_uring_user_data::from_u64(NOBODY),
            ..io_uring_sqe::default()
        })
    }

    /// Cancels all requests; [`Completions::take`] then tells that there will be no more.
    pub fn end(&mut self) -> io::Result<()> {
        self.submit(io_uring_sqe {
            opcode: IoringOp::AsyncCancel,
            op_flags: op_flags_union {
                cancel_flags: IoringAsyncCancelFlags::ALL | IoringAsyncCancelFlags::ANY,
            },
            user_data: io_uring_user_data::from_u64(THE_END),
            ..io_uring_sqe::default()
        })
    }

    /// There is room for one request, which the kernel takes at once.
    fn submit(&mut self, request: io_uring_sqe) -> io::Result<()> {
        let ring = &*self.0;
        #[allow(clippy::cast_ptr_alignment)] // the beginning of a page
        let place = ring.request.as_mut_ptr().cast::<io_uring_sqe>();
        // SAFETY: it is large enough for a request, and `self`, borrowed mutably, is the only one
        // who writes to it.
        unsafe { place.write(request) };
        let tail = ring.word(ring.offsets.request_tail);
        let before = tail.load(Ordering::Relaxed);
        tail.store(before.wrapping_add(1), Ordering::Release);
        // If the kernel does not take it, it is not to be there when the next one is.
        ring.enter(1, 0, None)
            .inspect_err(|_| tail.store(before, Ordering::Release))
    }
}

impl Completions {
    fn next(&mut self) -> Option<Completed> {
        let ring = &*self.0;
        let offsets = &ring.offsets;
        let head = ring.word(offsets.head);
        let first = head.load(Ordering::Relaxed);
        if first == ring.word(offsets.tail).load(Ordering::Acquire) {
            return None;
        }
        let index = first & ring.word(offsets.mask).load(Ordering::Relaxed);
        // SAFETY: the index is inside the queue, and the kernel does not write there before the
        // head has passed; `self`, borrowed mutably, is the only one who moves it.
        let completion = unsafe {
            let queue = ring.at::<io_uring_cqe>(offsets.completions);
            queue.add(index as usize).read()
        };
        head.store(first.wrapping_add(1), Ordering::Release);
        Some((completion.user_data.u64_(), completion.res))
    }

    /// What has completed since the last call, up to as much as the queue holds; `None` if nothing will
    /// any more.
    pub fn take(&mut self) -> Option<Vec<Completed>> {
        let mut completed = Vec::new();
        while let Some((id, result)) = self.next() {
            if id != NOBODY {
                completed.push((id, result));
            }
        }
        let flags = self.0.word(self.0.offsets.flags);
        let flags = IoringSqFlags::from_bits_retain(flags.load(Ordering::Acquire));
        if flags.contains(IoringSqFlags::CQ_OVERFLOW) {
            // There are more. Should the kernel not bring them now, the descriptor stays readable.
            let _ = self.0.enter(0, 0, None);
        }
        let last = completed.iter().any(|&(id, _)| id == THE_END);
        (!last).then_some(completed)
    }

    /// Sleeps until something has completed, or for as long as `timeout`, and tells what has; `None`
    /// if nothing will any more.
    pub fn sleep(&mut self, timeout: Option<Duration>) -> Option<Vec<Completed>> {
        if let Err(error) = self.0.enter(0, 1, timeout) {
            // EBADR is told once, of a completion that the kernel had no memory for.
            if !matches!(
                error.raw_os_error(),
                Some(libc::ETIME | libc::EINTR | libc::EBADR)
            ) {
                return None;
            }
        }
        self.take()
    }
}

#[cfg(test)]
mod tests;
