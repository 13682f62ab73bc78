//! POSIX objects are files of one folder, a tmpfs as a rule.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::fs::{fstat, lstat, Stat};
use rustix::io::Errno;

use super::super::object::{Identity, Name};
use super::nameless::Nameless;
use crate::error::{Error, Result};
use crate::sys::{explain, Doing, ObjectStatus};

/// How long to wait for another process that holds a lease, which takes microseconds as a rule.
const PATIENCE: Duration = Duration::from_secs(1);
pub(super) const PAUSE: Duration = Duration::from_micros(50);

pub(super) fn path(name: &Name) -> &Path {
    Path::new(OsStr::from_bytes(name.path().to_bytes()))
}

/// Whether an object has its name before it is finished.
pub const DRAFTS_HAVE_NAMES: bool = false;

/// An object that is invisible before [`Draft::publish`]. Dropped unpublished, it leaves nothing.
pub struct Draft {
    name: Name,
    file: Nameless,
}

impl Draft {
    /// A new empty file with permissions `mode` (less the umask).
    #[allow(clippy::unnecessary_wraps)] // where a name is needed from the start it may be taken
    pub fn new(name: &Name, mode: u32) -> Result<Option<Self>> {
        match Nameless::new(path(name), mode) {
            Ok(file) => Ok(Some(Self {
                name: name.clone(),
                file,
            })),
            Err(error) => Err(object_error(&error, "open", Doing::MakingObject)),
        }
    }

    pub fn file(&self) -> &File {
        self.file.file()
    }

    pub fn name(&self) -> &Name {
        &self.name
    }

    /// Whether another object has the name already.
    pub fn is_late(&self) -> Result<bool> {
        Ok(find(&self.name)?.is_some())
    }

    /// Gives the finished object its name; `false` if another one took it meanwhile.
    pub fn publish(&self) -> Result<bool> {
        self.file
            .link(self.name.path())
            .map_err(|error| Error::from_io(&error, "linkat"))
    }
}

/// Opens the object for reading, and for writing too if `writable`, without following links or
/// waiting for a FIFO.
pub fn open(name: &Name, writable: bool) -> Result<Option<File>> {
    let mut how = OpenOptions::new();
    how.read(true)
        .write(writable)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY);
    loop {
        match without_lease(|| how.open(path(name))) {
            // Its name can go between the look at the directory and the opening, with a lease that is
            // over by then: whoever has removed it took it for unused.
            Ok(file) if has_no_name(&file) => {}
            Ok(file) => return Ok(Some(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(object_error(&error, "open", Doing::OpeningObject)),
        }
    }
}

pub(super) fn has_no_name(file: &File) -> bool {
    fstat(file).is_ok_and(|found| found.st_nlink == 0)
}

/// Calls `open` until no lease keeps it from opening a file.
fn without_lease(open: impl Fn() -> io::Result<File>) -> io::Result<File> {
    let mut since = None;
    loop {
        match open() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                if since.get_or_insert_with(Instant::now).elapsed() > PATIENCE {
                    return Err(error);
                }
                sleep(PAUSE);
            }
            opened => return opened,
        }
    }
}

pub(super) fn object_error(error: &io::Error, syscall: &'static str, doing: Doing) -> Error {
    explain(Error::from_io(error, syscall), doing, &[])
}

/// Which object has the name at this moment, without opening it
/// ([lstat(2)](https://man7.org/linux/man-pages/man2/lstat.2.html)).
pub fn find(name: &Name) -> Result<Option<Identity>> {
    match lstat(name.path()) {
        Ok(found) => Ok(Some(identity_from(&found))),
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(Error::from_io(&error.into(), "stat")),
    }
}

/// What the file system tells of the object, without opening it; `None` if there is none.
pub fn status(name: &Name) -> Result<Option<ObjectStatus>> {
    match fs::symlink_metadata(path(name)) {
        Ok(found) => Ok(ObjectStatus::from(&found)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::from_io(&error, "stat")),
    }
}

/// Which object an open file is.
pub fn identity_of(file: &File) -> Result<Identity> {
    let found = fstat(file).map_err(|error| Error::from_io(&error.into(), "fstat"))?;
    if found.st_mode & libc::S_IFMT != libc::S_IFREG {
        let error = Error::from_errno(libc::EINVAL, "open");
        return Err(explain(error, Doing::OpeningObject, &[]));
    }
    Ok(identity_from(&found))
}

#[allow(clippy::cast_sign_loss)] // no size is negative
fn identity_from(found: &Stat) -> Identity {
    Identity {
        device: found.st_dev,
        inode: found.st_ino,
        size: found.st_size as u64,
    }
}

/// How long an object is that is to hold so many bytes: just as long. `None` if that is too much.
#[allow(clippy::unnecessary_wraps)] // macOS rounds up
pub fn size_of_object(bytes: u64) -> Option<u64> {
    Some(bytes)
}

/// The first bytes of the object; `None` if it is too short to have them.
pub fn read_header<const LEN: usize>(file: &File) -> Result<Option<[u8; LEN]>> {
    let mut header = [0; LEN];
    match file.read_exact_at(&mut header, 0) {
        Ok(()) => Ok(Some(header)),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(Error::from_io(&error, "pread")),
    }
}

/// Writes the header of an object that is long enough for it. Through the descriptor: a write to
/// the mapping would cost a page fault.
pub fn write_header<const LEN: usize>(file: &File, header: [u8; LEN]) -> Result<()> {
    file.write_all_at(&header, 0)
        .map_err(|error| Error::from_io(&error, "pwrite"))
}

/// Removes the name; `false` if there was none.
pub fn unlink(name: &Name) -> Result<bool> {
    match fs::remove_file(path(name)) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(object_error(&error, "unlink", Doing::Destroying)),
    }
}
