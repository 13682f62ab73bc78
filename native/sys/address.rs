//! An address that threads may hand to each other.

/// Where a mapped range begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address(*mut u8);

// SAFETY: an address is a number. What is done at it, whoever does it vouches for.
unsafe impl Send for Address {}
// SAFETY: as for Send.
unsafe impl Sync for Address {}

impl Address {
    pub fn new(address: *mut u8) -> Self {
        Self(address)
    }

    pub fn get(self) -> *mut u8 {
        self.0
    }
}
