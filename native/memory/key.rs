//! What the user calls memory by: the number of a System V segment, or the name of a POSIX object.

use std::fmt;

use crate::sys::Name;

/// A key, cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    Segment(libc::key_t),
    Object(Name),
}

impl Key {
    /// The segment of that number: `key_t` is signed in C, and JavaScript has its bits as an
    /// unsigned number.
    pub fn segment(number: u32) -> Self {
        Self::Segment(libc::key_t::from_ne_bytes(number.to_ne_bytes()))
    }

    /// The number of a segment's key as JavaScript has it.
    pub fn unsigned(key: libc::key_t) -> u32 {
        u32::from_ne_bytes(key.to_ne_bytes())
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Segment(key) => write!(f, "{}", Self::unsigned(*key)),
            Self::Object(name) => write!(f, "'{name}'"),
        }
    }
}
