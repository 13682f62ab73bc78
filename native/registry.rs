//! What this thread has attached and what it has created: key → attachments, byte totals.
//!
//! A key has one attachment, as a rule. It has more when it is attached in several variants (raw,
//! copy on write), and when the segment or object behind it was destroyed and made anew, or has
//! grown, while the old one was attached here: the newest is the last, and a detach ends them all.

use std::collections::{BTreeMap, HashMap};
use std::mem::{replace, take};
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::key::Key;
use crate::mapping::Mapping;
use crate::options::{Options, Variant};
use crate::{posix, sysv};

/// Tells what a key stood for when it was attached from what it stands for now.
#[derive(Clone, Copy)]
enum Identity {
    Segment(sysv::Id),
    Object(posix::Identity),
}

/// One mapping of one segment or object. `view` is what JavaScript sees of it.
pub struct Attachment<V> {
    identity: Identity,
    variant: Variant,
    pub mapping: Arc<Mapping>,
    pub view: V,
}

impl<V> Attachment<V> {
    /// The segment that counts this as one of its attaches; a private copy of one is none.
    fn attached_segment(&self) -> Option<sysv::Id> {
        match self.identity {
            Identity::Segment(id) if self.variant.is_shared() => Some(id),
            _ => None,
        }
    }
}

/// What there is to know of a key.
struct Entry<V> {
    attachments: Vec<Attachment<V>>,
    /// Bytes that this thread has created under the key and not destroyed.
    created: usize,
}

impl<V> Default for Entry<V> {
    fn default() -> Self {
        Self {
            attachments: Vec::new(),
            created: 0,
        }
    }
}

impl<V> Entry<V> {
    fn is_empty(&self) -> bool {
        self.attachments.is_empty() && self.created == 0
    }

    fn position(&self, variant: Variant, known: impl Fn(&Identity) -> bool) -> Option<usize> {
        self.attachments
            .iter()
            .rposition(|attachment| attachment.variant == variant && known(&attachment.identity))
    }
}

/// Everything one thread has attached.
pub struct Registry<V> {
    keys: HashMap<Key, Entry<V>, foldhash::fast::RandomState>,
    /// The attached mappings by the address of their data, from the first [`Registry::mapping_at`] on.
    by_address: Option<BTreeMap<usize, Arc<Mapping>>>,
    total_size: usize,
    total_created_size: usize,
}

impl<V> Default for Registry<V> {
    fn default() -> Self {
        Self {
            keys: HashMap::default(),
            by_address: None,
            total_size: 0,
            total_created_size: 0,
        }
    }
}

/// What a detach came to.
pub struct Detached<V> {
    /// 0 if the memory was destroyed, else how many attaches are left (for an object always 1);
    /// `None` if there was nothing to detach.
    pub left: Result<Option<u32>>,
    /// The ended attachments: private zeros by now, their views still to be neutered.
    pub ended: Vec<Attachment<V>>,
}

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
        name: &posix::Name,
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
        if let Some(by_address) = &mut self.by_address {
            by_address.insert(mapping.data() as usize, Arc::clone(&mapping));
        }
        let entry = self.keys.entry(key.clone()).or_default();
        if created > 0 {
            // What was created under the key before must have been destroyed by somebody else.
            self.total_created_size -= replace(&mut entry.created, created);
            self.total_created_size += created;
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

/// The segments that ended attachments were attaches of, each once.
fn segments_of<V>(ended: &[Attachment<V>]) -> impl Iterator<Item = sysv::Id> + '_ {
    let mut last = None;
    let ids = ended.iter().filter_map(Attachment::attached_segment);
    ids.filter(move |id| last.replace(*id) != Some(*id))
}

impl<V> Registry<V> {
    /// Ends every attachment of `key`. A segment goes with its last attach, an object only if
    /// `force` is true; `force` also destroys what is not attached here.
    pub fn detach(&mut self, key: &Key, force: bool) -> Detached<V> {
        let mut entry = self.keys.remove(key).unwrap_or_default();
        // First what may be forbidden, so that a refusal changes nothing.
        let detached = match if force { destroy(key) } else { Ok(false) } {
            Ok(destroyed) => self.end(&mut entry, destroyed),
            Err(error) => Detached {
                left: Err(error),
                ended: Vec::new(),
            },
        };
        self.keep(key, entry);
        detached
    }

    fn end(&mut self, entry: &mut Entry<V>, destroyed: bool) -> Detached<V> {
        if destroyed {
            self.forget_created(entry);
        }
        if entry.attachments.is_empty() {
            return Detached {
                left: Ok(destroyed.then_some(0)),
                ended: Vec::new(),
            };
        }
        let (ended, refused) = self.retire(entry);
        let mut left = Ok(Some(1));
        for id in segments_of(&ended) {
            left = self.settle(entry, id).map(Some);
        }
        Detached {
            left: match refused {
                Some(error) => Err(error),
                None if destroyed => Ok(Some(0)),
                None => left,
            },
            ended,
        }
    }

    /// Ends every attachment of this thread; the number is of the segments that this destroyed.
    pub fn detach_all(&mut self) -> (u32, Vec<Attachment<V>>) {
        let mut destroyed = 0;
        let mut all = Vec::new();
        for (key, mut entry) in take(&mut self.keys) {
            let (ended, _) = self.retire(&mut entry);
            for id in segments_of(&ended) {
                // A segment that may not be destroyed by this user stays, as it does at exit.
                destroyed += u32::from(matches!(self.settle(&mut entry, id), Ok(0)));
            }
            all.extend(ended);
            self.keep(&key, entry);
        }
        (destroyed, all)
    }

    fn keep(&mut self, key: &Key, entry: Entry<V>) {
        if !entry.is_empty() {
            self.keys.insert(key.clone(), entry);
        }
    }

    /// The attachment of `key` that was made last.
    pub fn newest(&mut self, key: &Key) -> Option<&mut Attachment<V>> {
        self.keys.get_mut(key)?.attachments.last_mut()
    }

    /// Takes back the newest attachment, which JavaScript was not shown, as if it had never been
    /// made. The runtime may still hold its addresses, so it is retired as all others are.
    pub fn withdraw(&mut self, key: &Key) {
        let mut entry = self.keys.remove(key).unwrap_or_default();
        self.withdraw_from(&mut entry);
        self.keep(key, entry);
    }

    fn withdraw_from(&mut self, entry: &mut Entry<V>) -> Option<Identity> {
        let unseen = entry.attachments.pop()?;
        self.uncount(&unseen.mapping);
        // Nothing can be done about a refusal here; the attach then lasts as long as the process.
        let _ = unseen.mapping.retire();
        Some(unseen.identity)
    }

    /// Takes back memory that was just created and that JavaScript could not be shown: withdraws it
    /// and destroys it, unless it is something else by now that has the key.
    pub fn abandon(&mut self, key: &Key) {
        let mut entry = self.keys.remove(key).unwrap_or_default();
        if let Some(created) = self.withdraw_from(&mut entry) {
            // Nothing can be done about a failure here; what stays is empty and nobody's.
            let _ = match (key, created) {
                (_, Identity::Segment(id)) => sysv::remove(id),
                (Key::Object(name), Identity::Object(identity)) => match posix::find(name) {
                    Ok(Some(found)) if found.is_same_object(&identity) => posix::unlink(name),
                    _ => Ok(false),
                },
                (Key::Segment(_), Identity::Object(_)) => Ok(false),
            };
            self.forget_created(&mut entry);
        }
        self.keep(key, entry);
    }

    /// Puts zero pages over the attachments. Those that the system refused stay attached.
    fn retire(&mut self, entry: &mut Entry<V>) -> (Vec<Attachment<V>>, Option<Error>) {
        let mut ended = take(&mut entry.attachments);
        let mut refused = None;
        for index in (0..ended.len()).rev() {
            if let Err(error) = ended[index].mapping.retire() {
                refused = Some(error);
                entry.attachments.insert(0, ended.remove(index));
            } else {
                self.uncount(&ended[index].mapping);
            }
        }
        (ended, refused)
    }

    fn uncount(&mut self, mapping: &Mapping) {
        self.total_size -= mapping.size();
        if let Some(by_address) = &mut self.by_address {
            by_address.remove(&(mapping.data() as usize));
        }
    }

    /// The mapping that was at `address` has been lent to the engine, and is elsewhere.
    pub fn moved(&mut self, address: usize) {
        if let Some(by_address) = &mut self.by_address {
            if let Some(mapping) = by_address.remove(&address) {
                by_address.insert(mapping.data() as usize, mapping);
            }
        }
    }

    /// The attached mapping in whose data the address lies.
    pub fn mapping_at(&mut self, address: usize) -> Option<&Arc<Mapping>> {
        let attached = self.keys.values().flat_map(|entry| &entry.attachments);
        let by_address = self.by_address.get_or_insert_with(|| {
            let mappings = attached.map(|attachment| &attachment.mapping);
            mappings
                .map(|mapping| (mapping.data() as usize, Arc::clone(mapping)))
                .collect()
        });
        let (start, mapping) = by_address.range(..=address).next_back()?;
        (address - start < mapping.len()).then_some(mapping)
    }

    /// After a detach: destroys the segment if that was its last attach; how many are left.
    fn settle(&mut self, entry: &mut Entry<V>, id: sysv::Id) -> Result<u32> {
        let left = sysv::attaches(id)?.unwrap_or(0);
        if left == 0 {
            sysv::remove(id)?;
            self.forget_created(entry);
        }
        Ok(left)
    }

    fn forget_created(&mut self, entry: &mut Entry<V>) {
        self.total_created_size -= take(&mut entry.created);
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

/// Destroys what `key` stands for now, attached or not; `false` if there is nothing.
fn destroy(key: &Key) -> Result<bool> {
    match key {
        Key::Object(name) => posix::unlink(name),
        Key::Segment(number) => match sysv::find(*number)? {
            Some(id) => sysv::remove(id),
            None => Ok(false),
        },
    }
}

/// The thread's end is the end of its attachments.
impl<V> Drop for Registry<V> {
    fn drop(&mut self) {
        self.detach_all();
    }
}

#[cfg(test)]
mod tests;
