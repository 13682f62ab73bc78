//! The size of an object, and the memory for it.

use std::fs::File;
use std::mem::MaybeUninit;
use std::os::fd::AsRawFd;
use std::ptr;
use std::sync::OnceLock;

use rustix::fs::{fallocate, fstatfs, FallocateFlags, StatFs};
use rustix::io::Errno;
use rustix::process::{getrlimit, Resource};

use super::room::check_memory;
use crate::error::{Error, Result};
use crate::sys::unix::missing;
use crate::sys::{explain, facts_of_room, Doing};

/// From so many bytes on it takes less time to ask whether the file system has room than to reserve them ...
const CHECK_ROOM_FROM: u64 = 64 << 10;
/// ... and whether there is memory for them, which takes a dozen files of /proc and /sys (0.2 ms).
const CHECK_MEMORY_FROM: u64 = 8 << 20;

/// What [fstatfs(2)](https://man7.org/linux/man-pages/man2/statfs.2.html) calls file systems in memory.
const TMPFS: u32 = 0x0102_1994;
const RAMFS: u32 = 0x8584_58f6;

/// Makes the object `size` bytes long and reserves the memory for all of them.
pub fn reserve(file: &File, size: u64) -> Result<()> {
    check_room(file, size, Doing::ReservingObject)?;
    reserve_file(file, size).map_err(|error| {
        let facts = facts_of_room(size, free_bytes(file));
        explain(error, Doing::ReservingObject, &facts)
    })
}

/// Makes a new file `size` bytes long and reserves the room for all of them
/// ([posix_fallocate(3)](https://man7.org/linux/man-pages/man3/posix_fallocate.3.html)).
pub fn reserve_file(file: &File, size: u64) -> Result<()> {
    refuse_beyond_limit(size, "posix_fallocate")?;
    in_steps(0, size, |start, len| posix_fallocate(file, start, len))
        .map_err(|errno| Error::from_errno(errno.raw_os_error(), "posix_fallocate"))
}

/// Refuses what a tmpfs cannot have before anything is reserved: whoever asks for little meanwhile does not notice, and
/// no process is killed for want of memory.
pub fn check_room(file: &File, size: u64, doing: Doing) -> Result<()> {
    if size < CHECK_ROOM_FROM {
        return Ok(());
    }
    let Some(found) = fstatfs(file).ok().filter(is_memory) else {
        return Ok(());
    };
    let refused = || Error::from_errno(libc::ENOSPC, "posix_fallocate");
    let free = bytes_free(&found);
    // One without a limit has no blocks.
    if found.f_blocks > 0 && free < size {
        return Err(explain(refused(), doing, &facts_of_room(size, Some(free))));
    }
    check_populated(size, refused)
}

/// The same of what a file lacks, which is reserved when its pages are touched.
pub fn check_holes(file: &File, doing: Doing) -> Result<()> {
    let found = file
        .metadata()
        .map_err(|error| Error::from_io(&error, "fstat"))?;
    check_room(file, missing(&found), doing)
}

/// Refuses memory that is about to be filled, and that there is not.
pub fn check_populated(bytes: u64, refused: impl FnOnce() -> Error) -> Result<()> {
    if bytes < CHECK_MEMORY_FROM {
        return Ok(());
    }
    check_memory(bytes).map_err(|free| {
        let facts = facts_of_room(bytes, Some(free));
        explain(refused(), Doing::ReservingMemory, &facts)
    })
}

/// Whether a file system keeps its files in memory.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::unnecessary_cast
)] // the types differ between C libraries, and the numbers have 32 bits
fn is_memory(found: &StatFs) -> bool {
    [TMPFS, RAMFS].contains(&(found.f_type as u32))
}

/// Reserves what a file lacks between two of its bytes, without making it longer
/// ([fallocate(2)](https://man7.org/linux/man-pages/man2/fallocate.2.html)). Others may be writing to
/// it, so this is not `posix_fallocate`, which writes itself where the file system cannot reserve.
pub fn fill_holes(file: &File, start: u64, end: u64) -> Result<()> {
    let call = |start, len| fallocate(file, FallocateFlags::KEEP_SIZE, start, len);
    in_steps(start, end, call).map_err(|errno| Error::from_errno(errno.raw_os_error(), "fallocate"))
}

fn posix_fallocate(file: &File, start: u64, len: u64) -> rustix::io::Result<()> {
    let offset = |bytes| libc::off_t::try_from(bytes).map_err(|_| Errno::FBIG);
    let (start, len) = (offset(start)?, offset(len)?);
    // SAFETY: no pointers; the descriptor is open as long as `file` lives.
    match unsafe { libc::posix_fallocate(file.as_raw_fd(), start, len) } {
        0 => Ok(()),
        errno => Err(Errno::from_raw_os_error(errno)),
    }
}

/// Calls `reserve(start, len)` for one part after the other.
///
/// A signal (a profiler's timer, say) makes the kernel take back what one call has reserved so far.
/// In steps, what was reserved before stays; each signal makes them shorter, so that they get
/// through between any two.
fn in_steps(
    mut start: u64,
    end: u64,
    reserve: impl Fn(u64, u64) -> rustix::io::Result<()>,
) -> rustix::io::Result<()> {
    let mut step: u64 = 64 << 20;
    while start < end {
        let len = step.min(end - start);
        match reserve(start, len) {
            Ok(()) => start += len,
            Err(Errno::INTR) => step = (step / 2).max(4096),
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

/// The kernel kills with SIGXFSZ who makes a file longer than `ulimit -f` allows, where that signal
/// is not ignored; Node ignores it since version 12 only.
fn refuse_beyond_limit(size: u64, syscall: &'static str) -> Result<()> {
    static KILLS: OnceLock<bool> = OnceLock::new();
    if !KILLS.get_or_init(xfsz_kills) {
        return Ok(());
    }
    match file_size_limit() {
        Some(limit) if size > limit => {
            Err(size_error(Error::from_errno(libc::EFBIG, syscall), size))
        }
        _ => Ok(()),
    }
}

fn xfsz_kills() -> bool {
    let mut action = MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: nothing is changed; `action` is large enough for the structure that the call fills.
    let status = unsafe { libc::sigaction(libc::SIGXFSZ, ptr::null(), action.as_mut_ptr()) };
    // SAFETY: it is filled if the call succeeded.
    status != 0 || unsafe { action.assume_init() }.sa_sigaction == libc::SIG_DFL
}

/// Bytes that a file of this process may have at most; `None` if that is not limited.
fn file_size_limit() -> Option<u64> {
    getrlimit(Resource::Fsize).current
}

fn size_error(error: Error, size: u64) -> Error {
    explain(error, Doing::ReservingFile, &[("bytes", size)])
}

/// Bytes that are free on the file's file system, as far as it tells.
pub fn free_bytes(file: &File) -> Option<u64> {
    fstatfs(file).ok().map(|found| bytes_free(&found))
}

#[allow(clippy::cast_sign_loss, clippy::unnecessary_cast)] // no size of a block is negative
fn bytes_free(found: &StatFs) -> u64 {
    found.f_bavail.saturating_mul(found.f_frsize as u64)
}

/// Makes the file `size` bytes long without reserving memory.
pub fn set_size(file: &File, size: u64) -> Result<()> {
    refuse_beyond_limit(size, "ftruncate")?;
    file.set_len(size)
        .map_err(|error| size_error(Error::from_io(&error, "ftruncate"), size))
}
