//! Files under a name of their own, for as long as they are not finished.

use std::ffi::{CString, OsStr};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

/// The longest name of a file, in bytes.
const NAME_MAX: usize = 255;

/// A new empty file, with permissions `mode` (less the umask), and its path: it is beside `path`, and begins
/// with its name. Where programs may make files of some names only, that is one.
pub fn create_temporary(path: &Path, mode: u32) -> io::Result<(File, CString)> {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    let name = path.file_name().unwrap_or_default();
    loop {
        let count = COUNTER.fetch_add(1, Ordering::Relaxed);
        let suffix = format!(".{}.{count}.unfinished", std::process::id());
        let start = &name.as_bytes()[..name.len().min(NAME_MAX - suffix.len())];
        let temporary = [start, suffix.as_bytes()].concat();
        let path = path.with_file_name(OsStr::from_bytes(&temporary));
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_temporary_name_begins_with_the_files_and_is_not_too_long() {
        for len in [1, 200, NAME_MAX] {
            let name = "x".repeat(len);
            let path = std::env::temp_dir().join(&name);
            let (file, temporary) = create_temporary(&path, 0o600).unwrap();
            let temporary = Path::new(OsStr::from_bytes(temporary.as_bytes()));
            let found = temporary.file_name().unwrap().as_bytes();
            assert!(found.len() <= NAME_MAX && found.starts_with(&b"x".repeat(len.min(200))));
            assert_eq!(temporary.parent(), path.parent());
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
            std::fs::remove_file(temporary).unwrap();
        }
    }
}
