//! The part of `io_uring` that waiting for words takes (Linux 6.7 on): a queue of requests, each with
//! a number of the caller's, and a queue of their results. A request to wait is a waiter of its own
//! in the kernel's queue for the word from the moment it is submitted
//! ([io_uring(7)](https://man7.org/linux/man-pages/man7/io_uring.7.html)).
//!
//! By hand, since a request that the kernel has refused must be taken back from the queue, or it
//! would begin with the next one.

mod abi;

use std::fs::File;
use std::io;
use std::mem::size_of;
use std::os::fd::{AsRawFd, FromRawFd, RawFd};
use std::ptr::from_ref;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::Arc;
use std::time::Duration;

use memmap2::{MmapOptions, MmapRaw};

use self::abi::{Completion, Parameters, Request};

/// How many requests can complete before they are looked at without the kernel having to allocate
/// memory.
const COMPLETIONS: u32 = 1024;

/// What completes under this number is of no interest.
const NOBODY: u64 = u64::MAX;
/// What completes under this number is the last.
const THE_END: u64 = u64::MAX - 1;

/// A descriptor and the memory that is shared with the kernel through it.
pub struct Ring {
    file: File,
    queues: MmapRaw,
    request: MmapRaw,
    parameters: Parameters,
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
        Some(Completion { result, .. }) if result == -libc::EAGAIN => Ok((requests, completions)),
        _ => Err(io::ErrorKind::Unsupported.into()),
    }
}

impl Ring {
    fn new() -> io::Result<Self> {
        let mut parameters = Parameters {
            cq_entries: COMPLETIONS,
            flags: abi::SETUP_CQSIZE | abi::SETUP_COOP_TASKRUN,
            ..Parameters::default()
        };
        // SAFETY: the structure is as large as the kernel's, and a local to read and write.
        let fd = unsafe { libc::syscall(libc::SYS_io_uring_setup, 1, &mut parameters) };
        let fd = RawFd::try_from(fd).ok().filter(|fd| *fd >= 0);
        let fd = fd.ok_or_else(io::Error::last_os_error)?;
        // SAFETY: a new descriptor, which nobody else closes.
        let file = unsafe { File::from_raw_fd(fd) };
        let completions = size_of::<Completion>() * parameters.cq_entries as usize;
        let array = size_of::<u32>() * parameters.sq_entries as usize;
        let queues = (parameters.cq.completions as usize + completions)
            .max(parameters.sq.array as usize + array);
        Ok(Self {
            queues: MmapOptions::new().len(queues).map_raw(&file)?,
            request: MmapOptions::new()
                .len(size_of::<Request>() * parameters.sq_entries as usize)
                .offset(abi::OFFSET_OF_ENTRIES)
                .map_raw(&file)?,
            file,
            parameters,
        })
    }

    /// What is so many bytes into the queues. The kernel aligns all that it tells the offset of.
    #[allow(clippy::cast_ptr_alignment)]
    fn at<T>(&self, offset: u32) -> *mut T {
        // SAFETY: the kernel has told the offset, so it is inside the mapping.
        unsafe { self.queues.as_mut_ptr().add(offset as usize) }.cast()
    }

    fn word(&self, offset: u32) -> &AtomicU32 {
        // SAFETY: one of the words of the queues, which are mapped as long as `self` lives; both
        // sides use it atomically.
        unsafe { &*self.at(offset) }
    }

    /// Submits requests, and waits for completions: `ETIME` after `timeout`
    /// ([io_uring_enter(2)](https://man7.org/linux/man-pages/man2/io_uring_enter.2.html)).
    fn enter(&self, submit: u32, complete: u32, timeout: Option<Duration>) -> io::Result<()> {
        let time = timeout.map(|time| abi::Time {
            // What is more than that is as good as for ever.
            seconds: time.as_secs().try_into().unwrap_or(i64::MAX),
            nanoseconds: time.subsec_nanos().into(),
        });
        let argument = abi::EnterArgument {
            time: time.as_ref().map_or(0, |time| from_ref(time) as u64),
            ..abi::EnterArgument::default()
        };
        let get_events = if submit == 0 { abi::ENTER_GETEVENTS } else { 0 };
        // SAFETY: the argument and the time that it points to are locals. What requests point to the
        // kernel looks at as it would for a system call: no address can make it write or crash.
        let submitted = unsafe {
            libc::syscall(
                libc::SYS_io_uring_enter,
                self.file.as_raw_fd(),
                submit,
                complete,
                get_events | abi::ENTER_EXT_ARG,
                &raw const argument,
                size_of::<abi::EnterArgument>(),
            )
        };
        match submitted {
            -1 => Err(io::Error::last_os_error()),
            submitted if submitted == submit.into() => Ok(()),
            _ => Err(io::ErrorKind::WouldBlock.into()),
        }
    }
}

impl AsRawFd for Ring {
    /// Readable when requests have completed.
    fn as_raw_fd(&self) -> RawFd {
        self.file.as_raw_fd()
    }
}

impl Requests {
    pub fn ring(&self) -> Arc<Ring> {
        Arc::clone(&self.0)
    }

    /// Waits for `word`, if it holds `expected`: completes with 0 when it is notified, with `-EAGAIN`
    /// if it holds another value, with `-ECANCELED` when that is asked for.
    pub fn futex_wait(&mut self, id: u64, word: *const u32, expected: u32) -> io::Result<()> {
        self.submit(Request {
            op: abi::OP_FUTEX_WAIT,
            fd: abi::FUTEX_32,
            address: word as u64,
            second: expected.into(),
            third: u32::MAX.into(), // any bit of a notification will do
            user_data: id,
            ..Request::default()
        })
    }

    /// Cancels the request of that number. The kernel looks for it among all that have not
    /// completed, the youngest first.
    pub fn cancel(&mut self, id: u64) -> io::Result<()> {
        self.submit(Request {
            op: abi::OP_ASYNC_CANCEL,
            flags: abi::CQE_SKIP_SUCCESS,
            address: id,
            user_data: NOBODY,
            ..Request::default()
        })
    }

    /// Completes nothing, but has the descriptor become readable.
    pub fn wake(&mut self) -> io::Result<()> {
        self.submit(Request {
            op: abi::OP_NOP,
            user_data: NOBODY,
            ..Request::default()
        })
    }

    /// Cancels all requests; [`Completions::take`] then tells that there will be no more.
    pub fn end(&mut self) -> io::Result<()> {
        self.submit(Request {
            op: abi::OP_ASYNC_CANCEL,
            op_flags: abi::CANCEL_ALL | abi::CANCEL_ANY,
            user_data: THE_END,
            ..Request::default()
        })
    }

    /// There is room for one request, which the kernel takes at once.
    fn submit(&mut self, request: Request) -> io::Result<()> {
        let ring = &*self.0;
        #[allow(clippy::cast_ptr_alignment)] // the beginning of a page
        let place = ring.request.as_mut_ptr().cast::<Request>();
        // SAFETY: it is large enough for a request, and `self`, borrowed mutably, is the only one
        // who writes to it.
        unsafe { place.write(request) };
        let tail = ring.word(ring.parameters.sq.tail);
        let before = tail.load(Ordering::Relaxed);
        tail.store(before.wrapping_add(1), Ordering::Release);
        // If the kernel does not take it, it is not to be there when the next one is.
        ring.enter(1, 0, None)
            .inspect_err(|_| tail.store(before, Ordering::Release))
    }
}

impl Completions {
    fn next(&mut self) -> Option<Completion> {
        let ring = &*self.0;
        let offsets = &ring.parameters.cq;
        let head = ring.word(offsets.head);
        let first = head.load(Ordering::Relaxed);
        if first == ring.word(offsets.tail).load(Ordering::Acquire) {
            return None;
        }
        let index = first & ring.word(offsets.mask).load(Ordering::Relaxed);
        // SAFETY: the index is inside the queue, and the kernel does not write there before the
        // head has passed; `self`, borrowed mutably, is the only one who moves it.
        let completion = unsafe {
            let queue = ring.at::<Completion>(offsets.completions);
            queue.add(index as usize).read()
        };
        head.store(first.wrapping_add(1), Ordering::Release);
        Some(completion)
    }

    /// What has completed since the last call, up to as much as the queue holds; `None` if nothing will
    /// any more.
    pub fn take(&mut self) -> Option<Vec<Completed>> {
        let mut completed = Vec::new();
        while let Some(Completion {
            user_data: id,
            result,
            ..
        }) = self.next()
        {
            if id != NOBODY {
                completed.push((id, result));
            }
        }
        let flags = self.0.word(self.0.parameters.sq.flags);
        if flags.load(Ordering::Acquire) & abi::SQ_CQ_OVERFLOW != 0 {
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
