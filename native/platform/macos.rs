//! macOS: POSIX objects have a name space of their own, are sized once and in whole pages, and
//! can be neither read nor linked; System V attaches are counted by `shmdt` alone.

use std::ffi::CStr;
use std::fs::{File, Metadata};
use std::io;
use std::os::fd::FromRawFd;

use memmap2::MmapOptions;

use crate::error::{Error, Result};
use crate::platform::Kind;
use crate::posix::{Identity, Name, HEADER};

/// What is before an object's name in what leads to it: objects have a name space of their own.
pub const PREFIX: &str = "";

/// An object that bears its name from the start: this system knows no other way. Until it has its
/// size and its header, [`crate::posix`] takes it for absent. Dropped unpublished, it is unlinked.
pub struct Draft {
    file: File,
    name: Name,
    published: std::cell::Cell<bool>,
}

impl Draft {
    /// A new object of size 0 with permissions `mode` (less the umask), or `None` if `name` is
    /// taken ([shm_open(2)](https://man.freebsd.org/cgi/man.cgi?query=shm_open&sektion=2)).
    pub fn new(name: &Name, mode: u32) -> Result<Option<Self>> {
        let flags = libc::O_CREAT | libc::O_EXCL | libc::O_RDWR;
        match shm_open(name, flags, mode) {
            Ok(file) => Ok(Some(Self {
                file,
                name: name.clone(),
                published: std::cell::Cell::new(false),
            })),
            Err(error) if error.raw_os_error() == Some(libc::EEXIST) => Ok(None),
            Err(error) => Err(open_error(&error)),
        }
    }

    pub fn file(&self) -> &File {
        &self.file
    }

    /// Whether another object has the name already: the draft itself has it.
    #[allow(clippy::unnecessary_wraps, clippy::unused_self)] // Linux has to ask
    pub fn is_late(&self, _name: &Name) -> Result<bool> {
        Ok(false)
    }

    /// The object is finished: its header is written.
    #[allow(clippy::unnecessary_wraps)] // Linux can fail here
    pub fn publish(&self, _name: &Name) -> Result<bool> {
        self.published.set(true);
        Ok(true)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.published.get() {
            // Nothing can be done about a failure here.
            let _ = unlink(&self.name);
        }
    }
}

fn shm_open(name: &Name, flags: i32, mode: u32) -> io::Result<File> {
    // SAFETY: the name is a NUL-terminated string that outlives the call; a mode is passed
    // whether or not the flags ask for one.
    let descriptor = unsafe { libc::shm_open(name.path().as_ptr(), flags, mode) };
    if descriptor == -1 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor is open and nobody else's.
    Ok(unsafe { File::from_raw_fd(descriptor) })
}

/// Opens the object for reading, and for writing too if `writable`.
pub fn open(name: &Name, writable: bool) -> Result<Option<File>> {
    let access = if writable {
        libc::O_RDWR
    } else {
        libc::O_RDONLY
    };
    match shm_open(name, access, 0) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(open_error(&error)),
    }
}

fn open_error(error: &io::Error) -> Error {
    let hint = match error.raw_os_error() {
        Some(libc::EACCES) => {
            "The object's permissions do not allow this user to read and write it"
        }
        Some(libc::ENAMETOOLONG) => "macOS allows 31 bytes, the slash included",
        Some(libc::EMFILE) => "This process has as many files open as it may (ulimit -n)",
        _ => "",
    };
    Error::from_io(error, "shm_open").with_hint(hint)
}

/// Which object has the name at this moment.
pub fn find(name: &Name) -> Result<Option<Identity>> {
    open(name, false)?.as_ref().map(identity_of).transpose()
}

/// What the system tells of the object; it must be opened for that.
pub fn status(name: &Name) -> Result<Option<Metadata>> {
    let Some(file) = open(name, false)? else {
        return Ok(None);
    };
    match file.metadata() {
        Ok(found) => Ok(Some(found)),
        Err(error) => Err(Error::from_io(&error, "fstat")),
    }
}

/// Which object an open file is.
pub fn identity_of(file: &File) -> Result<Identity> {
    use std::os::unix::fs::MetadataExt;
    let found = file
        .metadata()
        .map_err(|error| Error::from_io(&error, "fstat"))?;
    Ok(Identity {
        device: found.dev(),
        inode: found.ino(),
        size: found.len(),
    })
}

/// The first bytes of the object; `None` if it is too short to have them.
pub fn read_header(file: &File) -> Result<Option<[u8; HEADER]>> {
    if identity_of(file)?.size < HEADER as u64 {
        return Ok(None);
    }
    let page = MmapOptions::new()
        .len(HEADER)
        .map_raw_read_only(file)
        .map_err(|error| Error::from_io(&error, "mmap"))?;
    // SAFETY: the mapping is HEADER bytes long and page-aligned. Another process may write it at
    // the same time, hence the volatile read of a type of which every bit pattern is valid.
    Ok(Some(unsafe {
        page.as_ptr().cast::<[u8; HEADER]>().read_volatile()
    }))
}

/// Writes the header of an object that is long enough for it; objects know no pwrite here.
pub fn write_header(file: &File, header: [u8; HEADER]) -> Result<()> {
    let page = MmapOptions::new()
        .len(HEADER)
        .map_raw(file)
        .map_err(|error| Error::from_io(&error, "mmap"))?;
    // SAFETY: the mapping is HEADER bytes long, an array of bytes needs no alignment, and no
    // reference to the memory exists.
    unsafe {
        page.as_mut_ptr()
            .cast::<[u8; HEADER]>()
            .write_volatile(header)
    };
    Ok(())
}

/// Removes the name; `false` if there was none.
pub fn unlink(name: &Name) -> Result<bool> {
    // SAFETY: the name is a NUL-terminated string that outlives the call.
    if unsafe { libc::shm_unlink(name.path().as_ptr()) } == 0 {
        return Ok(true);
    }
    let error = io::Error::last_os_error();
    if error.kind() == io::ErrorKind::NotFound {
        return Ok(false);
    }
    Err(Error::from_io(&error, "shm_unlink"))
}

/// Makes the object `size` bytes long, which this system rounds up to whole pages.
pub fn set_size(file: &File, size: u64) -> Result<()> {
    file.set_len(size)
        .map_err(|error| Error::from_io(&error, "ftruncate"))
}

/// This system has no call that reserves memory, and no file system that could be full.
pub fn reserve(file: &File, size: u64) -> Result<()> {
    set_size(file, size)
}

/// No flag of `shmget` is for segments whose memory is not promised: that holds for all.
pub const SHM_NORESERVE: i32 = 0;

/// This system has no huge pages for shared memory.
pub fn advise_huge_pages(_base: *mut u8, _size: usize, _kind: Kind) -> Result<()> {
    Err(Error::from_errno(libc::ENOTSUP, "madvise")
        .with_hint("macOS has no huge pages for shared memory"))
}

/// Asks for every page of a range to be there soon; this system cannot do it at once.
pub fn populate(base: *mut u8, size: usize) -> io::Result<()> {
    // SAFETY: the advice changes nothing that anybody can read.
    match unsafe { libc::madvise(base.cast(), size, libc::MADV_WILLNEED) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

extern "C" {
    static mach_task_self_: u32;
    fn mach_vm_remap(
        target_task: u32,
        target_address: *mut u64,
        size: u64,
        mask: u64,
        flags: i32,
        source_task: u32,
        source_address: u64,
        copy: i32,
        current_protection: *mut i32,
        maximum_protection: *mut i32,
        inheritance: u32,
    ) -> i32;
}
const VM_FLAGS_FIXED: i32 = 0;
const VM_FLAGS_ANYWHERE: i32 = 1;
const VM_FLAGS_OVERWRITE: i32 = 0x4000;
const VM_INHERIT_SHARE: u32 = 0;

/// Maps the pages at `from` a second time, at `to` or where `flags` say.
///
/// # Safety
/// `from` must be mapped; with `VM_FLAGS_OVERWRITE` the range at `to` must be the caller's.
unsafe fn map_again(from: *mut u8, size: usize, to: u64, flags: i32) -> io::Result<*mut u8> {
    let mut target = to;
    let (mut current, mut maximum) = (0, 0);
    // SAFETY: the caller vouches for the ranges; the pointers are to locals of the types that
    // mach/mach_vm.h documents.
    let status = unsafe {
        mach_vm_remap(
            mach_task_self_,
            &mut target,
            size as u64,
            0,
            flags,
            mach_task_self_,
            from as u64,
            0,
            &mut current,
            &mut maximum,
            VM_INHERIT_SHARE,
        )
    };
    if status != 0 {
        return Err(io::Error::from_raw_os_error(libc::ENOMEM));
    }
    Ok(target as *mut u8)
}

/// Moves mapped pages to other addresses, replacing what is mapped there.
///
/// # Safety
/// Both ranges must be the caller's, whole pages, and used by nobody.
pub unsafe fn move_pages(from: *mut u8, size: usize, to: *mut u8) -> io::Result<()> {
    let flags = VM_FLAGS_FIXED | VM_FLAGS_OVERWRITE;
    // SAFETY: the caller vouches for both ranges.
    unsafe { map_again(from, size, to as u64, flags) }?;
    // SAFETY: the first mapping is the caller's and used by nobody. It can fail for a range that
    // is not page-aligned only.
    unsafe { libc::munmap(from.cast(), size) };
    Ok(())
}

/// An attached System V segment, seen through a second mapping of its pages.
///
/// `shmdt` is what counts a detach here, and it also unmaps the range that `shmat` gave: while
/// native work still reads there, that would be a crash. So JavaScript is given a second mapping
/// of the same pages, which can be covered with zero pages and outlive the attach.
pub struct SegmentPages {
    attached: std::sync::atomic::AtomicPtr<libc::c_void>,
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
                attached: std::sync::atomic::AtomicPtr::new(attached),
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
        let attached = self
            .attached
            .swap(std::ptr::null_mut(), std::sync::atomic::Ordering::AcqRel);
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
            std::ptr::null_mut(),
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
        libc::EACCES => "Its permissions do not allow this user to read and write it".to_string(),
        libc::EPERM => "Only its owner, its creator or root may destroy it".to_string(),
        libc::ENOMEM => "Out of address space".to_string(),
        _ => String::new(),
    }
}
