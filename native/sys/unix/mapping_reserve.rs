//! Mappings in reserve: they are given up when the process has as many mappings as it may
//! (`vm.max_map_count`).

use std::io;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

use super::page_size;
use crate::error::Error;
use crate::sys::{explain, Doing};

/// At the limit a process can replace no mapping either, and so could never again detach anything.
/// Giving this one up makes the room.
pub static DETACH_RESERVE: Reserve = Reserve::new(1);

/// At the limit neither the allocator nor the JavaScript engine gets memory, and both end the process.
/// Giving these up when a mapping was refused makes room for the handler of the error, and for a detach.
static ERROR_RESERVE: Reserve = Reserve::new(64);

/// Makes the mappings that are missing. Without them, all else works.
pub fn refill_reserves() {
    DETACH_RESERVE.refill();
    ERROR_RESERVE.refill();
}

/// Why memory could not be mapped. If that was one mapping too many, a reserve is given up
/// for the handler of the error.
pub fn mapping_error(error: &io::Error, syscall: &'static str, doing: Doing) -> Error {
    if error.raw_os_error() == Some(libc::ENOMEM) {
        ERROR_RESERVE.give_up();
    }
    explain(Error::from_io(error, syscall), doing, &[])
}

/// See [`DETACH_RESERVE`].
pub struct Reserve {
    pages: AtomicPtr<libc::c_void>,
    count: usize,
}

impl Reserve {
    const fn new(count: usize) -> Self {
        Self {
            pages: AtomicPtr::new(ptr::null_mut()),
            count,
        }
    }

    /// Makes the mappings if there are none.
    pub fn refill(&self) {
        if !self.pages.load(Ordering::Acquire).is_null() {
            return;
        }
        // SAFETY: the kernel chooses an unused address. MAP_SHARED: private pages could become one
        // mapping with their neighbours, and giving them up would make no room.
        let pages = unsafe {
            libc::mmap(
                ptr::null_mut(),
                self.size(),
                libc::PROT_NONE,
                libc::MAP_SHARED | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        if pages == libc::MAP_FAILED {
            return;
        }
        // Each page with a protection that its neighbours do not have is a mapping of its own.
        for index in (1..self.count).step_by(2) {
            // SAFETY: a page of the range that was just mapped and is unknown to others. A refusal
            // leaves fewer mappings.
            unsafe {
                let page = pages.cast::<u8>().add(index * page_size());
                libc::mprotect(page.cast(), page_size(), libc::PROT_READ);
            }
        }
        self.unmap_pages(self.pages.swap(pages, Ordering::AcqRel));
    }

    /// Unmaps them; `false` if there are none.
    pub fn give_up(&self) -> bool {
        self.unmap_pages(self.pages.swap(ptr::null_mut(), Ordering::AcqRel))
    }

    fn size(&self) -> usize {
        self.count * page_size()
    }

    fn unmap_pages(&self, pages: *mut libc::c_void) -> bool {
        // SAFETY: `refill` has mapped them, they are never read, and the swap gave them to the
        // caller alone.
        !pages.is_null() && unsafe { libc::munmap(pages, self.size()) } == 0
    }
}
