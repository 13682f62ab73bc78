//! The options that JavaScript passes as bits: how memory is made, laid out and mapped.

use crate::memory::key::Key;

const RAW: u32 = 1;
const COPY_ON_WRITE: u32 = 1 << 1;
const SPARSE: u32 = 1 << 2;
const POPULATE: u32 = 1 << 3;
const HUGE_PAGES: u32 = 1 << 4;
const SHARED: u32 = 1 << 5;
const TRANSIENT: u32 = 1 << 6;
const FILL: u32 = 1 << 7;
pub(super) const PLAIN: u32 = 1 << 8;
const READ_ONLY: u32 = 1 << 9;
const HUGE_PAGES_AUTO: u32 = 1 << 10;

/// The bits by the names that JavaScript finds them under.
pub const BITS: [(&str, u32); 11] = [
    ("raw", RAW),
    ("copyOnWrite", COPY_ON_WRITE),
    ("sparse", SPARSE),
    ("populate", POPULATE),
    ("hugePages", HUGE_PAGES),
    ("shared", SHARED),
    ("transient", TRANSIENT),
    ("fill", FILL),
    ("plain", PLAIN),
    ("readOnly", READ_ONLY),
    ("hugePagesAuto", HUGE_PAGES_AUTO),
];

/// The bits that ask for a mapping of its own, beside others of the same key.
const VARIANT: u32 = RAW | PRIVATE | SHARED;

/// Either makes private pages, of which those that are only read show what others write.
const PRIVATE: u32 = COPY_ON_WRITE | READ_ONLY;

/// How memory is to be made and mapped. The default is what a call without options does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    bits: u32,
}

/// What must be equal for two calls to be given the same mapping of a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Variant {
    bits: u32,
}

impl Options {
    /// The options that these bits stand for.
    pub fn new(bits: u32) -> Self {
        Self { bits }
    }

    pub fn variant(self) -> Variant {
        Variant {
            bits: self.bits & VARIANT,
        }
    }

    /// What the options come to for a key: a segment has no header in any case.
    pub fn of(self, key: &Key) -> Self {
        match key {
            Key::Segment(_) => Self {
                bits: self.bits & !RAW,
            },
            Key::Object(_) => self,
        }
    }

    /// A POSIX object without a header: all of it is data.
    pub fn raw(self) -> bool {
        self.bits & RAW != 0
    }

    /// Writes stay in this process, and reading is all that the permissions must allow.
    pub fn copy_on_write(self) -> bool {
        self.bits & PRIVATE != 0
    }

    /// No memory is reserved: pages come into being when they are touched.
    pub fn sparse(self) -> bool {
        self.bits & SPARSE != 0
    }

    /// The holes of a file are filled.
    pub fn fill(self) -> bool {
        self.bits & FILL != 0
    }

    /// Every page is faulted in now.
    pub fn populate(self) -> bool {
        self.bits & POPULATE != 0
    }

    /// It is to be shown through a `SharedArrayBuffer`.
    pub fn shared(self) -> bool {
        self.bits & SHARED != 0
    }

    /// The memory is to be in huge pages.
    pub fn huge_pages(self) -> bool {
        self.bits & HUGE_PAGES != 0
    }

    /// It is to be in huge pages if it is large and the system gives them.
    pub fn huge_pages_auto(self) -> bool {
        self.bits & HUGE_PAGES_AUTO != 0
    }

    /// It lives as long as somebody has it, and what nobody has any more is replaced.
    pub fn transient(self) -> bool {
        self.bits & TRANSIENT != 0
    }

    /// There were no options: it is a call that 0.1.x had.
    pub fn plain(self) -> bool {
        self.bits & PLAIN != 0
    }
}

impl Variant {
    /// Whether this is a view of the memory itself, not of a private copy.
    pub fn is_shared(self) -> bool {
        self.bits & PRIVATE == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_seen_through_a_mapping_makes_a_variant() {
        let plain = Options::default();
        assert_eq!(
            Options::new(SPARSE | POPULATE | HUGE_PAGES).variant(),
            plain.variant()
        );
        let raw = Options::new(RAW | POPULATE);
        let copy = Options::new(COPY_ON_WRITE);
        assert_ne!(raw.variant(), plain.variant());
        assert_ne!(Options::new(SHARED).variant(), plain.variant());
        assert_ne!(copy.variant(), plain.variant());
        assert_ne!(copy.variant(), raw.variant());
        let reader = Options::new(READ_ONLY);
        assert_ne!(reader.variant(), copy.variant());
        assert!(raw.variant().is_shared() && !copy.variant().is_shared());
        assert!(!reader.variant().is_shared() && reader.copy_on_write());
    }
}
