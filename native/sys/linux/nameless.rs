//! New files that have no name yet.

use std::ffi::{CStr, CString, OsStr};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::OnceLock;

use rustix::fs::{linkat, AtFlags, CWD};
use rustix::io::Errno;

use crate::sys::unix::create_temporary;

/// A file that is invisible before [`Nameless::link`]. Dropped without a name, it leaves nothing.
pub struct Nameless {
    file: File,
    /// The name it has to bear meanwhile where the file system knows no nameless files.
    temporary: Option<CString>,
}

impl Nameless {
    /// A new empty file that is to be linked to `path`, with permissions `mode` (less the umask)
    /// ([open(2)](https://man7.org/linux/man-pages/man2/open.2.html), `O_TMPFILE`).
    pub fn new(path: &Path, mode: u32) -> io::Result<Self> {
        if !can_be_linked() {
            return Self::with_name(path, mode);
        }
        let opened = OpenOptions::new()
            .read(true)
            .write(true)
            .mode(mode)
            .custom_flags(libc::O_TMPFILE)
            .open(path.parent().unwrap_or(path));
        match opened {
            Ok(file) => Ok(Self {
                file,
                temporary: None,
            }),
            // The file system has none, or a policy that judges by names (AppArmor, in a snap) allows none.
            Err(error) => match error.raw_os_error() {
                Some(
                    libc::EOPNOTSUPP | libc::EISDIR | libc::EACCES | libc::EPERM | libc::ENOSYS,
                ) => Self::with_name(path, mode),
                _ => Err(error),
            },
        }
    }

    fn with_name(path: &Path, mode: u32) -> io::Result<Self> {
        let (file, temporary) = create_temporary(path, mode)?;
        Ok(Self {
            file,
            temporary: Some(temporary),
        })
    }

    pub fn file(&self) -> &File {
        &self.file
    }

    /// Gives the finished file its name, in its directory; `false` if there is something of that name
    /// ([linkat(2)](https://man7.org/linux/man-pages/man2/linkat.2.html)).
    pub fn link(&self, path: &CStr) -> io::Result<bool> {
        let linked = match &self.temporary {
            Some(temporary) => linkat(CWD, temporary, CWD, path, AtFlags::empty()),
            None => match linkat(&self.file, c"", CWD, path, AtFlags::EMPTY_PATH) {
                // Without the capability, on kernels before 6.10; /proc is the other way.
                Err(Errno::NOENT) => {
                    let own = format!("{OPEN_FILES}/{}", self.file.as_raw_fd());
                    linkat(CWD, own, CWD, path, AtFlags::SYMLINK_FOLLOW)
                }
                linked => linked,
            },
        };
        match linked {
            Ok(()) => Ok(true),
            Err(Errno::EXIST) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

const OPEN_FILES: &str = "/proc/self/fd";

/// Whether a file without a name can be given one, whatever this process may do. In a bare chroot it cannot.
fn can_be_linked() -> bool {
    static CAN: OnceLock<bool> = OnceLock::new();
    *CAN.get_or_init(|| Path::new(OPEN_FILES).exists())
}

impl Drop for Nameless {
    fn drop(&mut self) {
        if let Some(temporary) = &self.temporary {
            // Nothing can be done about a failure here: the file is ours alone and harmless.
            let _ = fs::remove_file(OsStr::from_bytes(temporary.to_bytes()));
        }
    }
}
