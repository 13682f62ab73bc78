//! One page that is mapped only to be given up.

use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

/// A process that has as many mappings as it may (`vm.max_map_count`) can replace none either, and
/// so could never again detach anything. Giving this one up makes the room.
pub static SPARE: Spare = Spare(AtomicPtr::new(ptr::null_mut()));

/// See [`SPARE`].
pub struct Spare(AtomicPtr<libc::c_void>);

impl Spare {
    const SIZE: usize = 1;

    /// Maps the page if there is none. Without one, all else works.
    pub fn provide(&self) {
        if !self.0.load(Ordering::Acquire).is_null() {
            return;
        }
        // SAFETY: the kernel chooses an unused address. MAP_SHARED: private pages could become one
        // mapping with their neighbours, and giving them up would make no room.
        let page = unsafe {
            libc::mmap(
                ptr::null_mut(),
                Self::SIZE,
                libc::PROT_NONE,
                libc::MAP_SHARED | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        if page != libc::MAP_FAILED {
            Self::unmap(self.0.swap(page, Ordering::AcqRel));
        }
    }

    /// Unmaps the page; `false` if there was none.
    pub fn give_up(&self) -> bool {
        Self::unmap(self.0.swap(ptr::null_mut(), Ordering::AcqRel))
    }

    fn unmap(page: *mut libc::c_void) -> bool {
        // SAFETY: `provide` has mapped it, nobody looks at it, and the swap gave it to us alone.
        !page.is_null() && unsafe { libc::munmap(page, Self::SIZE) } == 0
    }
}
