//! What is attached at an address, and whether its key or path still leads there.

use std::sync::Arc;

use super::entry::Attachment;
use super::located::{ByAddress, Located};
use super::Registry;
use crate::error::Result;
use crate::memory::key::Key;
use crate::memory::mapping::Mapping;
use crate::memory::options::Variant;
use crate::memory::unpublished::Identity;
use crate::memory::{posix, sysv};

impl<V> Registry<V> {
    /// Notes what is at an address by now, if anybody has ever asked.
    pub(super) fn note_address(
        &mut self,
        key: Option<&Key>,
        identity: Identity,
        variant: Variant,
        mapping: &Arc<Mapping>,
    ) {
        if let Some(by_address) = &mut self.by_address {
            insert(by_address, key, identity, variant, mapping);
        }
    }

    fn located(&mut self, address: usize) -> Option<&Located> {
        if self.by_address.is_none() {
            self.by_address = Some(self.all_located());
        }
        let (start, located) = self.by_address.as_ref()?.range(..=address).next_back()?;
        (address - start < located.mapping.len()).then_some(located)
    }

    fn all_located(&self) -> ByAddress {
        let mut all = ByAddress::new();
        let mut add = |key, attachment: &Attachment<V>| {
            let (identity, variant) = (attachment.identity, attachment.variant);
            insert(&mut all, key, identity, variant, &attachment.mapping);
        };
        for (key, entry) in &self.keys {
            entry.attachments.iter().for_each(|one| add(Some(key), one));
        }
        for file in self.files.attached.values() {
            file.parts.iter().for_each(|part| add(None, part));
        }
        all
    }

    /// The attached mapping in whose data the address lies; none if that is a private copy.
    pub fn mapping_at(&mut self, address: usize) -> Option<&Arc<Mapping>> {
        let located = self.located(address)?;
        located.variant.is_shared().then_some(&located.mapping)
    }

    /// The mapping in whose data the address lies, whatever it is of.
    pub fn any_at(&mut self, address: usize) -> Option<&Arc<Mapping>> {
        Some(&self.located(address)?.mapping)
    }

    /// The mapping of a file in whose data the address lies, also if it is private.
    pub fn file_at(&mut self, address: usize) -> Option<&Arc<Mapping>> {
        let located = self.located(address)?;
        located.key.is_none().then_some(&located.mapping)
    }

    /// Which memory is attached at the address, and its key, which a file has not.
    pub fn at(&mut self, address: usize) -> Option<(Option<Key>, Identity)> {
        let located = self.located(address)?;
        Some((located.key.clone(), located.identity))
    }

    /// Whether the key or the path that the memory at the address was attached by still leads to that
    /// very memory; `None` if nothing is attached there.
    pub fn is_current(&mut self, address: usize) -> Result<Option<bool>> {
        let Some(located) = self.located(address) else {
            return Ok(None);
        };
        let is_current = match (located.identity, &located.key) {
            (Identity::Segment(id), Some(Key::Segment(key))) => sysv::find(*key)? == Some(id),
            (Identity::Object(identity), Some(Key::Object(name))) => {
                posix::find(name)?.is_some_and(|found| found.is_same_object(&identity))
            }
            (Identity::File(identity), _) => self.is_led_to(identity.file)?,
            _ => false,
        };
        Ok(Some(is_current))
    }
}

fn insert(
    by_address: &mut ByAddress,
    key: Option<&Key>,
    identity: Identity,
    variant: Variant,
    mapping: &Arc<Mapping>,
) {
    let located = Located {
        mapping: Arc::clone(mapping),
        key: key.cloned(),
        identity,
        variant,
    };
    by_address.insert(mapping.data() as usize, located);
}
