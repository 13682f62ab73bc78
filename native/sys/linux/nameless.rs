//! New files that have no name yet.

use std::ffi::{CStr, CString, OsStr};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::{linkat, AtFlags, CWD};
use rustix::io::Errno;

use crate::sys::unix::create_temporary;

/// A file that nobody can see before [`Nameless::link`]; dropped, it never was.
pub struct Nameless {
    file: File,
    /// The name it has to bear meanwhile where the file system knows no nameless files.
    temporary: Option<CString>,
}

impl Nameless {
    /// A new empty file of that directory's file system, with permissions `mode` (less the umask)
    /// ([open(2)](https://man7.org/linux/man-pages/man2/open.2.html), `O_TMPFILE`).
    pub fn new(directory: &Path, mode: u32) -> io::Result<Self> {
        let opened = OpenOptions::new()
            .read(true)
            .write(true)
            .mode(mode)
            .custom_flags(libc::O_TMPFILE)
            .open(directory);
        let (file, temporary) = match opened {
            Ok(file) => (file, None),
            Err(error) => match error.raw_os_error() {
                Some(libc::EOPNOTSUPP | libc::EISDIR) => {
                    let (file, name) = create_temporary(directory, mode)?;
                    (file, Some(name))
                }
                _ => return Err(error),
            },
        };
        Ok(Self { file, temporary })
    }

    pub fn file(&self) -> &File {
        &self.file
    }

    /// Gives the finished file its name, in its directory; `false` if there is something of that name
    /// ([linkat(2)](https://man7.org/linux/man-pages/man2/linkat.2.html)).
    pub fn link(&self, path: &CStr) -> io::Result<bool> {
        let linked = match &self.temporary {
            Some(temporary) => linkat(CWD, temporary, CWD, path, AtFlags::empty()),
            // Without the capability this is ENOENT on kernels before 6.10; /proc is the other way.
            None => linkat(&self.file, c"", CWD, path, AtFlags::EMPTY_PATH).or_else(|_| {
                let own = format!("/proc/self/fd/{}", self.file.as_raw_fd());
                linkat(CWD, own, CWD, path, AtFlags::SYMLINK_FOLLOW)
            }),
        };
        match linked {
            Ok(()) => Ok(true),
            Err(Errno::EXIST) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

impl Drop for Nameless {
    fn drop(&mut self) {
        if let Some(temporary) = &self.temporary {
            // Nothing can be done about a failure here: the file is ours alone and harmless.
            let _ = fs::remove_file(OsStr::from_bytes(temporary.to_bytes()));
        }
    }
}
