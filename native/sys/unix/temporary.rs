//! Files under a name of their own, for as long as they are not finished.

use std::ffi::CString;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

/// A new empty file of the directory, with permissions `mode` (less the umask), and its path.
pub fn create_temporary(directory: &Path, mode: u32) -> io::Result<(File, CString)> {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    loop {
        let count = COUNTER.fetch_add(1, Ordering::Relaxed);
        let name = format!(".shm-typed-array.{}.{count}", std::process::id());
        let path = directory.join(name);
        let opened = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&path);
        match opened {
            Ok(file) => return Ok((file, CString::new(path.as_os_str().as_bytes())?)),
            // A killed process, or one of another container, had the same process id.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}
