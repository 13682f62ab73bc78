//! What the user calls memory by: the number of a System V segment, or the name of a POSIX object.

use std::fmt;

use crate::sys::{Name, SegmentId};

/// A key, cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    Segment(SegmentKey),
    Object(Name),
}

/// What a segment is called by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SegmentKey {
    /// The kernel's key, which `shmget` takes.
    Chosen(i32),
    /// A segment without a key: a transient one, which is marked for destruction, or another program's private
    /// one (`IPC_PRIVATE`). It is found by the kernel's id for it; the cookie, never 0, tells it from a later
    /// segment of that id.
    Keyless { id: SegmentId, cookie: u32 },
}

impl Key {
    /// The segment of that number: `key_t` is signed in C, and JavaScript has its bits as an
    /// unsigned number. What does not fit is the key of a segment without one: its cookie above its id.
    pub fn segment(number: u64) -> Self {
        let [low, high] = [number, number >> 32].map(|half| (half & 0xffff_ffff) as u32);
        let signed = i32::from_ne_bytes(low.to_ne_bytes());
        Self::Segment(match high {
            0 => SegmentKey::Chosen(signed),
            cookie => SegmentKey::Keyless { id: signed, cookie },
        })
    }
}

impl SegmentKey {
    /// The number as JavaScript has it.
    pub fn number(self) -> u64 {
        let unsigned = |half: i32| u64::from(u32::from_ne_bytes(half.to_ne_bytes()));
        match self {
            Self::Chosen(key) => unsigned(key),
            Self::Keyless { id, cookie } => u64::from(cookie) << 32 | unsigned(id),
        }
    }

    pub fn is_keyless(self) -> bool {
        matches!(self, Self::Keyless { .. })
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Segment(key) => write!(f, "{}", key.number()),
            Self::Object(name) => write!(f, "'{name}'"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_a_segments_key_and_back() {
        for number in [
            1,
            0x8000_0000,
            0xffff_fffe,
            1 << 32,
            (0x1f_ffff << 32) | 0x0001_8000,
        ] {
            let Key::Segment(key) = Key::segment(number) else {
                panic!("it must be a segment's");
            };
            assert_eq!(key.number(), number);
            assert_eq!(key.is_keyless(), number >= 1 << 32);
        }
    }
}
