//! Files come in and go out.

use std::mem::take;
use std::sync::Arc;

use super::entry::Attachment;
use super::file_table::AttachedFile;
use super::Registry;
use crate::error::{Error, Result};
use crate::memory::file::{self, FilePath, Part};
use crate::memory::mapping::Mapping;
use crate::memory::options::Options;
use crate::memory::unpublished::{Identity, Unpublished};
use crate::sys::FileId;

impl<V> Registry<V> {
    /// The attachment of a part of the file that the path leads to now; `None` if that is nothing, or
    /// is not attached.
    pub fn find_file(
        &mut self,
        path: &FilePath,
        part: Part,
        options: Options,
    ) -> Result<Option<&mut Attachment<V>>> {
        let Some(found) = file::status(path)? else {
            return Ok(None);
        };
        let (id, size) = (FileId::of(&found), found.len());
        self.files.note(path, id);
        let Some(AttachedFile { parts, .. }) = self.files.attached.get_mut(&id) else {
            return Ok(None);
        };
        for attachment in &*parts {
            check_size(attachment, size)?;
        }
        let wanted = Identity::File(file::Identity {
            file: id,
            offset: part.offset,
        });
        let len = part.len_in(size);
        Ok(parts.iter_mut().find(|attachment| {
            attachment.identity == wanted
                && attachment.variant == options.variant()
                && Some(attachment.mapping.len()) == len
        }))
    }

    /// Registers a mapped file, and what JavaScript sees of it.
    pub fn register_file(
        &mut self,
        path: &FilePath,
        options: Options,
        unpublished: &Unpublished,
        view: V,
    ) {
        let Identity::File(file::Identity { file, .. }) = unpublished.identity else {
            return;
        };
        let mapping = Arc::clone(&unpublished.mapping);
        let variant = options.variant();
        self.note_address(None, unpublished.identity, variant, &mapping);
        let AttachedFile { parts, .. } = self.files.attached.entry(file).or_default();
        parts.push(Attachment {
            identity: unpublished.identity,
            variant,
            mapping,
            share: None,
            view,
        });
        self.files.note(path, file);
    }

    /// The files that a path has led to and that are still attached, and the one that it leads to now.
    pub fn files_of(&self, path: &FilePath) -> Vec<FileId> {
        let mut ids = self.files.led_to(path);
        if let Ok(Some(found)) = file::status(path) {
            ids.push(FileId::of(&found));
        }
        ids
    }

    /// The mappings of files.
    pub fn mappings_of_files(&self, ids: &[FileId]) -> Vec<Arc<Mapping>> {
        let files = ids.iter().filter_map(|id| self.files.attached.get(id));
        let parts = files.flat_map(|file| &file.parts);
        parts
            .map(|attachment| Arc::clone(&attachment.mapping))
            .collect()
    }

    /// Whether a path by which an attached file was asked for still leads to it.
    pub(super) fn is_led_to(&self, id: FileId) -> Result<bool> {
        for path in self.files.paths_of(id) {
            if file::status(path)?.is_some_and(|found| FileId::of(&found) == id) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Ends the attachments of all files.
    pub(super) fn detach_all_files(&mut self) -> Vec<Attachment<V>> {
        let ids = self.files.attached.keys().copied().collect();
        self.detach_files(ids).0
    }

    /// Ends the attachments of these files.
    pub fn detach_files(&mut self, ids: Vec<FileId>) -> (Vec<Attachment<V>>, Result<()>) {
        let (mut all, mut result) = (Vec::new(), Ok(()));
        for id in ids {
            let Some(file) = self.files.attached.get_mut(&id) else {
                continue;
            };
            let mut parts = take(&mut file.parts);
            let (ended, refused, _) = self.retire(&mut parts);
            all.extend(ended);
            match refused {
                None => self.files.forget(id),
                Some(error) => {
                    result = Err(error);
                    self.files
                        .attached
                        .entry(id)
                        .and_modify(|file| file.parts = parts);
                }
            }
        }
        (all, result)
    }
}

/// Refuses a file that somebody has made shorter than what is mapped of it: touching the rest would be
/// a SIGBUS.
fn check_size<V>(attachment: &Attachment<V>, size: u64) -> Result<()> {
    let Identity::File(file::Identity { offset, .. }) = attachment.identity else {
        return Ok(());
    };
    let end = offset + attachment.mapping.len() as u64;
    if size >= end {
        return Ok(());
    }
    Err(Error::Layout(format!(
        "has been cut to {size} bytes since its first {end} were mapped: unmapFile it, and do not touch its end"
    )))
}
