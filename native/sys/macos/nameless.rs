//! New files that are not finished. This system has none without a name, so they have a temporary one.

use std::ffi::{CStr, CString, OsStr};
use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::sys::unix::create_temporary;

/// A file that has a temporary name before [`Nameless::link`]. Dropped before that, it leaves nothing.
pub struct Nameless {
    file: File,
    temporary: CString,
}

impl Nameless {
    /// A new empty file that is to be linked to `path`, with permissions `mode` (less the umask).
    pub fn new(path: &Path, mode: u32) -> io::Result<Self> {
        let (file, temporary) = create_temporary(path, mode)?;
        Ok(Self { file, temporary })
    }

    pub fn file(&self) -> &File {
        &self.file
    }

    /// Gives the finished file its name, in its directory; `false` if there is something of that name
    /// ([link(2)](https://man.freebsd.org/cgi/man.cgi?query=link&sektion=2)).
    pub fn link(&self, path: &CStr) -> io::Result<bool> {
        let [from, to] = [&self.temporary, path].map(|path| OsStr::from_bytes(path.to_bytes()));
        match fs::hard_link(from, to) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        }
    }
}

impl Drop for Nameless {
    fn drop(&mut self) {
        // Nothing can be done about a failure here: the file is ours alone and harmless.
        let _ = fs::remove_file(OsStr::from_bytes(self.temporary.to_bytes()));
    }
}
