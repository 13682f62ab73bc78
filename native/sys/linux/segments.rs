//! Attached System V segments, whose attach an `mmap` over it releases; and what to tell of their limits.

use std::fs;
use std::io;

use super::hugetlb::mapped_len;

/// `shmget`'s flag for a segment whose memory is not promised beforehand.
pub const SHM_NORESERVE: i32 = libc::SHM_NORESERVE;

/// An attached System V segment.
pub struct SegmentPages {
    base: *mut u8,
    len: usize,
    mapped: usize,
}

impl SegmentPages {
    /// Attaches segment `id`, which is `len` bytes long
    /// ([shmat(2)](https://man7.org/linux/man-pages/man2/shmat.2.html)).
    pub fn attach(id: i32, len: usize) -> io::Result<Self> {
        // SAFETY: the kernel chooses an unused address; nothing of ours is replaced.
        let base = unsafe { libc::shmat(id, std::ptr::null(), 0) };
        if base as isize == -1 {
            return Err(io::Error::last_os_error());
        }
        Ok(Self {
            base: base.cast(),
            len,
            mapped: mapped_len(base.cast(), len),
        })
    }

    pub fn base(&self) -> *mut u8 {
        self.base
    }

    pub fn len(&self) -> usize {
        self.len
    }

    /// Bytes that the mapping takes: a segment in huge pages is mapped to the end of its last one.
    pub fn mapped(&self) -> usize {
        self.mapped
    }

    /// Called when other pages lie over the segment's: the kernel has counted the detach by then.
    #[allow(clippy::unused_self)] // macOS has something to do here
    pub fn let_go(&self) {}
}

impl Drop for SegmentPages {
    fn drop(&mut self) {
        // SAFETY: the range is ours, and whoever drops it has seen to it that nobody looks at it.
        // munmap serves both the segment's own pages and the zero pages over them. It can fail
        // only for a range that is not page-aligned, and shmat's is.
        unsafe { libc::munmap(self.base.cast(), self.mapped) };
    }
}

/// What to do when no System V segment can be made.
pub fn segment_hint(errno: i32, bytes: usize) -> String {
    let limit = |name: &str| {
        fs::read_to_string(format!("/proc/sys/kernel/{name}"))
            .map(|text| text.trim().to_string())
            .unwrap_or_default()
    };
    match errno {
        libc::EINVAL => format!(
            "{bytes} bytes were asked for; kernel.shmmax allows {} at most",
            limit("shmmax")
        ),
        libc::ENOSPC => format!(
            "The system has as many segments (kernel.shmmni = {}) or as many pages in segments (kernel.shmall = {}) as it may; `ipcs -m` lists them, `ipcrm` removes those nobody needs",
            limit("shmmni"),
            limit("shmall")
        ),
        libc::ENOMEM => format!("{bytes} bytes were asked for, more than the system has memory for"),
        _ => access_hint(errno),
    }
}

/// What to do when existing memory cannot be mapped.
pub fn mapping_hint(errno: i32) -> String {
    match errno {
        libc::ENOMEM => {
            let count = fs::read_to_string("/proc/sys/vm/max_map_count").unwrap_or_default();
            format!(
                "Out of address space (ulimit -v) or of mappings (vm.max_map_count = {})",
                count.trim()
            )
        }
        _ => access_hint(errno),
    }
}

fn access_hint(errno: i32) -> String {
    match errno {
        libc::EACCES => "Its permissions do not allow this user to read and write it (with copyOnWrite: to read it)".to_string(),
        libc::EPERM => "Only its owner, its creator or root may destroy it".to_string(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::mapping::Mapping;
    use crate::sys::page_size;
    use memmap2::MmapOptions;
    use std::mem::forget;

    #[test]
    fn a_segment_in_huge_pages_is_given_back_to_its_end() {
        let (len, mapped) = (page_size(), 64 << 20);
        let pages = MmapOptions::new().len(mapped).map_anon().unwrap();
        let base = pages.as_ptr().cast_mut();
        forget(pages);
        let mapping = Mapping::segment(SegmentPages { base, len, mapped });
        mapping.retire().unwrap();
        drop(mapping);
        // SAFETY: the kernel only looks whether the page is there.
        let status = unsafe { libc::msync(base.add(len).cast(), len, libc::MS_ASYNC) };
        assert_eq!(status, -1);
    }
}
