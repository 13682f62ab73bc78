//! Memory that has been made or mapped and is not registered yet. Dropping it undoes all of that.

use std::sync::Arc;

use crate::error::Result;
use crate::memory::key::Key;
use crate::memory::mapping::Mapping;
use crate::memory::options::Options;
use crate::memory::posix::Draft;
use crate::memory::transient::Share;
use crate::memory::{file, posix, sysv};
use crate::sys::Identity as ObjectIdentity;

/// Tells what a key stood for when it was attached from what it stands for now.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    Segment(sysv::Id),
    Object(ObjectIdentity),
    File(file::Identity),
}

impl Identity {
    pub fn segment(self) -> Option<sysv::Id> {
        match self {
            Self::Segment(id) => Some(id),
            Self::Object(_) | Self::File(_) => None,
        }
    }

    /// Whether both are the same memory, whatever size it has had when it was looked at.
    pub fn is_same_memory(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Object(ours), Self::Object(theirs)) => ours.is_same_object(theirs),
            (ours, theirs) => ours == theirs,
        }
    }
}

/// What was made and has to be unmade if it is not published.
enum Made {
    /// It was there before.
    Nothing,
    /// A segment, which others see already.
    Segment(sysv::Id),
    /// An object, which is invisible before it is published.
    Object(Draft, Options),
    /// A file, likewise.
    File(file::Draft),
}

/// A mapping that is not registered yet. Its drop puts zeros where JavaScript may look already, and
/// destroys what was made.
pub struct Unpublished {
    pub identity: Identity,
    pub mapping: Arc<Mapping>,
    /// In a transient object.
    pub share: Option<Share>,
    made: Made,
    is_published: bool,
}

impl Unpublished {
    /// Makes memory of `bytes` bytes; `None` if the key is taken.
    pub fn create(key: &Key, bytes: usize, mode: u16, options: Options) -> Result<Option<Self>> {
        match key {
            Key::Segment(key) => {
                let created = sysv::create(*key, bytes, mode.into(), options)?;
                Ok(created.map(|(id, mapping)| {
                    Self::new(Identity::Segment(id), mapping, Made::Segment(id))
                }))
            }
            Key::Object(name) => {
                let created = posix::create(name, bytes, mode.into(), options)?;
                Ok(created
                    .map(|(draft, opened)| Self::object(opened, Made::Object(draft, options))))
            }
        }
    }

    /// Makes a segment that the kernel frees with its last attach, and the key that it is found by.
    pub fn transient(bytes: usize, mode: u16, options: Options) -> Result<(Key, Self)> {
        let (key, id, mapping) = sysv::create_transient(bytes, mode.into(), options)?;
        let unpublished = Self::new(Identity::Segment(id), mapping, Made::Segment(id));
        Ok((Key::Segment(key), unpublished))
    }

    /// Maps what the key stands for; `None` if there is nothing.
    pub fn open(key: &Key, options: Options) -> Result<Option<Self>> {
        match key {
            Key::Segment(key) => {
                let opened = sysv::open(*key, options)?;
                Ok(opened
                    .map(|(id, mapping)| Self::new(Identity::Segment(id), mapping, Made::Nothing)))
            }
            Key::Object(name) => {
                let opened = posix::open(name, options)?;
                Ok(opened.map(|opened| Self::object(opened, Made::Nothing)))
            }
        }
    }

    fn object((identity, mapping, share): posix::Opened, made: Made) -> Self {
        let mut unpublished = Self::new(Identity::Object(identity), mapping, made);
        unpublished.share = share;
        unpublished
    }

    /// A mapped file; with a draft, a new one.
    pub fn file(identity: file::Identity, mapping: Mapping, draft: Option<file::Draft>) -> Self {
        let made = draft.map_or(Made::Nothing, Made::File);
        Self::new(Identity::File(identity), mapping, made)
    }

    fn new(identity: Identity, mapping: Mapping, made: Made) -> Self {
        Self {
            identity,
            mapping: Arc::new(mapping),
            share: None,
            made,
            is_published: false,
        }
    }

    /// Shows it to everybody under its key; `false` if somebody else has taken the key meanwhile.
    pub fn publish(&mut self) -> Result<bool> {
        self.is_published = match &self.made {
            Made::Object(draft, options) => posix::publish(draft, *options)?,
            Made::File(draft) => draft.publish()?,
            Made::Segment(_) | Made::Nothing => true,
        };
        Ok(self.is_published)
    }

    /// Bytes that were made, not only mapped.
    pub fn created(&self) -> usize {
        match self.made {
            Made::Nothing | Made::File(_) => 0,
            Made::Segment(_) | Made::Object(..) => self.mapping.size(),
        }
    }
}

impl Drop for Unpublished {
    fn drop(&mut self) {
        if self.is_published {
            return;
        }
        // Nothing can be done about a refusal here; the memory then stays mapped until the engine has
        // collected the buffer over it.
        let _ = self.mapping.retire();
        if let Made::Segment(id) = self.made {
            // Nor about this; what stays is empty and unused.
            let _ = sysv::remove(id);
        }
    }
}
