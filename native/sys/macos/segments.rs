//! Attached System V segments, which `shmdt` alone releases; and what to tell of their limits.

use std::ffi::CStr;
use std::io;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering};

use super::pages::{map_again, VM_FLAGS_ANYWHERE};

/// No flag of `shmget` is for segments whose memory is not promised: that holds for all.
pub const SHM_NORESERVE: i32 = 0;

/// An attached System V segment, seen through a second mapping of its pages.
///
/// `shmdt` is what counts a detach here, and it also unmaps the range that `shmat` gave: while
/// native work still reads there, that would be a crash. So JavaScript is given a second mapping
/// of the same pages, which can be covered with zero pages and outlive the attach.
pub struct SegmentPages {
    attached: AtomicPtr<libc::c_void>,
    base: *mut u8,
    len: usize,
}

impl SegmentPages {
    /// Attaches segment `id`, which is `len` bytes long
    /// ([shmat(2)](https://man.freebsd.org/cgi/man.cgi?query=shmat&sektion=2)).
    pub fn attach(id: i32, len: usize) -> io::Result<Self> {
        // SAFETY: the kernel chooses an unused address; nothing of ours is replaced.
        let attached = unsafe { libc::shmat(id, std::ptr::null(), 0) };
        if attached as isize == -1 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the range has just been attached, and the kernel chooses the target address.
        match unsafe { map_again(attached.cast(), len, 0, VM_FLAGS_ANYWHERE) } {
            Ok(base) => Ok(Self {
                attached: AtomicPtr::new(attached),
                base,
                len,
            }),
            Err(error) => {
                // SAFETY: attached above, and used by nobody.
                unsafe { libc::shmdt(attached) };
                Err(error)
            }
        }
    }

    pub fn base(&self) -> *mut u8 {
        self.base
    }

    pub fn len(&self) -> usize {
        self.len
    }

    /// Bytes that the mapping takes.
    pub fn mapped(&self) -> usize {
        self.len
    }

    /// Called when other pages lie over the segment's: lets the kernel count the detach.
    pub fn let_go(&self) {
        let attached = self.attached.swap(null_mut(), Ordering::AcqRel);
        if !attached.is_null() {
            // SAFETY: attached by `attach`, seen by nobody but through the second mapping, and
            // the swap lets this happen once.
            unsafe { libc::shmdt(attached) };
        }
    }
}

impl Drop for SegmentPages {
    fn drop(&mut self) {
        self.let_go();
        // SAFETY: the second mapping is ours, and whoever drops it has seen to it that nobody
        // looks at it. munmap can fail only for a range that is not page-aligned.
        unsafe { libc::munmap(self.base.cast(), self.len) };
    }
}

fn limit(name: &CStr) -> u64 {
    let mut value = 0_u64;
    let mut size = std::mem::size_of::<u64>();
    // SAFETY: the name is NUL-terminated, and `size` tells how much room `value` has.
    unsafe {
        libc::sysctlbyname(
            name.as_ptr(),
            std::ptr::addr_of_mut!(value).cast(),
            &mut size,
            null_mut(),
            0,
        )
    };
    value
}

/// What to do when no System V segment can be made.
pub fn segment_hint(errno: i32, bytes: usize) -> String {
    match errno {
        libc::EINVAL => format!(
            "{bytes} bytes were asked for; kern.sysv.shmmax allows {} at most (sudo sysctl -w kern.sysv.shmmax=…, and shmall in pages)",
            limit(c"kern.sysv.shmmax")
        ),
        libc::ENOSPC | libc::ENOMEM => format!(
            "The system has as many segments (kern.sysv.shmmni = {}) or as many pages in segments (kern.sysv.shmall = {}) as it may; `ipcs -m` lists them, `ipcrm` removes those nobody needs",
            limit(c"kern.sysv.shmmni"),
            limit(c"kern.sysv.shmall")
        ),
        _ => mapping_hint(errno),
    }
}

/// What to do when existing memory cannot be mapped.
pub fn mapping_hint(errno: i32) -> String {
    match errno {
        libc::EMFILE => format!(
            "This process has as many segments attached as it may (kern.sysv.shmseg = {})",
            limit(c"kern.sysv.shmseg")
        ),
        libc::EACCES => "Its permissions do not allow this user to read and write it (with copyOnWrite: to read it)".to_string(),
        libc::EPERM => "Only its owner, its creator or root may destroy it".to_string(),
        libc::ENOMEM => "Out of address space".to_string(),
        _ => String::new(),
    }
}
