//! Memory goes that nobody can reach: it has no array, nothing else uses it, and its key or path leads
//! elsewhere by now.

use std::mem::take;
use std::sync::Arc;

use super::entry::Attachment;
use super::Registry;
use crate::memory::unpublished::Identity;

impl<V> Registry<V> {
    /// How many shares the registry holds in a mapping that is attached. Every other one is a use.
    pub fn shares(&self) -> usize {
        1 + usize::from(self.by_address.is_some())
    }

    /// To be called for each attach: whether looks are due from now on.
    pub fn begin_looks(&mut self) -> bool {
        self.waiting.begin_looks()
    }

    /// Ends those of the attachments at these addresses that nobody can reach, and of those whose turn it is.
    /// `is_collected` tells whether no array is over one.
    pub fn give_back(
        &mut self,
        mut addresses: Vec<usize>,
        is_collected: impl Fn(&V) -> bool,
    ) -> Vec<Attachment<V>> {
        addresses.extend(self.waiting.take_due());
        let mut all = Vec::new();
        for address in addresses {
            self.waiting.remove(address);
            let Some((attachment, shares)) = self.attachment_at(address) else {
                continue;
            };
            if !is_collected(&attachment.view) {
                continue;
            }
            let is_used = Arc::strong_count(&attachment.mapping) > shares;
            // What the system does not tell of may be there.
            if !is_used && matches!(self.is_current(address), Ok(Some(false))) {
                all.extend(self.end_at(address));
            } else {
                self.waiting.add(address);
            }
        }
        all
    }

    /// The attachment whose data begins at the address, and how many shares the registry holds in it.
    fn attachment_at(&mut self, address: usize) -> Option<(&Attachment<V>, usize)> {
        let (key, identity) = self.at(address)?;
        let shares = self.shares();
        let attachments = match (&key, identity) {
            (Some(key), _) => &self.keys.get(key)?.attachments,
            (None, Identity::File(found)) => &self.files.attached.get(&found.file)?.parts,
            _ => return None,
        };
        let found = attachments
            .iter()
            .find(|attachment| attachment.is_at(address))?;
        Some((found, shares))
    }

    /// Ends one attachment. If its key has another one's memory, or none, so much of it is gone.
    fn end_at(&mut self, address: usize) -> Option<Attachment<V>> {
        match self.at(address)? {
            (Some(key), identity) => {
                let mut entry = self.keys.remove(&key)?;
                let ended = self.retire_at(address, &mut entry.attachments);
                if ended.is_some() && entry.is_created(&identity) {
                    // Somebody else has destroyed it.
                    self.forget_created(&mut entry);
                }
                self.insert(&key, entry);
                ended
            }
            (None, Identity::File(found)) => {
                let mut parts = take(&mut self.files.attached.get_mut(&found.file)?.parts);
                let ended = self.retire_at(address, &mut parts);
                if parts.is_empty() {
                    self.files.forget(found.file);
                } else if let Some(file) = self.files.attached.get_mut(&found.file) {
                    file.parts = parts;
                }
                ended
            }
            _ => None,
        }
    }

    fn retire_at(
        &mut self,
        address: usize,
        attachments: &mut Vec<Attachment<V>>,
    ) -> Option<Attachment<V>> {
        let index = attachments.iter().position(|it| it.is_at(address))?;
        let mut ending = vec![attachments.remove(index)];
        let (mut ended, ..) = self.retire(&mut ending);
        if let Some(refused) = ending.pop() {
            attachments.insert(index, refused);
            self.waiting.add(address);
        }
        ended.pop()
    }
}
