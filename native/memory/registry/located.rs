//! What is attached at an address.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::memory::key::Key;
use crate::memory::mapping::Mapping;
use crate::memory::options::Variant;
use crate::memory::unpublished::Identity;

/// The attached mappings by the address of their data.
pub type ByAddress = BTreeMap<usize, Located>;

/// A mapping, and what it is a mapping of.
pub struct Located {
    pub mapping: Arc<Mapping>,
    /// `None` for a file.
    pub key: Option<Key>,
    pub identity: Identity,
    pub variant: Variant,
}
