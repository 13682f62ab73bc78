//! Mapped pages: moved elsewhere, advised, made huge, faulted in.

use std::fs;
use std::io;

use rustix::mm;

use super::place::directory;
use crate::error::{Error, Result};
use crate::sys::unix::madvise;
use crate::sys::{Advice, Kind};

/// Moves mapped pages to other addresses, replacing what is mapped there
/// ([mremap(2)](https://man7.org/linux/man-pages/man2/mremap.2.html)).
///
/// # Safety
/// Both ranges must be the caller's, whole pages, and not in use.
pub unsafe fn move_pages(from: *mut u8, size: usize, to: *mut u8) -> io::Result<()> {
    let flags = libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED;
    // SAFETY: the caller vouches for both ranges.
    let moved = unsafe { libc::mremap(from.cast(), size, size, flags, to.cast::<libc::c_void>()) };
    if moved == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Tells the system of a range of a mapping what `advice` says.
pub fn advise(start: *mut u8, len: usize, advice: Advice) -> io::Result<()> {
    let advice = match advice {
        Advice::Normal => mm::Advice::Normal,
        Advice::Random => mm::Advice::Random,
        Advice::Sequential => mm::Advice::Sequential,
        Advice::WillNeed => mm::Advice::WillNeed,
        Advice::DontDump => mm::Advice::LinuxDontDump,
    };
    madvise(start, len, advice)
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
        Kind::Object => set_to("force") || has_huge_pages(&mount_point()),
    };
    if switch.is_empty() {
        return refused("this kernel was built without transparent huge pages");
    }
    if set_to("deny") || !on {
        return refused(&match kind {
            Kind::Segment => {
                "root turns them on with echo advise >/sys/kernel/mm/transparent_hugepage/shmem_enabled".to_string()
            }
            Kind::Object => format!(
                "root turns them on with mount -o remount,huge=advise {}",
                mount_point()
            ),
        });
    }
    madvise(base, size, mm::Advice::LinuxHugepage)
        .map_err(|error| Error::from_io(&error, "madvise"))
}

/// Where objects really are: the folder may be a link, and mounts are told by the path that it leads to.
fn mount_point() -> String {
    fs::canonicalize(directory()).map_or(directory().to_string(), |path| {
        path.to_string_lossy().into_owned()
    })
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
    match madvise(base, size, mm::Advice::LinuxPopulateRead) {
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        populated => populated,
    }
}
