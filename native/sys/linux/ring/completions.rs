//! What has become of a ring's requests.

use std::sync::atomic::Ordering;
use std::sync::Arc;
use std::time::Duration;

use rustix::io_uring::{io_uring_cqe, IoringSqFlags};

use super::{Ring, IGNORED, LAST};

/// A request that has completed: its number, and 0 or a negative error number.
pub type Completed = (u64, i32);

/// The results of requests.
pub struct Completions(pub(super) Arc<Ring>);

impl Completions {
    pub(super) fn next(&mut self) -> Option<Completed> {
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
            if id != IGNORED {
                completed.push((id, result));
            }
        }
        let flags = self.0.word(self.0.offsets.flags);
        let flags = IoringSqFlags::from_bits_retain(flags.load(Ordering::Acquire));
        if flags.contains(IoringSqFlags::CQ_OVERFLOW) {
            // There are more. If the kernel does not bring them now, the descriptor stays readable.
            let _ = self.0.enter(0, 0, None);
        }
        let last = completed.iter().any(|&(id, _)| id == LAST);
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
