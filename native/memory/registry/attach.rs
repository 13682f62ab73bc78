//! Memory comes in.

use std::mem::replace;
use std::sync::Arc;

use super::entry::{Attachment, Entry};
use super::Registry;
use crate::error::Result;
use crate::memory::key::{Key, SegmentKey};
use crate::memory::options::{Options, Variant};
use crate::memory::unpublished::{Identity, Unpublished};
use crate::memory::{posix, sysv};
use crate::sys::Name;

impl<V> Registry<V> {
    /// The attachment of what `key` stands for now; `None` if that is nothing, or is not attached.
    pub fn find(&mut self, key: &Key, options: Options) -> Result<Option<&mut Attachment<V>>> {
        let Some(entry) = self.keys.get_mut(key).filter(|entry| entry.is_attached()) else {
            return Ok(None);
        };
        let variant = options.of(key).variant();
        let index = match key {
            Key::Segment(segment) => find_segment(entry, *segment, variant)?,
            Key::Object(name) => find_object(entry, name, variant)?,
        };
        Ok(index.and_then(|index| entry.attachments.get_mut(index)))
    }

    /// Registers memory that has been published, and what JavaScript sees of it.
    pub fn register(&mut self, key: Key, options: Options, unpublished: &mut Unpublished, view: V) {
        let (identity, created) = (unpublished.identity, unpublished.created());
        let (mapping, share) = (Arc::clone(&unpublished.mapping), unpublished.share.take());
        if let Some(share) = &share {
            share.note(&mapping);
        }
        self.total_size += mapping.size();
        let variant = options.of(&key).variant();
        self.note_address(Some(&key), identity, variant, &mapping);
        let entry = self.keys.entry(key).or_default();
        if created > 0 || !entry.is_attached() {
            entry.is_plain = options.plain();
        }
        if created > 0 {
            // What was created under the key before must have been destroyed by somebody else.
            self.total_created_size -= replace(&mut entry.created, created);
            self.total_created_size += created;
            entry.created_version = Some(identity);
        }
        entry.attachments.reserve_exact(1);
        entry.attachments.push(Attachment {
            identity,
            variant,
            mapping,
            share,
            view,
        });
    }
}

fn find_segment<V>(
    entry: &Entry<V>,
    segment: SegmentKey,
    variant: Variant,
) -> Result<Option<usize>> {
    let Some(id) = sysv::find(segment)? else {
        return Ok(None);
    };
    let known = |identity: &Identity| matches!(identity, Identity::Segment(known) if *known == id);
    Ok(entry.position(variant, known))
}

fn find_object<V>(entry: &Entry<V>, name: &Name, variant: Variant) -> Result<Option<usize>> {
    let Some(found) = posix::find(name)? else {
        return Ok(None);
    };
    let known = |identity: &Identity| matches!(identity, Identity::Object(known) if known.is_same_object(&found) && known.size >= found.size);
    let index = entry.position(variant, known);
    if let Some(index) = index {
        posix::check_size(&found, &entry.attachments[index].mapping)?;
    }
    Ok(index)
}
