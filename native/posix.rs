//! POSIX shared memory objects
//! ([shm_overview(7)](https://man7.org/linux/man-pages/man7/shm_overview.7.html)): how they are
//! laid out, made and opened.
//!
//! An object begins with a header of 8 bytes, the length of the data in bytes, as an unsigned
//! number in the byte order of the machine; the data follows. That is the layout of
//! `shm-typed-array` 0.1. Another process may write the header at any time, so it is read once,
//! when the object is opened, and believed only as far as it fits the object's real size.
//!
//! A raw object has no header: all of it is data. That is what other programs make.

use std::ffi::CStr;
use std::fmt;
use std::fs::{File, Metadata};
use std::rc::Rc;

use memmap2::{MmapOptions, MmapRaw};

use crate::error::{Error, Result};
use crate::mapping::Mapping;
use crate::options::Options;
use crate::platform::{self, Draft, Kind, PREFIX};

/// Bytes before the data.
pub const HEADER: usize = 8;

/// Bytes that take longer to reserve than it takes to ask whether the name is free.
const WORTH_ASKING: usize = 64 << 10;

/// The longest name in bytes, its slash included, that any system has.
pub const NAME_MAX: usize = 256;

/// The name of an object, one path component with its slash: `/name`. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Name {
    path: Rc<CStr>,
}

impl Name {
    /// `None` if it holds a NUL or is too long, which JavaScript has excluded before.
    pub fn new(name: &[u8]) -> Option<Self> {
        let mut path = [0; PREFIX.len() + NAME_MAX + 1];
        let end = PREFIX.len() + name.len();
        path[..PREFIX.len()].copy_from_slice(PREFIX.as_bytes());
        path.get_mut(PREFIX.len()..end)?.copy_from_slice(name);
        let path = CStr::from_bytes_with_nul(path.get(..=end)?).ok()?;
        Some(Self { path: path.into() })
    }

    /// What the platform's calls want to be given.
    pub fn path(&self) -> &CStr {
        &self.path
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.path.to_bytes()[PREFIX.len()..];
        f.write_str(&String::from_utf8_lossy(name))
    }
}

/// Tells an object from another one that has taken its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    pub device: u64,
    pub inode: u64,
    /// Bytes, the header included.
    pub size: u64,
}

impl Identity {
    /// Whether both are the same object, whatever size it has had when it was looked at.
    pub fn is_same_object(&self, other: &Self) -> bool {
        self.device == other.device && self.inode == other.inode
    }
}

/// Makes an object with `bytes` bytes of zeros as data; `None` if the name is taken. Nobody ever
/// sees it half-made, and a failure or a crash leaves nothing.
pub fn create(
    name: &Name,
    bytes: usize,
    mode: u32,
    options: Options,
) -> Result<Option<(Identity, Mapping)>> {
    let header = if options.raw() { 0 } else { HEADER };
    let Some(size) = bytes.checked_add(header) else {
        return Err(Error::from_errno(libc::EFBIG, "posix_fallocate"));
    };
    let Some(draft) = Draft::new(name, mode)? else {
        return Ok(None);
    };
    // An existing object is no reason to fill the memory, but asking costs as much as reserving little.
    if size > WORTH_ASKING && draft.is_late(name)? {
        return Ok(None);
    }
    let (identity, pages) = match furnish(draft.file(), bytes, size, options) {
        Ok(furnished) => furnished,
        Err(error) => {
            return if draft.is_late(name)? {
                Ok(None)
            } else {
                Err(error)
            }
        }
    };
    if !draft.publish(name)? {
        return Ok(None);
    }
    Ok(Some((identity, Mapping::object(pages, header, bytes))))
}

/// Gives a new file its size, its memory and its header, and maps it.
fn furnish(
    file: &File,
    bytes: usize,
    size: usize,
    options: Options,
) -> Result<(Identity, MmapRaw)> {
    let pages = if options.huge_pages() {
        map_huge(file, size, options)?
    } else {
        if options.sparse() {
            platform::set_size(file, size as u64)?;
        } else {
            platform::reserve(file, size as u64)?;
        }
        map(file, size, options)?
    };
    if !options.raw() {
        platform::write_header(file, (bytes as u64).to_ne_bytes())?;
    }
    Ok((platform::identity_of(file)?, pages))
}

/// Maps a new file in huge pages. They are given out where a mapping that asked for them is
/// touched, so this must happen before anything else reserves the memory.
fn map_huge(file: &File, size: usize, options: Options) -> Result<MmapRaw> {
    platform::set_size(file, size as u64)?;
    let pages = map_pages(file, size, options)?;
    platform::advise_huge_pages(pages.as_mut_ptr(), size, Kind::Object)?;
    if !options.sparse() {
        // What this could not get is for `reserve` to say, which asks for the same memory.
        let _ = platform::populate(pages.as_mut_ptr(), size);
        platform::reserve(file, size as u64)?;
    }
    Ok(pages)
}

fn map(file: &File, size: usize, options: Options) -> Result<MmapRaw> {
    let pages = map_pages(file, size, options)?;
    if options.huge_pages() {
        platform::advise_huge_pages(pages.as_mut_ptr(), size, Kind::Object)?;
    }
    if options.populate() {
        populate(&pages)?;
    }
    Ok(pages)
}

fn map_pages(file: &File, size: usize, options: Options) -> Result<MmapRaw> {
    let mut how = MmapOptions::new();
    how.len(size);
    let mapped = if options.copy_on_write() {
        // Few pages will be written, so the copies must not count before they are made.
        how.no_reserve_swap();
        // SAFETY: no reference to the memory is ever made, so it may change at any time.
        unsafe { how.map_copy(file) }.map(MmapRaw::from)
    } else {
        how.map_raw(file)
    };
    mapped.map_err(|error| {
        platform::make_room(&error);
        let hint = platform::mapping_hint(error.raw_os_error().unwrap_or_default());
        Error::from_io(&error, "mmap").with_hint(hint)
    })
}

fn populate(pages: &MmapRaw) -> Result<()> {
    match platform::populate(pages.as_mut_ptr(), pages.len()) {
        Ok(()) => Ok(()),
        // The kernel's word for what would be a SIGBUS later.
        Err(error) if error.raw_os_error() == Some(libc::EFAULT) => {
            Err(Error::from_errno(libc::ENOSPC, "madvise").with_hint(
                "The object is sparse, and there is no room for the pages that it lacks",
            ))
        }
        Err(error) => Err(Error::from_io(&error, "madvise")),
    }
}

/// Opens and maps the object; `None` if there is none.
pub fn open(name: &Name, options: Options) -> Result<Option<(Identity, Mapping)>> {
    let Some(file) = platform::open(name, !options.copy_on_write())? else {
        return Ok(None);
    };
    let identity = platform::identity_of(&file)?;
    if options.raw() {
        let size = raw_size(identity.size).map_err(Error::Layout)?;
        let pages = map(&file, size, options)?;
        return Ok(Some((identity, Mapping::object(pages, 0, size))));
    }
    let header = platform::read_header(&file)?.map(u64::from_ne_bytes);
    if cfg!(target_os = "macos") && header.unwrap_or(0) == 0 {
        // Its creator has not finished it; on Linux a name is given to finished objects only.
        return Ok(None);
    }
    let (size, len) = check_layout(header, identity.size).map_err(Error::Layout)?;
    let pages = map(&file, size, options)?;
    Ok(Some((identity, Mapping::object(pages, HEADER, len))))
}

fn raw_size(size: u64) -> std::result::Result<usize, String> {
    match usize::try_from(size) {
        Ok(0) => Err("is empty: whoever made it has not given it a size yet".to_string()),
        Ok(size) => Ok(size),
        Err(_) => Err(too_large(size)),
    }
}

fn too_large(size: u64) -> String {
    format!("is {size} bytes long, more than this process can address")
}

/// The sizes in bytes of the object and of its data, if `header` describes an object of `size` bytes.
fn check_layout(header: Option<u64>, size: u64) -> std::result::Result<(usize, usize), String> {
    let foreign = "it was made by another program, or is damaged: { raw: true } opens it as it is, without a header";
    let Some(len) = header else {
        return Err(format!(
            "is {size} bytes long, too short for the 8-byte header; {foreign}"
        ));
    };
    if len == 0 || size < HEADER as u64 || len > size - HEADER as u64 {
        return Err(format!(
            "is {size} bytes long, but its header tells of {len} bytes of data after the first 8; {foreign}"
        ));
    }
    match (usize::try_from(size), usize::try_from(len)) {
        (Ok(size), Ok(len)) => Ok((size, len)),
        _ => Err(too_large(size)),
    }
}

/// Refuses an object of ours that somebody has made shorter than what is mapped of it: touching
/// the rest would be a SIGBUS.
pub fn check_size(found: &Identity, mapping: &Mapping) -> Result<()> {
    if found.size < mapping.size() as u64 {
        return Err(Error::Layout(format!(
            "has been cut to {} bytes since its {} bytes were mapped: detach it, and do not touch its end",
            found.size,
            mapping.size()
        )));
    }
    Ok(())
}

/// Which object has the name at this moment; `None` if there is none.
pub fn find(name: &Name) -> Result<Option<Identity>> {
    platform::find(name)
}

/// What the system tells of the object, without mapping it; `None` if there is none.
pub fn status(name: &Name) -> Result<Option<Metadata>> {
    Ok(platform::status(name)?.filter(Metadata::is_file))
}

/// Removes the name. Whoever has the object mapped keeps it; `false` if there was none.
pub fn unlink(name: &Name) -> Result<bool> {
    platform::unlink(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_header_is_believed_only_as_far_as_it_fits() {
        assert_eq!(check_layout(Some(92), 100), Ok((100, 92)));
        assert_eq!(check_layout(Some(1), 4096), Ok((4096, 1)));
        for (header, size) in [
            (None, 0),
            (None, 7),
            (Some(0), 8),
            (Some(0), 4096),
            (Some(1), 8),
            (Some(93), 100),
            (Some(100), 100),
            (Some(u64::MAX), 100),
            (Some(u64::MAX - 7), 100),
            (Some(1), 0),
        ] {
            let reason = check_layout(header, size).expect_err("must not fit");
            assert!(reason.contains("{ raw: true }"), "{reason}");
        }
    }

    #[test]
    fn a_name_is_shown_without_its_directory() {
        let name = Name::new(b"/some-name").unwrap();
        assert_eq!(name.to_string(), "/some-name");
        assert!(Name::new(b"/with\0nul").is_none());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100_000))]

        #[test]
        fn any_header_over_any_size_stays_inside(header in edgy(), size in edgy()) {
            let fits = header >= 1 && header <= size.saturating_sub(HEADER as u64);
            match check_layout(Some(header), size) {
                Ok((whole, len)) => {
                    prop_assert!(fits);
                    prop_assert_eq!((whole as u64, len as u64), (size, header));
                    prop_assert!(HEADER.checked_add(len).unwrap() <= whole);
                }
                Err(reason) => {
                    prop_assert!(!fits);
                    prop_assert!(reason.contains("{ raw: true }"), "{}", reason);
                }
            }
        }
    }

    proptest! {
        #[test]
        fn any_name_is_a_path_in_one_place_and_is_shown_as_given(text in any::<String>()) {
            let name = format!("/{text}");
            match Name::new(name.as_bytes()) {
                None => prop_assert!(text.contains('\0') || name.len() > NAME_MAX),
                Some(found) => {
                    prop_assert!(!text.contains('\0') && name.len() <= NAME_MAX);
                    prop_assert_eq!(found.to_string(), name.clone());
                    prop_assert!(found.path().to_bytes().ends_with(name.as_bytes()));
                }
            }
        }
    }

    /// Any number; those where a sum could wrap or a comparison turn are as likely as all others.
    fn edgy() -> impl Strategy<Value = u64> {
        let near =
            |edge: u64| (0_u64..32).prop_map(move |by| edge.wrapping_sub(16).wrapping_add(by));
        prop_oneof![
            any::<u64>(),
            0_u64..10_000,
            (0_u32..64).prop_flat_map(move |bits| near(1 << bits)),
            near(0),
        ]
    }
}
