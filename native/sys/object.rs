//! What a POSIX object is called, and what tells it from another one of that name.

use std::ffi::CStr;
use std::fmt;
use std::sync::Arc;

use crate::sys::{prefix, PLACE_MAX};

/// The longest name in bytes, its slash included, that any system has.
pub const NAME_MAX: usize = 256;

/// The name of an object, one path component with its slash: `/name`. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Name {
    path: Arc<CStr>,
}

impl Name {
    /// `None` if it holds a NUL or is too long, which JavaScript has excluded before.
    pub fn new(name: &[u8]) -> Option<Self> {
        let prefix = prefix().as_bytes();
        let mut path = [0; PLACE_MAX + NAME_MAX + 1];
        let end = prefix.len() + name.len();
        path.get_mut(..prefix.len())?.copy_from_slice(prefix);
        path.get_mut(prefix.len()..end)?.copy_from_slice(name);
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
        let name = &self.path.to_bytes()[prefix().len()..];
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_name_is_shown_without_its_directory() {
        let name = Name::new(b"/some-name").unwrap();
        assert_eq!(name.to_string(), "/some-name");
        assert!(Name::new(b"/with\0nul").is_none());
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
}
