//! What this thread has attached and what it has created: key → attachments, byte totals.
//!
//! A key has one attachment, as a rule. It has more when it is attached in several variants (raw,
//! copy on write), and when the segment or object behind it was destroyed and made anew, or has
//! grown, while the old one was attached here: the newest is the last, and a detach ends them all.

mod attach;
mod by_address;
mod detach;
mod entry;
mod file_table;
mod files;
mod located;
mod unreachable;
mod waiting;

use std::collections::HashMap;
use std::mem::{forget, take};
use std::sync::Arc;

use crate::memory::key::Key;
use crate::memory::mapping::Mapping;

pub use entry::Attachment;
use entry::Entry;
use file_table::Files;
use located::ByAddress;
use waiting::Waiting;

/// Everything one thread has attached.
pub struct Registry<V> {
    keys: HashMap<Key, Entry<V>>,
    files: Files<V>,
    /// What is attached, by the address of its data, from the first question about an address on.
    by_address: Option<ByAddress>,
    waiting: Waiting,
    total_size: usize,
    total_created_size: usize,
    /// Ended mappings that may never be given back: see [`Registry::hold`].
    held: Vec<Arc<Mapping>>,
}

impl<V> Default for Registry<V> {
    fn default() -> Self {
        Self {
            keys: HashMap::default(),
            files: Files::default(),
            by_address: None,
            waiting: Waiting::default(),
            total_size: 0,
            total_created_size: 0,
            held: Vec::new(),
        }
    }
}

impl<V> Registry<V> {
    /// The mappings of a key.
    pub fn mappings_of(&self, key: &Key) -> Vec<Arc<Mapping>> {
        let entry = self.keys.get(key).into_iter();
        let attachments = entry.flat_map(|entry| &entry.attachments);
        attachments
            .map(|attachment| Arc::clone(&attachment.mapping))
            .collect()
    }

    fn uncount(&mut self, mapping: &Mapping) {
        self.total_size -= mapping.size();
        self.waiting.remove(mapping.data() as usize);
        if let Some(by_address) = &mut self.by_address {
            by_address.remove(&(mapping.data() as usize));
        }
    }

    fn insert(&mut self, key: &Key, entry: Entry<V>) {
        if !entry.is_empty() {
            self.keys.insert(key.clone(), entry);
        }
    }

    /// Keeps an ended mapping that is taken over. The engine lets go of it with this thread, although
    /// the buffer that has it by now can be in another one: it must then never be given back.
    pub fn hold(&mut self, mapping: Arc<Mapping>) {
        self.held.retain(|held| Arc::strong_count(held) > 1);
        self.held.push(mapping);
    }

    /// Bytes that this thread has mapped.
    pub fn total_size(&self) -> usize {
        self.total_size
    }

    /// Bytes that this thread has created and not destroyed.
    pub fn total_created_size(&self) -> usize {
        self.total_created_size
    }
}

/// The thread's end is the end of its attachments.
impl<V> Drop for Registry<V> {
    fn drop(&mut self) {
        self.detach_all(false);
        take(&mut self.held).into_iter().for_each(forget);
    }
}

#[cfg(test)]
mod tests;
