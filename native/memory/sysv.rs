//! System V shared memory segments
//! ([sysvipc(7)](https://man7.org/linux/man-pages/man7/sysvipc.7.html)): made, found, attached and
//! counted.

use crate::error::{Error, Result};
use crate::memory::huge_pages;
use crate::memory::key::SegmentKey;
use crate::memory::mapping::Mapping;
use crate::memory::options::Options;
use crate::sys::{self, is_segment_gone, mapping_error, Doing, Kind, SegmentStatus, Turn};

pub use crate::sys::{remove_segment as remove, SegmentId as Id};

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
    check_memory(bytes, options)?;
    loop {
        match sys::create_segment(Some(number), bytes, mode, !options.sparse())? {
            None if options.transient() && remove_unused(key)? => {}
            None => return Ok(None),
            Some(id) => {
                if let Some(mapping) = attach_new(id, bytes, options, false)? {
                    return Ok(Some((id, mapping)));
                }
            }
        }
    }
}

/// Refuses a segment whose pages are to be filled at once if there is no memory for them.
fn check_memory(bytes: usize, options: Options) -> Result<()> {
    if !options.populate() {
        return Ok(());
    }
    sys::check_populated(bytes as u64, || Error::from_errno(libc::ENOMEM, "shmget"))
}

/// Attaches a segment that has just been made; `None` if another process has attached and destroyed it
/// meanwhile.
fn attach_new(
    id: Id,
    bytes: usize,
    options: Options,
    goes_with_last_attach: bool,
) -> Result<Option<Mapping>> {
    let attached = attach(id, bytes).and_then(|mapping| {
        if goes_with_last_attach {
            // Before anything that takes long: a process that is killed until then leaves the segment.
            remove(id)?;
        }
        prepared(mapping, options)
    });
    match attached {
        Err(error) => {
            // It is not attached, so it would outlive this process unseen.
            let _ = remove(id);
            if is_segment_gone(&error) {
                return Ok(None);
            }
            Err(error)
        }
        attached => attached.map(Some),
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
            "This system attaches no segment that is marked for destruction: take a name or a number, which goes with its last user, too",
        ));
    }
    check_memory(bytes, options)?;
    let gone = || Error::from_errno(libc::EIDRM, "shmctl");
    let id = sys::create_segment(None, bytes, mode, !options.sparse())?.ok_or_else(gone)?;
    let mapping = attach_new(id, bytes, options, true)?.ok_or_else(gone)?;
    let cookie = cookie_of(&sys::segment_status(id)?.ok_or_else(gone)?);
    Ok((SegmentKey::Keyless { id, cookie }, id, mapping))
}

/// What tells a segment from another one that has had its id: the second it was created in.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // it is after 1970, and the rest is small
fn cookie_of(status: &SegmentStatus) -> u32 {
    1 + (status.changed as u64 % COOKIES) as u32
}

/// So many that a cookie above an id is a whole number which JavaScript has exactly.
const COOKIES: u64 = (1 << 21) - 1;

/// Which segment has the key at this moment; `None` if there is none.
pub fn find(key: SegmentKey) -> Result<Option<Id>> {
    match key {
        SegmentKey::Chosen(number) => sys::find_segment(number),
        SegmentKey::Keyless { id, cookie } => {
            let found = sys::segment_status(id)?;
            let is_it = |status: &SegmentStatus| cookie_of(status) == cookie && !status.has_key;
            Ok(found.filter(is_it).map(|_| id))
        }
    }
}

/// Attaches all of an existing segment; `None` if there is none.
pub fn open(key: SegmentKey, options: Options) -> Result<Option<(Id, Mapping)>> {
    if options.transient() && !key.is_keyless() && remove_unused(key)? {
        return Ok(None);
    }
    let turn = turn_at(key);
    let Some((id, status)) = status(key)? else {
        return Ok(None);
    };
    let opened = if options.copy_on_write() {
        drop(turn);
        sys::copy_segment(id, status.size).map(|copy| Mapping::object(copy, 0, status.size))
    } else {
        let attached = attach(id, status.size);
        drop(turn);
        attached.and_then(|mapping| prepared(mapping, options))
    };
    match opened {
        // The id may have become another's meanwhile.
        Ok(_) if key.is_keyless() && find(key)?.is_none() => Ok(None),
        Ok(mapping) => Ok(Some((id, mapping))),
        Err(error) if is_segment_gone(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn attach(id: Id, bytes: usize) -> Result<Mapping> {
    let pages = sys::attach_segment(id, bytes)
        .map_err(|error| mapping_error(&error, "shmat", Doing::OpeningSegment))?;
    Ok(Mapping::segment(pages))
}

/// An attached segment, its pages as the options want them.
fn prepared(mapping: Mapping, options: Options) -> Result<Mapping> {
    if huge_pages::wanted(mapping.len(), options) {
        huge_pages::ask(mapping.data(), mapping.len(), Kind::Segment, options)?;
    }
    if options.populate() {
        sys::populate(mapping.data(), mapping.len())
            .map_err(|error| mapping_error(&error, "madvise", Doing::Mapping))?;
    }
    Ok(mapping)
}

/// Destroys the segment that has the key now, attached or not; `false` if there is none, or it is marked for
/// destruction already and goes with its last attach.
pub fn destroy(key: SegmentKey) -> Result<bool> {
    let found = match key {
        SegmentKey::Chosen(number) => sys::find_segment(number)?,
        SegmentKey::Keyless { .. } => status(key)?
            .filter(|(_, status)| !status.is_removed())
            .map(|(id, _)| id),
    };
    found.map_or(Ok(false), remove)
}

/// What the kernel tells of the segment that has the key now, without attaching it; `None` if there
/// is none.
pub fn status(key: SegmentKey) -> Result<Option<(Id, SegmentStatus)>> {
    let Some(id) = find(key)? else {
        return Ok(None);
    };
    Ok(sys::segment_status(id)?.map(|status| (id, status)))
}

/// Nobody finds and attaches a segment of that key, or removes one that nobody has, as long as somebody else has the turn.
fn turn_at(key: SegmentKey) -> Option<Turn> {
    match key {
        SegmentKey::Chosen(number) => Some(Turn::take(number)),
        SegmentKey::Keyless { .. } => None, // none that is found by its id is replaced
    }
}

/// Destroys the segment if nobody has it attached; how many attaches it has, in all processes.
pub fn remove_if_last(key: SegmentKey, id: Id) -> Result<u32> {
    let _turn = turn_at(key);
    match sys::segment_status(id)?.map(|status| status.attaches) {
        Some(0) => remove(id).map(|_| 0),
        left => Ok(left.unwrap_or(0)),
    }
}

/// Whether nobody has the segment attached; `None` if it is gone. One that has never been attached is
/// still being made, unless its creator has ended.
pub fn is_orphan(id: Id) -> Result<Option<bool>> {
    let is_unused = |status: SegmentStatus| {
        status.attaches == 0 && (status.attached != 0 || !status.has_creator())
    };
    Ok(sys::segment_status(id)?.map(is_unused))
}

/// Destroys what has the key if nobody has it attached any more; whether the key is free by now.
fn remove_unused(key: SegmentKey) -> Result<bool> {
    let _turn = turn_at(key);
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
