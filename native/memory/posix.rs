//! POSIX shared memory objects
//! ([shm_overview(7)](https://man7.org/linux/man-pages/man7/shm_overview.7.html)): how they are
//! made and opened.

use std::fs::File;

use memmap2::{MmapOptions, MmapRaw};

use crate::error::{Error, Result};
use crate::memory::huge_pages;
use crate::memory::layout::{check_layout, raw_size, HEADER};
use crate::memory::mapping::Mapping;
use crate::memory::options::Options;
use crate::memory::transient::Share;
use crate::sys::{self, explain, mapping_error, Doing, Identity, Kind, Name, ObjectStatus};

pub use crate::sys::Draft;

/// Bytes that take longer to reserve than it takes to ask whether the name is free.
const WORTH_ASKING: usize = 64 << 10;

/// An object that is mapped, which one it is, and this user's share in it if it is transient.
pub type Opened = (Identity, Mapping, Option<Share>);

/// Makes an object with `bytes` bytes of zeros as data; `None` if the name is taken. Nobody sees it
/// before it is published, and a failure or a crash leaves nothing.
pub fn create(
    name: &Name,
    bytes: usize,
    mode: u32,
    options: Options,
) -> Result<Option<(Draft, Opened)>> {
    let header = if options.raw() { 0 } else { HEADER };
    let Some(size) = bytes.checked_add(header) else {
        return Err(Error::from_errno(libc::EFBIG, "posix_fallocate"));
    };
    // First, for the memory that lacks may be what an orphan has.
    if options.transient() && !sys::remove_unused(name)? {
        return Ok(None);
    }
    let Some((draft, hold)) = new_draft(name, mode, options)? else {
        return Ok(None);
    };
    // An existing object is no reason to fill the memory, but asking costs as much as reserving little.
    if size > WORTH_ASKING && draft.is_late()? {
        return Ok(None);
    }
    let (identity, pages) = match prepare(draft.file(), bytes, size, options) {
        Ok(prepared) => prepared,
        Err(_) if draft.is_late()? => return Ok(None),
        Err(error) => return Err(error),
    };
    let mapping = Mapping::object(pages, header, bytes);
    Ok(Some((draft, (identity, mapping, hold))))
}

fn new_draft(name: &Name, mode: u32, options: Options) -> Result<Option<(Draft, Option<Share>)>> {
    if !options.transient() {
        return Ok(Draft::new(name, mode)?.map(|draft| (draft, None)));
    }
    let Some((draft, hold)) = sys::transient_draft(name, mode)? else {
        return Ok(None);
    };
    Ok(Some((draft, hold.map(Share::new))))
}

/// Gives a finished object its name, be it that of an orphan; `false` if another object has it.
pub fn publish(draft: &Draft, options: Options) -> Result<bool> {
    loop {
        if draft.publish()? {
            return Ok(true);
        }
        if !options.transient() || !sys::remove_unused(draft.name())? {
            return Ok(false);
        }
    }
}

/// Gives a new file its size, its memory and its header, and maps it.
fn prepare(
    file: &File,
    bytes: usize,
    size: usize,
    options: Options,
) -> Result<(Identity, MmapRaw)> {
    let huge = if huge_pages::wanted(size, options) {
        map_huge(file, size, options)?
    } else {
        None
    };
    let pages = if let Some(pages) = huge {
        pages
    } else {
        if options.sparse() {
            sys::set_size(file, size as u64)?;
        } else {
            sys::reserve(file, size as u64)?;
        }
        map(file, size, options)?
    };
    if !options.raw() {
        sys::write_header(file, (bytes as u64).to_ne_bytes())?;
    }
    Ok((sys::identity_of(file)?, pages))
}

/// Maps a new file in huge pages; `None` if there are none. They are given out where a mapping that
/// asked for them is touched, so this must happen before anything else reserves the memory.
fn map_huge(file: &File, size: usize, options: Options) -> Result<Option<MmapRaw>> {
    if !options.sparse() {
        sys::check_room(file, size as u64, Doing::ReservingObject)?;
    }
    sys::set_size(file, size as u64)?;
    let pages = map_pages(file, size, options)?;
    if !huge_pages::ask(pages.as_mut_ptr(), size, Kind::Object, options)? {
        return Ok(None);
    }
    if !options.sparse() {
        // What this could not get is for `reserve` to say, which asks for the same memory.
        let _ = sys::populate(pages.as_mut_ptr(), size);
        sys::reserve(file, size as u64)?;
    }
    Ok(Some(pages))
}

fn map(file: &File, size: usize, options: Options) -> Result<MmapRaw> {
    let pages = map_pages(file, size, options)?;
    if huge_pages::wanted(size, options) {
        huge_pages::ask(pages.as_mut_ptr(), size, Kind::Object, options)?;
    }
    if options.populate() {
        sys::check_holes(file, Doing::ReservingObject)?;
        populate(&pages)?;
    }
    Ok(pages)
}

fn map_pages(file: &File, size: usize, options: Options) -> Result<MmapRaw> {
    let mut how = MmapOptions::new();
    how.len(size);
    let mapped = if options.copy_on_write() {
        // Few pages will be written, so the copies must not count before they are made.
        how.no_reserve_swap();
        // SAFETY: no reference to the memory is ever made, so it may change at any time.
        unsafe { how.map_copy(file) }.map(MmapRaw::from)
    } else {
        how.map_raw(file)
    };
    mapped.map_err(|error| mapping_error(&error, "mmap", Doing::Mapping))
}

fn populate(pages: &MmapRaw) -> Result<()> {
    match sys::populate(pages.as_mut_ptr(), pages.len()) {
        Ok(()) => Ok(()),
        Err(error) => {
            // EFAULT is the kernel's word for what would be a SIGBUS later.
            let errno = match error.raw_os_error() {
                Some(libc::EFAULT) => libc::ENOSPC,
                errno => errno.unwrap_or(libc::EIO),
            };
            let error = Error::from_errno(errno, "madvise");
            Err(explain(error, Doing::Mapping, &[]))
        }
    }
}

/// Opens and maps the object; `None` if there is none.
pub fn open(name: &Name, options: Options) -> Result<Option<Opened>> {
    if options.transient() && sys::remove_unused(name)? {
        return Ok(None);
    }
    let Some((file, hold)) = sys::open_as_user(name, !options.copy_on_write())? else {
        return Ok(None);
    };
    // Before anything that may fail: whoever lets go of it looks whether it is the last.
    let share = hold.map(Share::new);
    let identity = sys::identity_of(&file)?;
    if options.raw() {
        let size = raw_size(identity.size).map_err(Error::Layout)?;
        let pages = map(&file, size, options)?;
        return Ok(Some((identity, Mapping::object(pages, 0, size), share)));
    }
    let header = sys::read_header::<HEADER>(&file)?.map(u64::from_ne_bytes);
    if sys::DRAFTS_HAVE_NAMES && header.unwrap_or(0) == 0 {
        return Ok(None); // its creator has not finished it
    }
    let (size, len) = check_layout(header, identity.size).map_err(Error::Layout)?;
    let pages = map(&file, size, options)?;
    Ok(Some((identity, Mapping::object(pages, HEADER, len), share)))
}

/// Refuses an object of ours that somebody has made shorter than what is mapped of it: touching
/// the rest would be a SIGBUS.
pub fn check_size(found: &Identity, mapping: &Mapping) -> Result<()> {
    if found.size < mapping.size() as u64 {
        return Err(Error::Layout(format!(
            "has been cut to {} bytes since its {} bytes were mapped: detach it, and do not touch its end",
            found.size,
            mapping.size()
        )));
    }
    Ok(())
}

/// Which object has the name at this moment; `None` if there is none.
pub fn find(name: &Name) -> Result<Option<Identity>> {
    sys::find(name)
}

/// What the system tells of the object, without mapping it; `None` if there is none.
pub fn status(name: &Name) -> Result<Option<ObjectStatus>> {
    sys::status(name)
}

/// Removes the name. Whoever has the object mapped keeps it; `false` if there was none.
pub fn destroy(name: &Name) -> Result<bool> {
    sys::destroy(name)
}
