//! Asynchronous waits with `io_uring` (Linux 6.7 on): each wait is a waiter of its own in the
//! kernel's queue from the moment it is started, so that a notification counts it, and wakes it in
//! its turn ([io_uring_enter(2)](https://man7.org/linux/man-pages/man2/io_uring_enter.2.html)).

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::thread::JoinHandle;

use io_uring::{opcode, squeue, IoUring};

use crate::futex::Word;
use crate::inbox::{Ended, Id, Inbox, Waits};

/// futex2's flags: a word of 32 bits, shared between processes.
const SIZE_U32: u32 = 2;
/// Asks for completed requests in `io_uring_enter`.
const ENTER_GETEVENTS: u32 = 1;
/// What completes under this number is of no interest.
const NOBODY: u64 = u64::MAX;

/// The waits of one JavaScript thread: it submits them, and one thread of ours reaps them.
pub struct Ring {
    shared: Arc<IoUring>,
    stop: Arc<AtomicBool>,
    reaper: Option<JoinHandle<()>>,
}

impl Ring {
    /// Fails where the kernel is older, or does not let this process use `io_uring`.
    pub fn new(inbox: Arc<Inbox>) -> io::Result<Self> {
        let ring = Arc::new(IoUring::builder().setup_cqsize(4096).build(64)?);
        let mut probe = io_uring::Probe::new();
        ring.submitter().register_probe(&mut probe)?;
        if !probe.is_supported(opcode::FutexWait::CODE) {
            return Err(io::ErrorKind::Unsupported.into());
        }
        let stop = Arc::new(AtomicBool::new(false));
        let reaper = {
            let (ring, stop) = (Arc::clone(&ring), Arc::clone(&stop));
            std::thread::Builder::new()
                .name("shm-wait".to_string())
                .spawn(move || reap(&ring, &stop, &inbox))?
        };
        Ok(Self {
            shared: ring,
            stop,
            reaper: Some(reaper),
        })
    }

    fn submit(&mut self, entry: &squeue::Entry) -> io::Result<()> {
        // SAFETY: `self` is borrowed mutably and the reaper never submits, so this is the only user
        // of the submission queue. The kernel checks the addresses in them.
        while unsafe { self.shared.submission_shared().push(entry) }.is_err() {
            self.shared.submit()?;
        }
        loop {
            match self.shared.submit() {
                Ok(_) => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // Too many completions wait for the reaper: it is on its way.
                Err(error) if error.raw_os_error() == Some(libc::EBUSY) => {
                    std::thread::yield_now();
                }
                Err(error) => return Err(error),
            }
        }
    }
}

impl Waits for Ring {
    fn start(&mut self, id: Id, word: &Word, expected: u32) -> io::Result<()> {
        let mask = u64::from(u32::MAX);
        let wait = opcode::FutexWait::new(word.address(), expected.into(), mask, SIZE_U32);
        self.submit(&wait.build().user_data(id))
    }

    fn cancel(&mut self, id: Id) -> io::Result<()> {
        self.submit(&opcode::AsyncCancel::new(id).build().user_data(NOBODY))
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        let woken = self.submit(&opcode::Nop::new().build().user_data(NOBODY));
        if let (Ok(()), Some(reaper)) = (woken, self.reaper.take()) {
            // A panic there has been printed; there is nothing to add.
            let _ = reaper.join();
        }
    }
}

fn reap(ring: &IoUring, stop: &AtomicBool, inbox: &Inbox) {
    while !stop.load(Ordering::Acquire) {
        // SAFETY: no argument is passed, and nothing is submitted, so no memory is at stake.
        let entered = unsafe {
            ring.submitter()
                .enter::<libc::sigset_t>(0, 1, ENTER_GETEVENTS, None)
        };
        if entered.is_err_and(|error| error.kind() != io::ErrorKind::Interrupted) {
            return;
        }
        // SAFETY: the reaper is the only user of the completion queue.
        for completed in unsafe { ring.completion_shared() } {
            if completed.user_data() != NOBODY {
                inbox.deliver(completed.user_data(), how(completed.result()));
            }
        }
    }
}

fn how(result: i32) -> Ended {
    match -result {
        libc::ECANCELED => Ended::Cancelled,
        libc::EAGAIN => Ended::NotEqual,
        _ => Ended::Notified,
    }
}
