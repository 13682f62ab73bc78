//! POSIX objects have a name space of their own, are sized once and in whole pages, and can be neither
//! read nor linked.

use std::cell::Cell;
use std::fs::File;

use memmap2::MmapOptions;
use rustix::fs::RawMode;
use rustix::io::Errno;
use rustix::shm::{self, Mode, OFlags};

use super::super::object::{Identity, Name};
use super::super::page_size;
use crate::error::{Error, Result};
use crate::sys::{explain, Doing, ObjectStatus};

/// Whether an object has its name before it is finished.
pub const DRAFTS_HAVE_NAMES: bool = true;

/// An object that bears its name from the start: this system knows no other way. Until it has its
/// size and its header, [`crate::memory::posix`] takes it for absent. Dropped unpublished, it is unlinked.
pub struct Draft {
    file: File,
    name: Name,
    published: Cell<bool>,
}

impl Draft {
    /// A new object of size 0 with permissions `mode` (less the umask), or `None` if `name` is
    /// taken ([shm_open(2)](https://man.freebsd.org/cgi/man.cgi?query=shm_open&sektion=2)).
    pub fn new(name: &Name, mode: u32) -> Result<Option<Self>> {
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::RDWR;
        match shm::open(
            name.path(),
            flags,
            Mode::from_bits_truncate(mode as RawMode),
        ) {
            Ok(file) => Ok(Some(Self {
                file: file.into(),
                name: name.clone(),
                published: Cell::new(false),
            })),
            Err(Errno::EXIST) => Ok(None),
            Err(error) => Err(object_error(error, "shm_open", Doing::MakingObject)),
        }
    }

    pub fn file(&self) -> &File {
        &self.file
    }

    pub fn name(&self) -> &Name {
        &self.name
    }

    /// Whether another object has the name already: the draft itself has it.
    #[allow(clippy::unnecessary_wraps, clippy::unused_self)] // Linux has to ask
    pub fn is_late(&self) -> Result<bool> {
        Ok(false)
    }

    /// The object is finished: its header is written.
    #[allow(clippy::unnecessary_wraps)] // Linux can fail here
    pub fn publish(&self) -> Result<bool> {
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

/// Opens the object for reading, and for writing too if `writable`.
pub fn open(name: &Name, writable: bool) -> Result<Option<File>> {
    let access = if writable {
        OFlags::RDWR
    } else {
        OFlags::RDONLY
    };
    match shm::open(name.path(), access, Mode::empty()) {
        Ok(file) => Ok(Some(file.into())),
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(object_error(error, "shm_open", Doing::OpeningObject)),
    }
}

fn object_error(error: Errno, syscall: &'static str, doing: Doing) -> Error {
    explain(Error::from_io(&error.into(), syscall), doing, &[])
}

/// Which object has the name at this moment.
pub fn find(name: &Name) -> Result<Option<Identity>> {
    open(name, false)?.as_ref().map(identity_of).transpose()
}

/// What the system tells of the object; it must be opened for that.
pub fn status(name: &Name) -> Result<Option<ObjectStatus>> {
    let Some(file) = open(name, false)? else {
        return Ok(None);
    };
    match file.metadata() {
        Ok(found) => Ok(ObjectStatus::from(&found)),
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

/// How long an object is that is to hold so many bytes: whole pages. `None` if that is too much.
pub fn size_of_object(bytes: u64) -> Option<u64> {
    bytes.checked_next_multiple_of(page_size() as u64)
}

/// The first bytes of the object; `None` if it is too short to have them.
pub fn read_header<const LEN: usize>(file: &File) -> Result<Option<[u8; LEN]>> {
    if identity_of(file)?.size < LEN as u64 {
        return Ok(None);
    }
    let page = MmapOptions::new()
        .len(LEN)
        .map_raw_read_only(file)
        .map_err(|error| Error::from_io(&error, "mmap"))?;
    // SAFETY: the mapping is LEN bytes long and page-aligned. Another process may write it at
    // the same time, hence the volatile read of a type of which every bit pattern is valid.
    Ok(Some(unsafe {
        page.as_ptr().cast::<[u8; LEN]>().read_volatile()
    }))
}

/// Writes the header of an object that is long enough for it; objects know no pwrite here.
pub fn write_header<const LEN: usize>(file: &File, header: [u8; LEN]) -> Result<()> {
    let page = MmapOptions::new()
        .len(LEN)
        .map_raw(file)
        .map_err(|error| Error::from_io(&error, "mmap"))?;
    // SAFETY: the mapping is LEN bytes long, an array of bytes needs no alignment, and no
    // reference to the memory exists.
    unsafe { page.as_mut_ptr().cast::<[u8; LEN]>().write_volatile(header) };
    Ok(())
}

/// Removes the name; `false` if there was none.
pub fn unlink(name: &Name) -> Result<bool> {
    match shm::unlink(name.path()) {
        Ok(()) => Ok(true),
        Err(Errno::NOENT) => Ok(false),
        Err(error) => Err(object_error(error, "shm_unlink", Doing::Destroying)),
    }
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

/// This system does not tell how much memory there is for an object ...
#[allow(clippy::unnecessary_wraps)] // Linux can refuse
pub fn check_room(_file: &File, _size: u64, _doing: Doing) -> Result<()> {
    Ok(())
}

/// ... or for what a file lacks ...
#[allow(clippy::unnecessary_wraps)] // likewise
pub fn check_holes(_file: &File, _doing: Doing) -> Result<()> {
    Ok(())
}

/// ... or for a segment.
#[allow(clippy::unnecessary_wraps)] // likewise
pub fn check_populated(_bytes: u64, _refused: impl FnOnce() -> Error) -> Result<()> {
    Ok(())
}
