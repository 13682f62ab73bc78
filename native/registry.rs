//! What this thread has attached and what it has created: key → attachments, byte totals.
//!
//! A key has one attachment, as a rule. It has more when it is attached in several variants (raw,
//! copy on write), and when the segment or object behind it was destroyed and made anew, or has
//! grown, while the old one was attached here: the newest is the last, and a detach ends them all.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use neon::prelude::*;

use crate::error::{Error, Result};
use crate::mapping::Mapping;
use crate::options::{Options, Variant};
use crate::{posix, sysv};

/// What the user calls the memory by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    Segment(libc::key_t),
    Object(posix::Name),
}

impl Key {
    /// What the options come to for this kind of key.
    fn options(&self, options: Options) -> Options {
        match self {
            Self::Segment(_) => options.for_segment(),
            Self::Object(_) => options,
        }
    }

    /// The key as JavaScript knows it: `key_t`'s bits as an unsigned number, or the name.
    pub fn to_js<'cx>(&self, cx: &mut impl Context<'cx>) -> Handle<'cx, JsValue> {
        match self {
            Self::Segment(key) => cx.number(unsigned(*key)).upcast(),
            Self::Object(name) => cx.string(name.to_string()).upcast(),
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Segment(key) => write!(f, "{}", unsigned(*key)),
            Self::Object(name) => write!(f, "'{name}'"),
        }
    }
}

/// `key_t` is signed in C; JavaScript has its bits as an unsigned number.
fn unsigned(key: libc::key_t) -> u32 {
    u32::from_ne_bytes(key.to_ne_bytes())
}

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

/// Everything one thread has attached.
pub struct Registry<V> {
    attached: HashMap<Key, Vec<Attachment<V>>>,
    /// The attached mappings by the address of their data.
    by_address: BTreeMap<usize, Arc<Mapping>>,
    created: HashMap<Key, usize>,
    total_size: usize,
    total_created_size: usize,
}

impl<V> Default for Registry<V> {
    fn default() -> Self {
        Self {
            attached: HashMap::new(),
            by_address: BTreeMap::new(),
            created: HashMap::new(),
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
        let options = key.options(options);
        let created = match key {
            Key::Segment(number) => sysv::create(*number, bytes, mode.into(), options)?
                .map(|(id, mapping)| (Identity::Segment(id), mapping)),
            Key::Object(name) => posix::create(name, bytes, mode.into(), options)?
                .map(|(identity, mapping)| (Identity::Object(identity), mapping)),
        };
        let Some((identity, mapping)) = created else {
            return Ok(None);
        };
        self.forget_created(key);
        self.created.insert(key.clone(), mapping.size());
        self.total_created_size += mapping.size();
        Ok(Some(self.add(key, identity, options.variant(), mapping)))
    }

    /// The attachment of what `key` stands for now, attached if it was not yet; `None` if there is
    /// nothing of that key.
    pub fn get(&mut self, key: &Key, options: Options) -> Result<Option<&mut Attachment<V>>> {
        let options = key.options(options);
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
        if let Some(index) = self.position(key, options.variant(), known) {
            return Ok(self.at(key, index));
        }
        let opened = sysv::open(id, options)?;
        Ok(opened.map(|mapping| self.add(key, Identity::Segment(id), options.variant(), mapping)))
    }

    fn get_object(
        &mut self,
        key: &Key,
        name: &posix::Name,
        options: Options,
    ) -> Result<Option<&mut Attachment<V>>> {
        if self.attached.contains_key(key) {
            let Some(found) = posix::find(name)? else {
                return Ok(None);
            };
            let known = |identity: &Identity| matches!(identity, Identity::Object(known) if known.is_same_object(&found) && known.size >= found.size);
            if let Some(index) = self.position(key, options.variant(), known) {
                let attachment = self.at(key, index);
                if let Some(attachment) = &attachment {
                    posix::check_size(&found, &attachment.mapping)?;
                }
                return Ok(attachment);
            }
        }
        let opened = posix::open(name, options)?;
        Ok(opened.map(|(identity, mapping)| {
            self.add(key, Identity::Object(identity), options.variant(), mapping)
        }))
    }

    fn position(
        &self,
        key: &Key,
        variant: Variant,
        known: impl Fn(&Identity) -> bool,
    ) -> Option<usize> {
        self.attached
            .get(key)?
            .iter()
            .rposition(|attachment| attachment.variant == variant && known(&attachment.identity))
    }

    fn at(&mut self, key: &Key, index: usize) -> Option<&mut Attachment<V>> {
        self.attached.get_mut(key)?.get_mut(index)
    }

    fn add(
        &mut self,
        key: &Key,
        identity: Identity,
        variant: Variant,
        mapping: Mapping,
    ) -> &mut Attachment<V> {
        self.total_size += mapping.size();
        let mapping = Arc::new(mapping);
        let address = mapping.data() as usize;
        self.by_address.insert(address, Arc::clone(&mapping));
        let attachments = self
            .attached
            .entry(key.clone())
            .or_insert_with(|| Vec::with_capacity(1));
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
fn segments_of<V>(ended: &[Attachment<V>]) -> Vec<sysv::Id> {
    let mut ids: Vec<_> = ended
        .iter()
        .filter_map(Attachment::attached_segment)
        .collect();
    ids.dedup();
    ids
}

impl<V> Registry<V> {
    /// Ends every attachment of `key`. A segment goes with its last attach, an object only if
    /// `force` is true; `force` also destroys what is not attached here.
    pub fn detach(&mut self, key: &Key, force: bool) -> Detached<V> {
        // First what may be forbidden, so that a refusal changes nothing.
        let destroyed = match if force { self.destroy(key) } else { Ok(false) } {
            Ok(destroyed) => destroyed,
            Err(error) => {
                return Detached {
                    left: Err(error),
                    ended: Vec::new(),
                }
            }
        };
        let Some(attachments) = self.attached.remove(key) else {
            return Detached {
                left: Ok(destroyed.then_some(0)),
                ended: Vec::new(),
            };
        };
        let (ended, refused) = self.retire(key, attachments);
        let mut left = Ok(Some(1));
        for id in segments_of(&ended) {
            left = self.settle(key, id).map(Some);
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
        for (key, attachments) in std::mem::take(&mut self.attached) {
            let (ended, _) = self.retire(&key, attachments);
            for id in segments_of(&ended) {
                // A segment that may not be destroyed by this user stays, as it does at exit.
                destroyed += u32::from(matches!(self.settle(&key, id), Ok(0)));
            }
            all.extend(ended);
        }
        (destroyed, all)
    }

    /// The attachment of `key` that was made last.
    pub fn newest(&mut self, key: &Key) -> Option<&mut Attachment<V>> {
        self.attached.get_mut(key)?.last_mut()
    }

    /// Takes back the newest attachment, which JavaScript was not shown, as if it had never been
    /// made. The runtime may still hold its addresses, so it is retired as all others are.
    pub fn withdraw(&mut self, key: &Key) {
        let Some(attachments) = self.attached.get_mut(key) else {
            return;
        };
        let unseen = attachments.pop();
        if attachments.is_empty() {
            self.attached.remove(key);
        }
        if let Some(unseen) = unseen {
            self.uncount(&unseen.mapping);
            // Nothing can be done about a refusal here; the attach then lasts as long as the process.
            let _ = unseen.mapping.retire();
        }
    }

    /// Takes back memory that was just created and that JavaScript could not be shown: withdraws it
    /// and destroys it, unless it is something else by now that has the key.
    pub fn abandon(&mut self, key: &Key) {
        let Some(created) = self.newest(key).map(|newest| newest.identity) else {
            return;
        };
        self.withdraw(key);
        // Nothing can be done about a failure here; what stays is empty and nobody's.
        let _ = match (key, created) {
            (_, Identity::Segment(id)) => sysv::remove(id),
            (Key::Object(name), Identity::Object(identity)) => match posix::find(name) {
                Ok(Some(found)) if found.is_same_object(&identity) => posix::unlink(name),
                _ => Ok(false),
            },
            (Key::Segment(_), Identity::Object(_)) => Ok(false),
        };
        self.forget_created(key);
    }

    /// Puts zero pages over the attachments. Those that the system refused stay attached.
    fn retire(
        &mut self,
        key: &Key,
        attachments: Vec<Attachment<V>>,
    ) -> (Vec<Attachment<V>>, Option<Error>) {
        let mut ended = Vec::with_capacity(attachments.len());
        let mut refused = None;
        for attachment in attachments {
            if let Err(error) = attachment.mapping.retire() {
                refused = Some(error);
                let kept = self.attached.entry(key.clone()).or_default();
                kept.push(attachment);
            } else {
                self.uncount(&attachment.mapping);
                ended.push(attachment);
            }
        }
        (ended, refused)
    }

    fn uncount(&mut self, mapping: &Mapping) {
        self.total_size -= mapping.size();
        self.by_address.remove(&(mapping.data() as usize));
    }

    /// The mapping that was at `address` has been lent to the engine, and is elsewhere.
    pub fn moved(&mut self, address: usize) {
        if let Some(mapping) = self.by_address.remove(&address) {
            self.by_address.insert(mapping.data() as usize, mapping);
        }
    }

    /// The attached mapping in whose data the address lies.
    pub fn mapping_at(&self, address: usize) -> Option<&Arc<Mapping>> {
        let (start, mapping) = self.by_address.range(..=address).next_back()?;
        (address - start < mapping.len()).then_some(mapping)
    }

    /// After a detach: destroys the segment if that was its last attach; how many are left.
    fn settle(&mut self, key: &Key, id: sysv::Id) -> Result<u32> {
        let left = sysv::attaches(id)?.unwrap_or(0);
        if left == 0 {
            sysv::remove(id)?;
            self.forget_created(key);
        }
        Ok(left)
    }

    /// Destroys what `key` stands for now, attached or not; `false` if there is nothing.
    fn destroy(&mut self, key: &Key) -> Result<bool> {
        let destroyed = match key {
            Key::Object(name) => posix::unlink(name)?,
            Key::Segment(number) => match sysv::find(*number)? {
                Some(id) => sysv::remove(id)?,
                None => false,
            },
        };
        if destroyed {
            self.forget_created(key);
        }
        Ok(destroyed)
    }

    fn forget_created(&mut self, key: &Key) {
        self.total_created_size -= self.created.remove(key).unwrap_or(0);
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
        self.detach_all();
    }
}

#[cfg(test)]
mod tests;
