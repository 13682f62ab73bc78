//! Memory comes in.

use std::mem::replace;
use std::sync::Arc;

use super::entry::Attachment;
use super::Registry;
use crate::error::Result;
use crate::memory::fresh::{Fresh, Identity};
use crate::memory::key::Key;
use crate::memory::options::Options;
use crate::memory::{posix, sysv};
use crate::sys::Name;

impl<V> Registry<V> {
    /// The attachment of what `key` stands for now; `None` if that is nothing, or is not attached.
    pub fn find(&mut self, key: &Key, options: Options) -> Result<Option<&mut Attachment<V>>> {
        let index = match key {
            Key::Segment(number) => self.find_segment(key, *number, options)?,
            Key::Object(name) => self.find_object(key, name, options)?,
        };
        Ok(index.and_then(|index| self.keys.get_mut(key)?.attachments.get_mut(index)))
    }

    fn find_segment(
        &self,
        key: &Key,
        number: libc::key_t,
        options: Options,
    ) -> Result<Option<usize>> {
        let Some(entry) = self.attached(key) else {
            return Ok(None);
        };
        let Some(id) = sysv::find(number)? else {
            return Ok(None);
        };
        let known =
            |identity: &Identity| matches!(identity, Identity::Segment(known) if *known == id);
        Ok(entry.position(options.of(key).variant(), known))
    }

    fn find_object(&self, key: &Key, name: &Name, options: Options) -> Result<Option<usize>> {
        let Some(entry) = self.attached(key) else {
            return Ok(None);
        };
        let Some(found) = posix::find(name)? else {
            return Ok(None);
        };
        let known = |identity: &Identity| matches!(identity, Identity::Object(known) if known.is_same_object(&found) && known.size >= found.size);
        let index = entry.position(options.variant(), known);
        if let Some(index) = index {
            posix::check_size(&found, &entry.attachments[index].mapping)?;
        }
        Ok(index)
    }

    /// Registers memory that has been published, and what JavaScript sees of it.
    pub fn register(&mut self, key: &Key, options: Options, fresh: &Fresh, view: V) {
        let (identity, created) = (fresh.identity, fresh.created());
        let mapping = Arc::clone(&fresh.mapping);
        self.total_size += mapping.size();
        let variant = options.of(key).variant();
        if let Some(by_address) = self.by_address.as_mut().filter(|_| variant.is_shared()) {
            by_address.insert(mapping.data() as usize, Arc::clone(&mapping));
        }
        let entry = self.keys.entry(key.clone()).or_default();
        if created > 0 {
            // What was created under the key before must have been destroyed by somebody else.
            self.total_created_size -= replace(&mut entry.created, created);
            self.total_created_size += created;
            entry.created_segment = identity.segment();
        }
        entry.attachments.reserve_exact(1);
        entry.attachments.push(Attachment {
            identity,
            variant,
            mapping,
            view,
        });
    }
}
