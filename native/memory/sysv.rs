//! System V shared memory segments
//! ([sysvipc(7)](https://man7.org/linux/man-pages/man7/sysvipc.7.html)): made, found, attached and
//! counted.

use crate::error::{Error, Result};
use crate::memory::key::SegmentKey;
use crate::memory::mapping::Mapping;
use crate::memory::options::Options;
use crate::sys::{self, is_segment_gone, mapping_error, Doing, Kind, SegmentStatus};

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
    loop {
        match sys::create_segment(Some(number), bytes, mode, !options.sparse())? {
            None if options.replace_orphan() && has_made_room(key)? => {}
            None => return Ok(None),
            Some(id) => {
                if let Some(mapping) = attach_new(id, bytes, options)? {
                    return Ok(Some((id, mapping)));
                }
            }
        }
    }
}

/// Attaches a segment that has just been made; `None` if another process has attached and destroyed it
/// meanwhile.
fn attach_new(id: Id, bytes: usize, options: Options) -> Result<Option<Mapping>> {
    match attach(id, bytes, options) {
        Ok(mapping) => Ok(Some(mapping)),
        Err(error) => {
            // It is not attached, so it would outlive this process unseen.
            let _ = remove(id);
            if is_segment_gone(&error) {
                return Ok(None);
            }
            Err(error)
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
    let gone = || Error::from_errno(libc::EIDRM, "shmctl");
    let id = sys::create_segment(None, bytes, mode, !options.sparse())?.ok_or_else(gone)?;
    let mapping = attach_new(id, bytes, options)?.ok_or_else(gone)?;
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
    let Some((id, status)) = status(key)? else {
        return Ok(None);
    };
    let opened = if options.copy_on_write() {
        sys::copy_segment(id, status.size).map(|copy| Mapping::object(copy, 0, status.size))
    } else {
        attach(id, status.size, options)
    };
    match opened {
        // The id may have become another's meanwhile.
        Ok(_) if key.is_keyless() && find(key)?.is_none() => Ok(None),
        Ok(mapping) => Ok(Some((id, mapping))),
        Err(error) if is_segment_gone(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn attach(id: Id, bytes: usize, options: Options) -> Result<Mapping> {
    let pages = sys::attach_segment(id, bytes)
        .map_err(|error| mapping_error(&error, "shmat", Doing::OpeningSegment))?;
    let mapping = Mapping::segment(pages);
    if options.transient() {
        // Before anything that takes long: a process that is killed until then leaves the segment.
        remove(id)?;
    }
    if options.huge_pages() {
        sys::advise_huge_pages(mapping.data(), bytes, Kind::Segment)?;
    }
    if options.populate() {
        sys::populate(mapping.data(), bytes)
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

/// How many attaches the segment has, in all processes; `None` if it is gone.
pub fn attaches(id: Id) -> Result<Option<u32>> {
    Ok(sys::segment_status(id)?.map(|status| status.attaches))
}

/// Whether nobody has the segment attached; `None` if it is gone. One that has never been attached is
/// still being made, unless its creator has ended.
pub fn is_orphan(id: Id) -> Result<Option<bool>> {
    let is_unused = |status: SegmentStatus| {
        status.attaches == 0 && (status.attached != 0 || !status.has_creator())
    };
    Ok(sys::segment_status(id)?.map(is_unused))
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
