//! What a ring is asked for.

use std::io;
use std::os::fd::RawFd;
use std::sync::atomic::Ordering;
use std::sync::Arc;

use rustix::io_uring::{
    addr3_or_cmd_union, addr3_struct, addr_or_splice_off_in_union, io_uring_ptr, io_uring_sqe,
    io_uring_user_data, off_or_addr2_union, op_flags_union, FutexWaitFlags, IoringAsyncCancelFlags,
    IoringOp, IoringSqeFlags,
};

use super::{Ring, IGNORED, LAST};

/// Where a request to wait has room for its flags is the place of a descriptor.
#[allow(clippy::cast_possible_wrap)]
const FUTEX_32: RawFd = FutexWaitFlags::SIZE_U32.bits() as RawFd;

/// Submits requests.
pub struct Requests(pub(super) Arc<Ring>);

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
            user_data: io_uring_user_data::from_u64(IGNORED),
            ..io_uring_sqe::default()
        })
    }

    /// Completes nothing, but has the descriptor become readable.
    pub fn wake(&mut self) -> io::Result<()> {
        self.submit(io_uring_sqe {
            opcode: IoringOp::Nop,
            user_data: io_uring_user_data::from_u64(IGNORED),
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
            user_data: io_uring_user_data::from_u64(LAST),
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
