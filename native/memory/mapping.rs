//! A mapped range of shared memory and its three states: shared → private zero pages → released.
//!
//! JavaScript may hold views of a range for longer than the attachment lives, and zlib, crypto or
//! fs may be working on it in a thread pool at the moment of a detach. So a range is not unmapped
//! when it is detached: [`Mapping::retire`] puts private zero pages over it, which is one atomic
//! step for everyone who looks at it, and dropping the last `Arc<Mapping>` gives the range back.
//!
//! Where the JavaScript engine takes no memory but its own, a mapping is lent to it: its pages move
//! into memory that the engine has allocated, and the addresses are the engine's to give back.

use std::mem::ManuallyDrop;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};
use std::sync::{Mutex, PoisonError};

use memmap2::MmapRaw;

use crate::error::{Error, Result};
use crate::sys::{self, SegmentPages};

/// Whose pages these are, and so how they are given back.
enum Pages {
    Object(MmapRaw),
    Segment(SegmentPages),
}

/// A range of this process's address space with shared memory in it.
pub struct Mapping {
    pages: ManuallyDrop<Pages>,
    /// Where the pages are: where they were mapped first, or where they have been lent to.
    base: AtomicPtr<u8>,
    lent: AtomicBool,
    /// Bytes before the user's data: the header of a POSIX object.
    skip: usize,
    /// Bytes of the user's data.
    len: usize,
    retired: AtomicBool,
    taken: AtomicBool,
}

// SAFETY: a Mapping is an address range and atomic flags; it never reads or writes the memory
// itself, and mmap, munmap and shmdt may be called from any thread.
unsafe impl Send for Mapping {}
// SAFETY: as for Send: through a shared reference only `retire` acts, and it is idempotent.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// A mapped POSIX object, or private memory, whose data begins `skip` bytes in and is `len` bytes long.
    ///
    /// # Panics
    /// If the data would reach outside the mapping.
    pub fn object(pages: MmapRaw, skip: usize, len: usize) -> Self {
        assert!(skip <= pages.len() && len <= pages.len() - skip);
        Self::new(Pages::Object(pages), skip, len)
    }

    /// An attached System V segment, all of it data.
    pub fn segment(pages: SegmentPages) -> Self {
        let len = pages.len();
        Self::new(Pages::Segment(pages), 0, len)
    }

    fn new(pages: Pages, skip: usize, len: usize) -> Self {
        sys::SPARE.provide();
        sys::HEADROOM.provide();
        let base = match &pages {
            Pages::Object(pages) => pages.as_mut_ptr(),
            Pages::Segment(pages) => pages.base(),
        };
        Self {
            pages: ManuallyDrop::new(pages),
            base: AtomicPtr::new(base),
            lent: AtomicBool::new(false),
            skip,
            len,
            retired: AtomicBool::new(false),
            taken: AtomicBool::new(false),
        }
    }

    fn base(&self) -> *mut u8 {
        self.base.load(Ordering::Acquire)
    }

    /// Bytes of shared memory mapped: a POSIX object's header counts.
    pub fn size(&self) -> usize {
        match &*self.pages {
            Pages::Object(pages) => pages.len(),
            Pages::Segment(pages) => pages.len(),
        }
    }

    /// Bytes that the mapping takes, which can be more where pages are huge.
    fn mapped(&self) -> usize {
        match &*self.pages {
            Pages::Segment(pages) => pages.mapped(),
            Pages::Object(pages) => pages.len(),
        }
    }

    /// Where the user's data begins.
    pub fn data(&self) -> *mut u8 {
        // SAFETY: `object` has checked that `skip` is inside the mapping.
        unsafe { self.base().add(self.skip) }
    }

    /// Bytes of the user's data.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether private zero pages are where the shared memory was.
    pub fn is_retired(&self) -> bool {
        self.retired.load(Ordering::Acquire)
    }

    /// Somebody has transferred the memory to a buffer of their own, which another thread can have.
    pub fn set_taken(&self) {
        self.taken.store(true, Ordering::Release);
    }

    pub fn is_taken(&self) -> bool {
        self.taken.load(Ordering::Acquire)
    }

    /// Replaces the shared memory by private zero pages at the same addresses. Whoever still reads
    /// the range reads zeros, what it writes is seen by nobody, and the kernel no longer counts
    /// this mapping as an attach. Doing it twice is harmless.
    pub fn retire(&self) -> Result<()> {
        if self.retired.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        // SAFETY: base..base+size is a range that `self` has mapped and that nothing but `self`
        // gives back, so MAP_FIXED replaces pages of ours only; the range stays mapped throughout.
        let pages = unsafe { sys::put_zero_pages(self.base(), self.mapped()) };
        if let Err(error) = pages {
            self.retired.store(false, Ordering::Release);
            return Err(Error::from_io(&error, "mmap").with_hint(
                "The memory stays attached: replacing it needs address space that the system refused (vm.overcommit_memory, ulimit -v or ulimit -d)",
            ));
        }
        if let Pages::Segment(pages) = &*self.pages {
            pages.let_go();
        }
        Ok(())
    }

    /// Bytes that memory must have, wherever it begins, for [`Mapping::lend`].
    pub fn room_needed(&self) -> usize {
        let page = sys::page_size();
        self.size().next_multiple_of(page) + page
    }

    /// Moves the pages into `room_needed()` bytes at `room`, and tells how many bytes in the user's
    /// data begins. From then on the addresses are not this mapping's to give back.
    ///
    /// # Safety
    /// The room must be the caller's and stay allocated until the mapping is retired; nobody may
    /// use it, nor have an address of this mapping.
    pub unsafe fn lend(&self, room: *mut u8) -> Result<usize> {
        let shift = room.align_offset(sys::page_size());
        // SAFETY: a page more than the pages need has been allocated, so they end inside the room.
        let target = unsafe { room.add(shift) };
        // SAFETY: the source is this mapping's, the target the caller's, and both are whole pages.
        unsafe { sys::move_pages(self.base(), self.size(), target) }
            .map_err(|error| Error::from_io(&error, "mremap"))?;
        self.lent.store(true, Ordering::Release);
        self.base.store(target, Ordering::Release);
        Ok(shift + self.skip)
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        if self.lent.load(Ordering::Acquire) {
            // Whoever lent it has retired it before; the addresses are the engine's.
            return;
        }
        if self.retired.load(Ordering::Acquire) {
            give_back(self.base() as usize, self.mapped());
            return;
        }
        // SAFETY: dropped here and nowhere else.
        unsafe { ManuallyDrop::drop(&mut self.pages) };
    }
}

/// Ranges of zero pages next to each other that nobody uses any more and that are not unmapped yet.
///
/// Mappings come to an end in crowds, when garbage is collected, and those that were made one after
/// the other lie side by side: unmapping them together spares most of the calls.
static GIVEN_BACK: Mutex<Range<usize>> = Mutex::new(0..0);

/// Bytes that may wait, of addresses, not of memory.
const MAY_WAIT: usize = 1 << 20;

/// Unmaps the zero pages of a retired mapping, now or together with their neighbours.
fn give_back(base: usize, size: usize) {
    let end = base + size.next_multiple_of(sys::page_size());
    let mut waiting = GIVEN_BACK.lock().unwrap_or_else(PoisonError::into_inner);
    if waiting.start == end {
        waiting.start = base;
    } else if waiting.end == base {
        waiting.end = end;
    } else {
        unmap(&std::mem::replace(&mut *waiting, base..end));
    }
    if waiting.len() >= MAY_WAIT {
        unmap(&std::mem::replace(&mut *waiting, 0..0));
    }
}

fn unmap(range: &Range<usize>) {
    if !range.is_empty() {
        // SAFETY: the range consists of retired mappings, and whoever dropped them has seen to it
        // that nobody looks at them. munmap can fail only for want of memory to split a range; then
        // addresses are lost, and nothing else.
        unsafe { libc::munmap(range.start as *mut libc::c_void, range.len()) };
    }
}
