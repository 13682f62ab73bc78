//! Memory comes in: made, or found and mapped.

use std::mem::replace;
use std::sync::Arc;

use super::entry::{Attachment, Identity};
use super::Registry;
use crate::error::Result;
use crate::memory::key::Key;
use crate::memory::mapping::Mapping;
use crate::memory::options::{Options, Variant};
use crate::memory::{posix, sysv};
use crate::sys::Name;

impl<V: Default> Registry<V> {
    /// Makes and attaches memory of `bytes` bytes; `None` if the key is taken.
    pub fn create(
        &mut self,
        key: &Key,
        bytes: usize,
        mode: u16,
        options: Options,
    ) -> Result<Option<&mut Attachment<V>>> {
        let options = options.of(key);
        let created = match key {
            Key::Segment(number) => sysv::create(*number, bytes, mode.into(), options)?
                .map(|(id, mapping)| (Identity::Segment(id), mapping)),
            Key::Object(name) => posix::create(name, bytes, mode.into(), options)?
                .map(|(identity, mapping)| (Identity::Object(identity), mapping)),
        };
        let Some((identity, mapping)) = created else {
            return Ok(None);
        };
        let size = mapping.size();
        Ok(Some(self.add(
            key,
            identity,
            options.variant(),
            mapping,
            size,
        )))
    }

    /// The attachment of what `key` stands for now, attached if it was not yet; `None` if there is
    /// nothing of that key.
    pub fn get(&mut self, key: &Key, options: Options) -> Result<Option<&mut Attachment<V>>> {
        let options = options.of(key);
        match key {
            Key::Segment(number) => self.get_segment(key, *number, options),
            Key::Object(name) => self.get_object(key, name, options),
        }
    }

    fn get_segment(
        &mut self,
        key: &Key,
        number: libc::key_t,
        options: Options,
    ) -> Result<Option<&mut Attachment<V>>> {
        let Some(id) = sysv::find(number)? else {
            return Ok(None);
        };
        let known =
            |identity: &Identity| matches!(identity, Identity::Segment(known) if *known == id);
        let entry = self.keys.get(key);
        if let Some(index) = entry.and_then(|entry| entry.position(options.variant(), known)) {
            return Ok(self.at(key, index));
        }
        let opened = sysv::open(id, options)?;
        Ok(opened
            .map(|mapping| self.add(key, Identity::Segment(id), options.variant(), mapping, 0)))
    }

    fn get_object(
        &mut self,
        key: &Key,
        name: &Name,
        options: Options,
    ) -> Result<Option<&mut Attachment<V>>> {
        let entry = self.keys.get(key);
        if let Some(entry) = entry.filter(|entry| !entry.attachments.is_empty()) {
            let Some(found) = posix::find(name)? else {
                return Ok(None);
            };
            let known = |identity: &Identity| matches!(identity, Identity::Object(known) if known.is_same_object(&found) && known.size >= found.size);
            if let Some(index) = entry.position(options.variant(), known) {
                posix::check_size(&found, &entry.attachments[index].mapping)?;
                return Ok(self.at(key, index));
            }
        }
        let opened = posix::open(name, options)?;
        Ok(opened.map(|(identity, mapping)| {
            let identity = Identity::Object(identity);
            self.add(key, identity, options.variant(), mapping, 0)
        }))
    }

    fn at(&mut self, key: &Key, index: usize) -> Option<&mut Attachment<V>> {
        self.keys.get_mut(key)?.attachments.get_mut(index)
    }

    /// Enters a mapping, of which this thread has just created as many bytes as is said.
    fn add(
        &mut self,
        key: &Key,
        identity: Identity,
        variant: Variant,
        mapping: Mapping,
        created: usize,
    ) -> &mut Attachment<V> {
        self.total_size += mapping.size();
        let mapping = Arc::new(mapping);
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
        let attachments = &mut entry.attachments;
        attachments.reserve_exact(1);
        attachments.push(Attachment {
            identity,
            variant,
            mapping,
            view: V::default(),
        });
        let newest = attachments.len() - 1;
        &mut attachments[newest]
    }
}
