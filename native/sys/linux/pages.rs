//! Mapped pages: moved elsewhere, made huge, faulted in.

use std::fs;
use std::io;

use super::place::DIRECTORY;
use crate::error::{Error, Result};
use crate::sys::mapped_file::{advise, Advice};
use crate::sys::Kind;

/// Moves mapped pages to other addresses, replacing what is mapped there
/// ([mremap(2)](https://man7.org/linux/man-pages/man2/mremap.2.html)).
///
/// # Safety
/// Both ranges must be the caller's, whole pages, and used by nobody.
pub unsafe fn move_pages(from: *mut u8, size: usize, to: *mut u8) -> io::Result<()> {
    let flags = libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED;
    // SAFETY: the caller vouches for both ranges.
    let moved = unsafe { libc::mremap(from.cast(), size, size, flags, to.cast::<libc::c_void>()) };
    if moved == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Asks for huge pages in a range
/// ([madvise(2)](https://man7.org/linux/man-pages/man2/madvise.2.html), `MADV_HUGEPAGE`). The
/// kernel accepts that and ignores it where they are switched off, so the switch is read first.
pub fn advise_huge_pages(base: *mut u8, size: usize, kind: Kind) -> Result<()> {
    let refused = |advice: &str| {
        Err(
            Error::from_errno(libc::ENOTSUP, "madvise").with_hint(format!(
                "Huge pages are switched off for this kind of memory: {advice}"
            )),
        )
    };
    let switch =
        fs::read_to_string("/sys/kernel/mm/transparent_hugepage/shmem_enabled").unwrap_or_default();
    let set_to = |value: &str| switch.contains(&format!("[{value}]"));
    let on = match kind {
        Kind::Segment => !set_to("never"),
        Kind::Object => set_to("force") || has_huge_pages(DIRECTORY),
    };
    if switch.is_empty() {
        return refused("this kernel was built without transparent huge pages");
    }
    if set_to("deny") || !on {
        return refused(match kind {
            Kind::Segment => {
                "root turns them on with echo advise >/sys/kernel/mm/transparent_hugepage/shmem_enabled"
            }
            Kind::Object => "root turns them on with mount -o remount,huge=advise /dev/shm",
        });
    }
    advise(base, size, Advice::HugePages).map_err(|error| Error::from_io(&error, "madvise"))
}

/// Whether the tmpfs mounted last at `directory` gives out huge pages.
fn has_huge_pages(directory: &str) -> bool {
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let options = mounts.lines().rev().find_map(|line| {
        let mut fields = line.split(' ').skip(1);
        (fields.next()? == directory).then(|| fields.nth(1))?
    });
    options
        .unwrap_or_default()
        .split(',')
        .any(|option| option.starts_with("huge=") && option != "huge=never")
}

/// Faults in every page of a range
/// ([madvise(2)](https://man7.org/linux/man-pages/man2/madvise.2.html), `MADV_POPULATE_READ`: on
/// shared memory it allocates missing pages, too). A kernel before 5.14 cannot; the pages then come
/// when they are touched.
pub fn populate(base: *mut u8, size: usize) -> io::Result<()> {
    match advise(base, size, Advice::PopulateRead) {
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        populated => populated,
    }
}
