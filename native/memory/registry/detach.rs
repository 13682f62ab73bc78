//! Memory goes: detached or destroyed.

use std::mem::take;
use std::sync::Arc;

use super::entry::{Attachment, Entry};
use super::Registry;
use crate::error::{Error, Result};
use crate::memory::key::Key;
use crate::memory::mapping::Mapping;
use crate::memory::transient::Share;
use crate::memory::unpublished::Identity;
use crate::memory::{posix, sysv};

/// What a detach came to.
pub struct Detached<V> {
    /// 0 if the memory was destroyed, else how many attaches are left (for an object always 1);
    /// `None` if there was nothing to detach.
    pub left: Result<Option<u32>>,
    /// The ended attachments: private zeros by now, their views still to be neutered.
    pub ended: Vec<Attachment<V>>,
}

impl<V> Registry<V> {
    /// Ends every attachment of `key`. A segment goes with its last attach, an object only if `force` is
    /// true or if it is transient; `force` also destroys what is not attached here.
    pub fn detach(&mut self, key: &Key, force: bool) -> Detached<V> {
        let mut entry = self.keys.remove(key).unwrap_or_default();
        // First what may be forbidden, so that a refusal changes nothing.
        let detached = match if force { destroy(key) } else { Ok(false) } {
            Ok(destroyed) => self.end(key, &mut entry, destroyed),
            Err(error) => Detached {
                left: Err(error),
                ended: Vec::new(),
            },
        };
        self.insert(key, entry);
        detached
    }

    /// Ends the attachments of one version of what `key` has stood for. With `force` that very memory is
    /// destroyed, whatever the key stands for by now.
    pub fn detach_version(&mut self, key: &Key, version: &Identity, force: bool) -> Detached<V> {
        let mut entry = self.keys.remove(key).unwrap_or_default();
        let mut ending = entry.take_version(version);
        let destroyed = if force {
            destroy_version(key, version)
        } else {
            Ok(false)
        };
        let detached = match destroyed {
            Ok(destroyed) => self.end(key, &mut ending, destroyed),
            Err(error) => Detached {
                left: Err(error),
                ended: Vec::new(),
            },
        };
        entry.put_back(ending);
        self.insert(key, entry);
        detached
    }

    /// The mappings that [`Registry::detach_version`] ends.
    pub fn mappings_of_version(&self, key: &Key, version: &Identity) -> Vec<Arc<Mapping>> {
        let entry = self.keys.get(key).into_iter();
        let attachments = entry.flat_map(|entry| &entry.attachments);
        attachments
            .filter(|attachment| attachment.identity.is_same_memory(version))
            .map(|attachment| Arc::clone(&attachment.mapping))
            .collect()
    }

    fn end(&mut self, key: &Key, entry: &mut Entry<V>, destroyed: bool) -> Detached<V> {
        if destroyed {
            self.forget_created(entry);
        }
        if entry.attachments.is_empty() {
            return Detached {
                left: Ok(destroyed.then_some(0)),
                ended: Vec::new(),
            };
        }
        let is_transient = entry.is_transient(key);
        let (ended, refused, removed) = self.retire(&mut entry.attachments);
        let mut left = Ok(Some(1));
        for id in segments_of(&ended) {
            left = self.destroy_if_last(key, entry, id).map(Some);
        }
        if is_transient && entry.attachments.is_empty() {
            self.forget_created(entry);
        }
        Detached {
            left: match refused {
                Some(error) => Err(error),
                None if destroyed || removed => Ok(Some(0)),
                None => left,
            },
            ended,
        }
    }

    /// Ends every attachment, or every attachment of a segment only; the number is of the segments
    /// that this destroyed and that 0.1.x would have known.
    pub fn detach_all(&mut self, only_segments: bool) -> (u32, Vec<Attachment<V>>) {
        let mut destroyed = 0;
        let mut all = Vec::new();
        for (key, mut entry) in take(&mut self.keys) {
            if !only_segments || matches!(key, Key::Segment(_)) {
                let (is_plain, is_transient) = (entry.is_plain, entry.is_transient(&key));
                let (ended, ..) = self.retire(&mut entry.attachments);
                for id in segments_of(&ended) {
                    // A segment that may not be destroyed by this user stays, as it does at exit.
                    let is_gone = matches!(self.destroy_if_last(&key, &mut entry, id), Ok(0));
                    destroyed += u32::from(is_gone && (is_plain || !only_segments));
                }
                if is_transient && entry.attachments.is_empty() {
                    self.forget_created(&mut entry);
                }
                all.extend(ended);
            }
            self.insert(&key, entry);
        }
        if !only_segments {
            all.extend(self.detach_all_files());
        }
        (destroyed, all)
    }

    /// Puts zero pages over the attachments, and gives their shares back; whether that removed a name. Those that
    /// the system refused stay attached.
    pub(super) fn retire(
        &mut self,
        attachments: &mut Vec<Attachment<V>>,
    ) -> (Vec<Attachment<V>>, Option<Error>, bool) {
        let mut ended = take(attachments);
        let (mut refused, mut removed) = (None, false);
        for index in (0..ended.len()).rev() {
            if let Err(error) = ended[index].mapping.retire() {
                refused = Some(error);
                attachments.insert(0, ended.remove(index));
            } else {
                self.uncount(&ended[index].mapping);
                removed |= ended[index].share.take().is_some_and(Share::give_back);
            }
        }
        (ended, refused, removed)
    }

    /// After a detach: destroys the segment if that was its last attach; how many are left.
    fn destroy_if_last(&mut self, key: &Key, entry: &mut Entry<V>, id: sysv::Id) -> Result<u32> {
        let left = match key {
            Key::Segment(key) => sysv::remove_if_last(*key, id)?,
            Key::Object(_) => 0,
        };
        if left == 0 && entry.created_version == Some(Identity::Segment(id)) {
            self.forget_created(entry);
        }
        Ok(left)
    }

    pub(super) fn forget_created(&mut self, entry: &mut Entry<V>) {
        self.total_created_size -= take(&mut entry.created);
    }
}

/// The segments that ended attachments were attaches of, each once.
fn segments_of<V>(ended: &[Attachment<V>]) -> impl Iterator<Item = sysv::Id> + '_ {
    let mut last = None;
    let ids = ended.iter().filter_map(Attachment::attached_segment);
    ids.filter(move |id| last.replace(*id) != Some(*id))
}

/// Destroys what `key` stands for now, attached or not; `false` if there is nothing.
fn destroy(key: &Key) -> Result<bool> {
    match key {
        Key::Object(name) => posix::destroy(name),
        Key::Segment(key) => sysv::destroy(*key),
    }
}

/// Destroys that very memory; `false` if it was destroyed before.
fn destroy_version(key: &Key, identity: &Identity) -> Result<bool> {
    match (key, identity) {
        (Key::Segment(key), _) if key.is_keyless() => sysv::destroy(*key),
        (_, Identity::Segment(id)) => sysv::remove(*id),
        (Key::Object(name), Identity::Object(ours)) => match posix::find(name)? {
            Some(found) if found.is_same_object(ours) => posix::destroy(name),
            _ => Ok(false),
        },
        _ => Ok(false),
    }
}
