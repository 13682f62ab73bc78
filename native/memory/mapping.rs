//! A mapped range of shared memory and its three states: shared → private zero pages → released.
//!
//! JavaScript may hold views of a range for longer than the attachment lives, and zlib, crypto or
//! fs may be working on it in a thread pool at the moment of a detach. So a range is not unmapped
//! when it is detached: [`Mapping::retire`] puts private zero pages over it, which is one atomic
//! step for everyone who looks at it, and dropping the last `Arc<Mapping>` gives the range back.
//!
//! Where the JavaScript engine takes no memory but its own, the pages move into memory that the
//! engine has allocated, before anybody else knows the mapping; those addresses are the engine's to
//! give back.

use std::mem::forget;
use std::sync::atomic::{AtomicBool, Ordering};

use memmap2::MmapRaw;

use crate::error::{Error, Result};
use crate::sys::{self, Address, SegmentPages, Zeros};

/// What becomes of what is written to a mapped file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Writes {
    ReachIt,
    StayHere,
}

/// A range of this process's address space with shared memory in it.
pub struct Mapping {
    base: Address,
    /// Bytes of shared memory: the header of a POSIX object counts, a file does not.
    size: usize,
    /// Bytes of addresses that the mapping takes: more than `size` where pages are huge.
    span: usize,
    /// Bytes before the user's data: the header of a POSIX object, the rest of a file's page.
    skip: usize,
    /// Bytes of the user's data.
    len: usize,
    /// What becomes of writes, if this is a file.
    file: Option<Writes>,
    /// What the system counts as an attach of a segment.
    attach: Option<sys::Attach>,
    /// Whether the addresses are the engine's.
    is_lent: bool,
    is_retired: AtomicBool,
}

impl Mapping {
    /// A mapped POSIX object, or private memory, whose data begins `skip` bytes in and is `len` bytes long.
    ///
    /// # Panics
    /// If the data would reach outside the mapping.
    pub fn object(pages: MmapRaw, skip: usize, len: usize) -> Self {
        assert!(skip <= pages.len() && len <= pages.len() - skip);
        let (base, size) = (Address::new(pages.as_mut_ptr()), pages.len());
        // From here on the range is unmapped by this mapping's drop.
        forget(pages);
        Self::new(base, size, size, skip, len, None)
    }

    /// A mapped file, whose data begins `skip` bytes in and is `len` bytes long.
    ///
    /// # Panics
    /// If the data would reach outside the mapping.
    pub fn file(pages: MmapRaw, skip: usize, len: usize, is_private: bool) -> Self {
        let mut mapping = Self::object(pages, skip, len);
        mapping.size = 0;
        mapping.file = Some(if is_private {
            Writes::StayHere
        } else {
            Writes::ReachIt
        });
        mapping
    }

    /// An attached System V segment, all of it data.
    pub fn segment(pages: SegmentPages) -> Self {
        let SegmentPages {
            base,
            len,
            span,
            attach,
        } = pages;
        Self::new(base, len, span, 0, len, Some(attach))
    }

    fn new(
        base: Address,
        size: usize,
        span: usize,
        skip: usize,
        len: usize,
        attach: Option<sys::Attach>,
    ) -> Self {
        sys::refill_reserves();
        Self {
            base,
            size,
            span,
            skip,
            len,
            file: None,
            attach,
            is_lent: false,
            is_retired: AtomicBool::new(false),
        }
    }

    /// Bytes of shared memory mapped: a POSIX object's header counts.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Where the user's data begins.
    pub fn data(&self) -> *mut u8 {
        self.base.get().wrapping_add(self.skip)
    }

    /// Bytes of the user's data.
    pub fn len(&self) -> usize {
        self.len
    }

    /// What becomes of writes, if this is a file.
    pub fn file_writes(&self) -> Option<Writes> {
        self.file
    }

    /// Whether private zero pages are where the shared memory was.
    pub fn is_retired(&self) -> bool {
        self.is_retired.load(Ordering::Acquire)
    }

    /// Replaces the shared memory by private zero pages at the same addresses. Whoever still reads
    /// the range reads zeros, what it writes is not shared, and the kernel no longer counts
    /// this mapping as an attach. Doing it twice is harmless; a refusal changes nothing.
    pub fn retire(&self) -> Result<()> {
        if self.is_retired.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        let zeros = if self.is_lent {
            Zeros::Engine
        } else {
            Zeros::Own
        };
        // SAFETY: base..base+span is a range that `self` has mapped, or moved its pages to, and that
        // stays mapped until `self` is dropped: pages of ours are replaced, and no others.
        let put = unsafe { sys::put_zero_pages(self.base.get(), self.span, zeros) };
        if let Err(error) = put {
            self.is_retired.store(false, Ordering::Release);
            return Err(Error::from_io(&error, "mmap").with_hint(
                "The memory stays attached: replacing it needs address space that the system refused (vm.overcommit_memory, ulimit -v or ulimit -d)",
            ));
        }
        if let Some(attach) = &self.attach {
            attach.end();
        }
        Ok(())
    }

    /// Bytes that memory must have, wherever it begins, for [`Mapping::move_into`].
    pub fn room_needed(&self) -> usize {
        let page = sys::page_size();
        self.span.next_multiple_of(page) + page
    }

    /// Moves the pages into `room_needed()` bytes at `room`, and tells how many bytes in the user's
    /// data begins. From then on the addresses are not this mapping's to give back.
    ///
    /// # Safety
    /// The room must be the caller's, unused, and stay allocated until the mapping is
    /// retired. No address of this mapping may have been given out.
    pub unsafe fn move_into(&mut self, room: *mut u8) -> Result<usize> {
        let shift = room.align_offset(sys::page_size());
        let target = room.wrapping_add(shift);
        // SAFETY: the source is this mapping's, the target the caller's, for a page more than the pages
        // need has been allocated; both are whole pages.
        unsafe { sys::move_pages(self.base.get(), self.span, target) }
            .map_err(|error| sys::mapping_error(&error, "mremap", sys::Doing::Mapping))?;
        self.is_lent = true;
        self.base = Address::new(target);
        Ok(shift + self.skip)
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        if self.is_lent {
            return;
        }
        // SAFETY: the range is this mapping's, and its addresses are not in use any more: whoever was given
        // them holds an `Arc` of it.
        unsafe { sys::unmap(self.base.get(), self.span) };
    }
}
