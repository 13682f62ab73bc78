//! A part of a mapping, flushed and advised.

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::memory::mapping::Mapping;
use crate::sys::{self, Advice};

/// Some bytes of a mapping, which stay mapped meanwhile.
pub struct Range {
    mapping: Arc<Mapping>,
    offset: usize,
    len: usize,
}

impl Range {
    /// The bytes at an address; `None` if they are not wholly in the mapping's data.
    pub fn new(mapping: &Arc<Mapping>, address: usize, len: usize) -> Option<Self> {
        let offset = address.checked_sub(mapping.data() as usize)?;
        (offset.checked_add(len)? <= mapping.len()).then(|| Self {
            mapping: Arc::clone(mapping),
            offset,
            len,
        })
    }

    pub fn mapping(&self) -> &Mapping {
        &self.mapping
    }

    fn start(&self) -> *mut u8 {
        self.mapping.data().wrapping_add(self.offset)
    }

    /// Writes them to the file, and waits until that is done.
    pub fn flush(&self) -> Result<()> {
        // After a detach the range can be the engine's again: then it is of no file, and nothing is done.
        sys::flush(self.start(), self.len).map_err(|error| Error::from_io(&error, "msync"))
    }

    /// Tells the system how they are going to be read.
    pub fn advise(&self, advice: Advice) -> Result<()> {
        sys::advise(self.start(), self.len, advice)
            .map_err(|error| Error::from_io(&error, "madvise"))
    }
}
