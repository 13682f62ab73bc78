//! System V shared memory segments
//! ([sysvipc(7)](https://man7.org/linux/man-pages/man7/sysvipc.7.html)): made, found, looked at, copied
//! and removed.

use std::io;
use std::mem::{size_of, MaybeUninit};
use std::ptr::{null, null_mut};

use memmap2::{MmapOptions, MmapRaw};
use rustix::io::Errno;
use rustix::process::{test_kill_process, Pid};

use super::mapping_error;
use crate::error::{Error, Result};
use crate::sys::{explain, key_of, Doing, SHM_NORESERVE};

/// The kernel's number for a segment; a later segment with the same key has another one.
pub type SegmentId = i32;

/// What the kernel tells of a segment. Times are seconds since 1970, 0 for never.
pub struct SegmentStatus {
    pub size: usize,
    /// Permissions, and what the kernel has marked it with.
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
    /// Whether a key leads to it: to none that is private or marked for destruction.
    pub has_key: bool,
    pub attaches: u32,
    pub creator: i32,
    pub last_user: i32,
    pub attached: i64,
    pub detached: i64,
    pub changed: i64,
}

/// Set in a segment's mode when it is marked for destruction.
const SHM_DEST: u32 = 0o1000;

impl SegmentStatus {
    /// Whether it is marked for destruction: it goes with its last attach, and no key leads to it.
    pub fn is_removed(&self) -> bool {
        self.mode & SHM_DEST != 0
    }

    /// Whether the process that has made it may still live: 0 stands for one of another container.
    pub fn has_creator(&self) -> bool {
        let exists = |process| test_kill_process(process) != Err(Errno::SRCH);
        Pid::from_raw(self.creator).is_none_or(exists)
    }
}

/// Makes a segment of `bytes` bytes, all zero, with a key or (`None`) without one; `None` if the key is
/// taken ([shmget(2)](https://man7.org/linux/man-pages/man2/shmget.2.html)).
pub fn create_segment(
    key: Option<i32>,
    bytes: usize,
    mode: i32,
    reserve: bool,
) -> Result<Option<SegmentId>> {
    let mut flags = libc::IPC_CREAT | libc::IPC_EXCL | mode;
    if !reserve {
        flags |= SHM_NORESERVE;
    }
    match shmget(key.unwrap_or(libc::IPC_PRIVATE), bytes, flags) {
        Ok(id) => Ok(Some(id)),
        Err(error) if error.errno() == Some(libc::EEXIST) => Ok(None),
        Err(error) => Err(explain(
            error,
            Doing::MakingSegment,
            &[("bytes", bytes as u64)],
        )),
    }
}

/// Which segment has the key at this moment; `None` if there is none.
pub fn find_segment(key: i32) -> Result<Option<SegmentId>> {
    match shmget(key, 0, 0) {
        Ok(id) => Ok(Some(id)),
        Err(error) if matches!(error.errno(), Some(libc::ENOENT | libc::EIDRM)) => Ok(None),
        Err(error) => Err(explain(error, Doing::OpeningSegment, &[])),
    }
}

fn shmget(key: libc::key_t, bytes: usize, flags: i32) -> Result<SegmentId> {
    // SAFETY: shmget takes no pointers.
    match unsafe { libc::shmget(key, bytes, flags) } {
        -1 => Err(Error::last("shmget")),
        id => Ok(id),
    }
}

/// What the kernel tells of a segment; `None` if it is gone
/// ([shmctl(2)](https://man7.org/linux/man-pages/man2/shmctl.2.html), `IPC_STAT`).
pub fn segment_status(id: SegmentId) -> Result<Option<SegmentStatus>> {
    let mut status = MaybeUninit::<libc::shmid_ds>::uninit();
    // SAFETY: `status` is large enough for the structure that IPC_STAT fills.
    if unsafe { libc::shmctl(id, libc::IPC_STAT, status.as_mut_ptr()) } == 0 {
        // SAFETY: the call succeeded, so the structure is filled.
        return Ok(Some(status_from(&unsafe { status.assume_init() })));
    }
    gone_or_error(Error::last("shmctl"), Doing::OpeningSegment)
}

#[allow(
    clippy::cast_lossless,
    clippy::unnecessary_cast,
    clippy::useless_conversion
)] // the types differ
fn status_from(found: &libc::shmid_ds) -> SegmentStatus {
    SegmentStatus {
        size: found.shm_segsz,
        mode: found.shm_perm.mode as u32,
        uid: found.shm_perm.uid,
        gid: found.shm_perm.gid,
        has_key: key_of(found) != libc::IPC_PRIVATE,
        // The kernel's type is wider on Linux, but no system has that many.
        attaches: u32::try_from(found.shm_nattch).unwrap_or(u32::MAX),
        creator: found.shm_cpid,
        last_user: found.shm_lpid,
        attached: found.shm_atime as i64,
        detached: found.shm_dtime as i64,
        changed: found.shm_ctime as i64,
    }
}

/// Destroys the segment for everyone who does not have it attached already; `false` if it is gone
/// ([shmctl(2)](https://man7.org/linux/man-pages/man2/shmctl.2.html), `IPC_RMID`).
pub fn remove_segment(id: SegmentId) -> Result<bool> {
    // SAFETY: IPC_RMID reads and writes no buffer.
    if unsafe { libc::shmctl(id, libc::IPC_RMID, null_mut()) } == 0 {
        return Ok(true);
    }
    Ok(gone_or_error::<()>(Error::last("shmctl"), Doing::Destroying)?.is_some())
}

/// Whether the failure of a call on a segment's id says that the segment is gone.
pub fn is_segment_gone(error: &Error) -> bool {
    matches!(error.errno(), Some(libc::EINVAL | libc::EIDRM))
}

fn gone_or_error<T>(error: Error, doing: Doing) -> Result<Option<T>> {
    if is_segment_gone(&error) {
        return Ok(None);
    }
    Err(explain(error, doing, &[]))
}

/// A copy of the segment that belongs to this process alone. No system attaches a segment copy on
/// write, so the copy is made at once; reading is all that the permissions must allow.
pub fn copy_segment(id: SegmentId, bytes: usize) -> Result<MmapRaw> {
    let copy: MmapRaw = MmapOptions::new()
        .len(bytes)
        .map_anon()
        .map_err(|error| mapping_error(&error, "mmap", Doing::Mapping))?
        .into();
    // SAFETY: the kernel chooses an unused address; nothing of ours is replaced.
    let attached = unsafe { libc::shmat(id, null(), libc::SHM_RDONLY) };
    if attached as isize == -1 {
        return Err(mapping_error(
            &io::Error::last_os_error(),
            "shmat",
            Doing::OpeningSegment,
        ));
    }
    #[allow(clippy::cast_ptr_alignment)] // both begin at a page's start
    let (from, to) = (attached.cast::<u64>(), copy.as_mut_ptr().cast::<u64>());
    for word in 0..bytes.div_ceil(size_of::<u64>()) {
        // SAFETY: both ranges begin at a page's start and are whole pages, so the last word is
        // inside as well. Other processes may write the source meanwhile, hence the volatile
        // reads of a type of which every bit pattern is valid.
        unsafe { to.add(word).write(from.add(word).read_volatile()) };
    }
    // SAFETY: attached above, and used here only.
    unsafe { libc::shmdt(attached) };
    Ok(copy)
}

/// The first word of a segment; `None` if it is gone, or may not be read.
pub fn segment_start(id: SegmentId) -> Option<u32> {
    // SAFETY: the kernel chooses an unused address; nothing of ours is replaced.
    let attached = unsafe { libc::shmat(id, null(), libc::SHM_RDONLY) };
    if attached as isize == -1 {
        return None;
    }
    // SAFETY: a segment has whole pages, and every bit pattern is a valid word. Others may write it meanwhile.
    let word = unsafe { attached.cast::<u32>().read_volatile() };
    // SAFETY: attached above, and used here only.
    unsafe { libc::shmdt(attached) };
    Some(word)
}
