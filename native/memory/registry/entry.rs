//! What there is to know of one key.

use std::sync::Arc;

use crate::memory::fresh::Identity;
use crate::memory::mapping::Mapping;
use crate::memory::options::Variant;
use crate::memory::sysv;

/// One mapping of one segment or object. `view` is what JavaScript sees of it.
pub struct Attachment<V> {
    pub(super) identity: Identity,
    pub(super) variant: Variant,
    pub mapping: Arc<Mapping>,
    pub view: V,
}

impl<V> Attachment<V> {
    /// The segment that counts this as one of its attaches; a private copy of one is none.
    pub(super) fn attached_segment(&self) -> Option<sysv::Id> {
        self.identity.segment().filter(|_| self.variant.is_shared())
    }
}

/// The attachments of a key, and what was created under it.
pub struct Entry<V> {
    pub attachments: Vec<Attachment<V>>,
    /// Bytes that this thread has created under the key and not destroyed.
    pub created: usize,
    /// The segment that these bytes are; the key may stand for another one by now.
    pub created_segment: Option<sysv::Id>,
}

impl<V> Default for Entry<V> {
    fn default() -> Self {
        Self {
            attachments: Vec::new(),
            created: 0,
            created_segment: None,
        }
    }
}

impl<V> Entry<V> {
    pub fn is_empty(&self) -> bool {
        self.attachments.is_empty() && self.created == 0
    }

    pub fn is_attached(&self) -> bool {
        !self.attachments.is_empty()
    }

    pub fn position(&self, variant: Variant, known: impl Fn(&Identity) -> bool) -> Option<usize> {
        self.attachments
            .iter()
            .rposition(|attachment| attachment.variant == variant && known(&attachment.identity))
    }
}
