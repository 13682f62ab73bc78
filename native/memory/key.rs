//! What the user calls memory by: the number of a System V segment, or the name of a POSIX object.

use std::fmt;

use neon::prelude::*;

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

    /// The key as JavaScript knows it.
    pub fn to_js<'cx>(&self, cx: &mut impl Context<'cx>) -> Handle<'cx, JsValue> {
        match self {
            Self::Segment(key) => cx.number(unsigned(*key)).upcast(),
            Self::Object(name) => cx.string(name.to_string()).upcast(),
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Segment(key) => write!(f, "{}", unsigned(*key)),
            Self::Object(name) => write!(f, "'{name}'"),
        }
    }
}

fn unsigned(key: libc::key_t) -> u32 {
    u32::from_ne_bytes(key.to_ne_bytes())
}
