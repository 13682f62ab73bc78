//! A mapping that is made only to be given up.

use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

use super::page_size;

/// When the process has as many mappings as it may (`vm.max_map_count`) it can replace none either,
/// and so could never again detach anything. Giving this one up makes the room.
pub static SPARE: Spare = Spare {
    page: AtomicPtr::new(ptr::null_mut()),
};

/// See [`SPARE`].
pub struct Spare {
    page: AtomicPtr<libc::c_void>,
}

impl Spare {
    /// Makes the mapping if there is none. Without it, all else works.
    pub fn provide(&self) {
        if !self.page.load(Ordering::Acquire).is_null() {
            return;
        }
        // SAFETY: the kernel chooses an unused address. MAP_SHARED: a private page could become one
        // mapping with its neighbours, and giving it up would make no room.
        let page = unsafe {
            libc::mmap(
                ptr::null_mut(),
                page_size(),
                libc::PROT_NONE,
                libc::MAP_SHARED | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        if page != libc::MAP_FAILED {
            unmap(self.page.swap(page, Ordering::AcqRel));
        }
    }

    /// Unmaps it; `false` if there is none.
    pub fn unmap(&self) -> bool {
        unmap(self.page.swap(ptr::null_mut(), Ordering::AcqRel))
    }
}

fn unmap(page: *mut libc::c_void) -> bool {
    // SAFETY: `provide` has mapped it, nobody looks at it, and the swap gave it to the caller alone.
    !page.is_null() && unsafe { libc::munmap(page, page_size()) } == 0
}
