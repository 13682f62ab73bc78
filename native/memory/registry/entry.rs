//! What there is to know of one key.

use std::mem::take;
use std::sync::Arc;

use crate::memory::key::Key;
use crate::memory::mapping::Mapping;
use crate::memory::options::Variant;
use crate::memory::sysv;
use crate::memory::transient::Share;
use crate::memory::unpublished::Identity;

/// One mapping of one segment or object. `view` is what JavaScript sees of it.
pub struct Attachment<V> {
    pub(super) identity: Identity,
    pub(super) variant: Variant,
    pub mapping: Arc<Mapping>,
    /// In a transient object.
    pub(super) share: Option<Share>,
    pub view: V,
}

impl<V> Attachment<V> {
    /// Whether its data begins at the address.
    pub(super) fn is_at(&self, address: usize) -> bool {
        self.mapping.data() as usize == address
    }

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
    /// Whether it is what 0.1.x knew, and so is counted in the line at the exit: made, or else got, without options.
    pub is_plain: bool,
    /// The memory that these bytes are; the key may stand for another one by now.
    pub created_version: Option<Identity>,
}

impl<V> Default for Entry<V> {
    fn default() -> Self {
        Self {
            attachments: Vec::new(),
            created: 0,
            is_plain: false,
            created_version: None,
        }
    }
}

impl<V> Entry<V> {
    pub fn is_empty(&self) -> bool {
        self.attachments.is_empty() && self.created == 0
    }

    /// Whether it goes with its last user: then it is nobody's creation any more who has detached it.
    pub fn is_transient(&self, key: &Key) -> bool {
        match key {
            Key::Segment(key) => key.is_keyless(),
            Key::Object(_) => self.attachments.iter().any(|it| it.share.is_some()),
        }
    }

    /// Whether that memory is what was created under the key.
    pub fn is_created(&self, identity: &Identity) -> bool {
        let created = self.created_version.as_ref();
        created.is_some_and(|created| created.is_same_memory(identity))
    }

    pub fn is_attached(&self) -> bool {
        !self.attachments.is_empty()
    }

    /// Takes out what is of that memory: its attachments, and what was created if it is that.
    pub fn take_version(&mut self, identity: &Identity) -> Self {
        let (attachments, others) = take(&mut self.attachments)
            .into_iter()
            .partition(|attachment| attachment.identity.is_same_memory(identity));
        self.attachments = others;
        let is_created = self.is_created(identity);
        Self {
            attachments,
            created: if is_created {
                take(&mut self.created)
            } else {
                0
            },
            is_plain: self.is_plain,
            created_version: Some(*identity),
        }
    }

    /// Puts back what is left of a version after its end.
    pub fn put_back(&mut self, version: Self) {
        // Only a refusal leaves any, and the newest are last.
        self.attachments.splice(0..0, version.attachments);
        self.created += version.created;
    }

    pub fn position(&self, variant: Variant, known: impl Fn(&Identity) -> bool) -> Option<usize> {
        self.attachments
            .iter()
            .rposition(|attachment| attachment.variant == variant && known(&attachment.identity))
    }
}
