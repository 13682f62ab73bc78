//! Ordinary files: opened or made, and mapped.

use std::ffi::CString;
use std::fmt;
use std::fs::{self, File, Metadata};
use std::path::Path;
use std::rc::Rc;

use memmap2::{MmapOptions, MmapRaw};

use crate::error::{Error, Result};
use crate::memory::file_errors::{file_error, is_absent, not_regular, reserve_error};
use crate::memory::mapping::Mapping;
use crate::memory::options::Options;
use crate::sys::{self, mapping_error, Doing, FileId, Nameless};

/// An absolute path, cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FilePath(Rc<str>);

impl FilePath {
    pub fn new(path: String) -> Self {
        Self(path.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn path(&self) -> &Path {
        Path::new(&*self.0)
    }
}

impl fmt::Display for FilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}'", self.0)
    }
}

/// The part of a file that is asked for, in bytes; without a length it reaches to the end.
#[derive(Clone, Copy)]
pub struct Part {
    pub offset: u64,
    pub len: Option<usize>,
}

impl Part {
    /// Its length in a file of `size` bytes; `None` if nothing of the kind is in that.
    pub fn len_in(&self, size: u64) -> Option<usize> {
        let left = size.checked_sub(self.offset).filter(|left| *left > 0)?;
        match self.len {
            None => usize::try_from(left).ok(),
            Some(len) => (len as u64 <= left).then_some(len),
        }
    }
}

/// What came of opening a file.
pub enum Opened {
    Absent,
    /// It has that many bytes, and the part is not in them.
    TooShort(u64),
    Mapped(Identity, Mapping),
}

/// Which part of which file is mapped.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    pub file: FileId,
    pub offset: u64,
}

/// A new file that has no name yet, and the path that is to lead to it.
pub struct Draft {
    file: Nameless,
    path: FilePath,
}

impl Draft {
    /// `false` if there is something of that name by now.
    pub fn publish(&self) -> Result<bool> {
        let path = CString::new(self.path.as_str())
            .map_err(|_| Error::from_errno(libc::EINVAL, "link"))?;
        self.file
            .link(&path)
            .map_err(|error| file_error(&error, "link", Doing::MakingFile))
    }
}

/// What the system tells of the file, wherever links lead; `None` if there is none.
pub fn status(path: &FilePath) -> Result<Option<Metadata>> {
    match fs::metadata(path.path()) {
        Ok(found) if found.is_file() => Ok(Some(found)),
        Ok(found) => Err(not_regular(&found)),
        Err(error) if is_absent(&error) => Ok(None),
        Err(error) => Err(file_error(&error, "stat", Doing::OpeningFile)),
    }
}

/// Opens a file and maps a part of it.
pub fn open(path: &FilePath, part: Part, options: Options) -> Result<Opened> {
    // To open a device, or a FIFO, can do something to it, or wait.
    if status(path)?.is_none() {
        return Ok(Opened::Absent);
    }
    let file = match sys::open_file(path.path(), !options.copy_on_write()) {
        Ok(file) => file,
        Err(error) if is_absent(&error) => return Ok(Opened::Absent),
        Err(error) => return Err(file_error(&error, "open", Doing::OpeningFile)),
    };
    let found = status_of(&file)?;
    if !found.is_file() {
        return Err(not_regular(&found));
    }
    let Some(len) = part.len_in(found.len()) else {
        return Ok(Opened::TooShort(found.len()));
    };
    if !options.copy_on_write() {
        provide_room(
            &file,
            &found,
            part.offset,
            part.offset + len as u64,
            options,
        )?;
    }
    let mapping = map(&file, part.offset, len, options)?;
    let identity = Identity {
        file: FileId::of(&found),
        offset: part.offset,
    };
    Ok(Opened::Mapped(identity, mapping))
}

/// Makes a file of zeros that ends with the part. It is invisible before it is published, and a
/// failure or a crash leaves nothing.
pub fn create(
    path: &FilePath,
    mode: u16,
    offset: u64,
    len: usize,
    options: Options,
) -> Result<(Draft, Identity, Mapping)> {
    let size = offset
        .checked_add(len as u64)
        .ok_or(Error::from_errno(libc::EFBIG, "open"))?;
    if fs::symlink_metadata(path.path()).is_ok_and(|found| found.is_symlink()) {
        return Err(Error::from_errno(libc::ENOENT, "open")
            .with_hint("It is a symbolic link, and where that leads there is no file"));
    }
    if path.as_str().ends_with('/') {
        return Err(Error::from_errno(libc::EISDIR, "open")
            .with_hint("The path of a file that is to be made does not end in a slash"));
    }
    let file = Nameless::new(path.path(), mode.into())
        .map_err(|error| file_error(&error, "open", Doing::MakingFile))?;
    if options.sparse() {
        sys::set_size(file.file(), size)?;
    } else {
        sys::check_room(file.file(), size, Doing::ReservingFile)?;
        sys::reserve_file(file.file(), size)
            .map_err(|error| reserve_error(error, file.file(), size))?;
    }
    let mapping = map(file.file(), offset, len, options)?;
    let identity = Identity {
        file: FileId::of(&status_of(file.file())?),
        offset,
    };
    let path = path.clone();
    Ok((Draft { file, path }, identity, mapping))
}

/// Sees to it that the disk cannot be full when a part of a file is written.
fn provide_room(
    file: &File,
    found: &Metadata,
    start: u64,
    end: u64,
    options: Options,
) -> Result<()> {
    if options.sparse() || (!options.fill() && sys::is_all_data(file, start, end)) {
        return Ok(());
    }
    // A file has fewer blocks than bytes if it has holes. If it has not fewer, what looks like one is
    // reserved already, and filling it does nothing.
    let missing = sys::missing(found);
    if missing > 0 && !options.fill() {
        return Err(Error::Sparse);
    }
    sys::check_room(file, missing.min(end - start), Doing::ReservingFile)?;
    sys::fill_holes(file, start, end).map_err(|error| reserve_error(error, file, end - start))
}

fn map(file: &File, offset: u64, len: usize, options: Options) -> Result<Mapping> {
    if sys::has_huge_pages_only(file) {
        return Err(Error::from_errno(libc::ENODEV, "mmap")
            .with_hint("Files of a hugetlbfs are mapped in huge pages only"));
    }
    let before = offset % sys::page_size() as u64;
    #[allow(clippy::cast_possible_truncation)] // less than a page
    let skip = before as usize;
    let mut how = MmapOptions::new();
    how.offset(offset - before).len(skip.saturating_add(len));
    let mapped = if options.copy_on_write() {
        // Few pages will be written, so the copies must not count before they are made.
        how.no_reserve_swap();
        // SAFETY: no reference to the memory is ever made, so it may change at any time.
        unsafe { how.map_copy(file) }.map(MmapRaw::from)
    } else {
        how.map_raw(file)
    };
    let pages = mapped.map_err(|error| mapping_error(&error, "mmap", Doing::MappingFile))?;
    if options.populate() {
        sys::check_holes(file, Doing::ReservingFile)?;
        sys::populate(pages.as_mut_ptr(), pages.len())
            .map_err(|error| Error::from_io(&error, "madvise"))?;
    }
    Ok(Mapping::file(pages, skip, len, options.copy_on_write()))
}

fn status_of(file: &File) -> Result<Metadata> {
    file.metadata()
        .map_err(|error| Error::from_io(&error, "fstat"))
}
