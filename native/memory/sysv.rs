//! System V shared memory segments
//! ([sysvipc(7)](https://man7.org/linux/man-pages/man7/sysvipc.7.html)): made, found, attached,
//! counted and removed.

use std::io;
use std::mem::{size_of, MaybeUninit};

use libc::key_t;
use memmap2::{MmapOptions, MmapRaw};
use rustix::io::Errno;
use rustix::process::{test_kill_process, Pid};

use crate::error::{Error, Result};
use crate::memory::key::SegmentKey;
use crate::memory::mapping::{mapping_error, Mapping};
use crate::memory::options::Options;
use crate::sys::{self, Kind};

/// The kernel's number for a segment; a later segment with the same key has another one.
pub type Id = libc::c_int;

/// Makes a segment of `bytes` bytes, all zero, and attaches it; `None` if the key is taken.
pub fn create(
    key: SegmentKey,
    bytes: usize,
    mode: i32,
    options: Options,
) -> Result<Option<(Id, Mapping)>> {
    let SegmentKey::Chosen(number) = key else {
        return Ok(None); // the kernel alone gives such keys out
    };
    let mut flags = libc::IPC_CREAT | libc::IPC_EXCL | mode;
    if options.sparse() {
        flags |= sys::SHM_NORESERVE;
    }
    loop {
        let id = match shmget(number, bytes, flags) {
            Ok(id) => id,
            Err(error) if error.errno() == Some(libc::EEXIST) => {
                if options.replace_orphan() && has_made_room(key)? {
                    continue;
                }
                return Ok(None);
            }
            Err(error) => {
                let hint = sys::segment_hint(error.errno().unwrap_or_default(), bytes);
                return Err(error.with_hint(hint));
            }
        };
        match attach(id, bytes, options) {
            Ok(mapping) => return Ok(Some((id, mapping))),
            // Another process has attached and destroyed it before it could be attached here.
            Err(error) if is_gone(&error) => {}
            Err(error) => {
                // It is not attached, so it would outlive this process unseen.
                let _ = remove(id);
                return Err(error);
            }
        }
    }
}

/// Makes a segment that is marked for destruction as soon as it is attached, so that the kernel frees it with
/// its last attach. Others find it by the key that is returned.
pub fn create_transient(
    bytes: usize,
    mode: i32,
    options: Options,
) -> Result<(SegmentKey, Id, Mapping)> {
    if !sys::ATTACHES_REMOVED_SEGMENTS {
        return Err(Error::from_errno(libc::ENOTSUP, "shmat").with_hint(
            "This system attaches no segment that is marked for destruction: create one with { destroyAtExit: true } instead of { transient: true }",
        ));
    }
    let private = SegmentKey::Chosen(libc::IPC_PRIVATE);
    let gone = || Error::from_errno(libc::EIDRM, "shmctl");
    let (id, mapping) = create(private, bytes, mode, options)?.ok_or_else(gone)?;
    let cookie = cookie_of(&stat(id)?.ok_or_else(gone)?);
    Ok((SegmentKey::Transient { id, cookie }, id, mapping))
}

/// What tells a segment from another one that has had its id: the second it was created in.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // it is after 1970, and the rest is small
#[allow(clippy::cast_lossless, clippy::unnecessary_cast)] // the type differs between systems
fn cookie_of(status: &libc::shmid_ds) -> u32 {
    1 + (status.shm_ctime as u64 % COOKIES) as u32
}

/// So many that a cookie above an id is a whole number which JavaScript has exactly.
const COOKIES: u64 = (1 << 21) - 1;

/// Set in a segment's mode when it is marked for destruction.
const SHM_DEST: u32 = 0o1000;

#[allow(clippy::unnecessary_cast, clippy::cast_lossless)] // the type differs between systems
fn is_removed(status: &libc::shmid_ds) -> bool {
    status.shm_perm.mode as u32 & SHM_DEST != 0
}

/// Which segment has the key at this moment; `None` if there is none.
pub fn find(key: SegmentKey) -> Result<Option<Id>> {
    let number = match key {
        SegmentKey::Chosen(number) => number,
        SegmentKey::Transient { id, cookie } => {
            let found = stat(id)?;
            let is_it = |status: &libc::shmid_ds| cookie_of(status) == cookie && is_removed(status);
            return Ok(found.filter(is_it).map(|_| id));
        }
    };
    match shmget(number, 0, 0) {
        Ok(id) => Ok(Some(id)),
        Err(error) if matches!(error.errno(), Some(libc::ENOENT | libc::EIDRM)) => Ok(None),
        Err(error) => {
            let hint = sys::mapping_hint(error.errno().unwrap_or_default());
            Err(error.with_hint(hint))
        }
    }
}

fn shmget(key: key_t, bytes: usize, flags: i32) -> Result<Id> {
    // SAFETY: shmget takes no pointers.
    match unsafe { libc::shmget(key, bytes, flags) } {
        -1 => Err(Error::last("shmget")),
        id => Ok(id),
    }
}

/// Attaches all of an existing segment; `None` if there is none.
pub fn open(key: SegmentKey, options: Options) -> Result<Option<(Id, Mapping)>> {
    let Some(id) = find(key)? else {
        return Ok(None);
    };
    let Some(status) = stat(id)? else {
        return Ok(None);
    };
    let opened = if options.copy_on_write() {
        private_copy(id, status.shm_segsz)
    } else {
        attach(id, status.shm_segsz, options)
    };
    match opened {
        // A transient segment's id may have become another's meanwhile.
        Ok(_) if key.is_transient() && find(key)?.is_none() => Ok(None),
        Ok(mapping) => Ok(Some((id, mapping))),
        Err(error) if is_gone(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn attach(id: Id, bytes: usize, options: Options) -> Result<Mapping> {
    let pages = sys::attach_segment(id, bytes).map_err(|error| mapping_error(&error, "shmat"))?;
    let mapping = Mapping::segment(pages);
    if options.transient() {
        // Before anything that takes long: a process that is killed until then leaves the segment.
        remove(id)?;
    }
    if options.huge_pages() {
        sys::advise_huge_pages(mapping.data(), bytes, Kind::Segment)?;
    }
    if options.populate() {
        sys::populate(mapping.data(), bytes).map_err(|error| mapping_error(&error, "madvise"))?;
    }
    Ok(mapping)
}

/// A copy of the segment that belongs to this process alone. No system attaches a segment copy on
/// write, so the copy is made at once; reading is all that the permissions must allow.
fn private_copy(id: Id, bytes: usize) -> Result<Mapping> {
    let copy: MmapRaw = MmapOptions::new()
        .len(bytes)
        .map_anon()
        .map_err(|error| mapping_error(&error, "mmap"))?
        .into();
    // SAFETY: the kernel chooses an unused address; nothing of ours is replaced.
    let attached = unsafe { libc::shmat(id, std::ptr::null(), libc::SHM_RDONLY) };
    if attached as isize == -1 {
        return Err(mapping_error(&io::Error::last_os_error(), "shmat"));
    }
    #[allow(clippy::cast_ptr_alignment)] // both begin at a page's start
    let (from, to) = (attached.cast::<u64>(), copy.as_mut_ptr().cast::<u64>());
    for word in 0..bytes.div_ceil(size_of::<u64>()) {
        // SAFETY: both ranges begin at a page's start and are whole pages, so the last word is
        // inside as well. Other processes may write the source meanwhile, hence the volatile
        // reads of a type of which every bit pattern is valid.
        unsafe { to.add(word).write(from.add(word).read_volatile()) };
    }
    // SAFETY: attached above, and seen by nobody else.
    unsafe { libc::shmdt(attached) };
    Ok(Mapping::object(copy, 0, bytes))
}

/// What the kernel tells of the segment that has the key now, without attaching it; `None` if there
/// is none.
pub fn status(key: SegmentKey) -> Result<Option<(Id, libc::shmid_ds)>> {
    let Some(id) = find(key)? else {
        return Ok(None);
    };
    Ok(stat(id)?.map(|status| (id, status)))
}

/// How many attaches the segment has, in all processes; `None` if it is gone.
pub fn attaches(id: Id) -> Result<Option<u32>> {
    let status = stat(id)?;
    // The kernel's type is wider on Linux, but no system has that many.
    Ok(status.map(|status| u32::try_from(status.shm_nattch).unwrap_or(u32::MAX)))
}

/// Whether nobody has the segment attached; `None` if it is gone. One that has never been attached is
/// still being made, unless its creator has ended.
pub fn is_orphan(id: Id) -> Result<Option<bool>> {
    let is_unused = |status: libc::shmid_ds| {
        status.shm_nattch == 0 && (status.shm_atime != 0 || !is_alive(status.shm_cpid))
    };
    Ok(stat(id)?.map(is_unused))
}

/// Whether there is a process of that id, or may be: 0 stands for one of another container.
fn is_alive(process: libc::pid_t) -> bool {
    let exists = |process| test_kill_process(process) != Err(Errno::SRCH);
    Pid::from_raw(process).is_none_or(exists)
}

/// Whether the key is free by now, since nobody had what bore it. Of several that do this at once each
/// removes the orphan or finds its id gone, for what one of them makes then is no orphan.
fn has_made_room(key: SegmentKey) -> Result<bool> {
    let remove_orphan = |id| match is_orphan(id)? {
        Some(false) => Ok(false),
        Some(true) => remove(id).map(|_| true),
        None => Ok(true),
    };
    let is_free = find(key).and_then(|found| found.map_or(Ok(true), remove_orphan));
    match is_free {
        // Whether anybody has it cannot be told, or it may not be destroyed.
        Err(error) if matches!(error.errno(), Some(libc::EACCES | libc::EPERM)) => Ok(false),
        is_free => is_free,
    }
}

fn stat(id: Id) -> Result<Option<libc::shmid_ds>> {
    let mut status = MaybeUninit::<libc::shmid_ds>::uninit();
    // SAFETY: `status` is large enough for the structure that IPC_STAT fills.
    if unsafe { libc::shmctl(id, libc::IPC_STAT, status.as_mut_ptr()) } == 0 {
        // SAFETY: the call succeeded, so the structure is filled.
        return Ok(Some(unsafe { status.assume_init() }));
    }
    gone_or_error(Error::last("shmctl"))
}

/// Destroys the segment for everyone who does not have it attached already; `false` if it is gone
/// ([shmctl(2)](https://man7.org/linux/man-pages/man2/shmctl.2.html), `IPC_RMID`).
pub fn remove(id: Id) -> Result<bool> {
    // SAFETY: IPC_RMID reads and writes no buffer.
    if unsafe { libc::shmctl(id, libc::IPC_RMID, std::ptr::null_mut()) } == 0 {
        return Ok(true);
    }
    Ok(gone_or_error::<()>(Error::last("shmctl"))?.is_some())
}

fn is_gone(error: &Error) -> bool {
    matches!(error.errno(), Some(libc::EINVAL | libc::EIDRM))
}

fn gone_or_error<T>(error: Error) -> Result<Option<T>> {
    if is_gone(&error) {
        return Ok(None);
    }
    let hint = sys::mapping_hint(error.errno().unwrap_or_default());
    Err(error.with_hint(hint))
}
