//! The mapped files. A file is what its device and inode tell, whichever paths lead to it: one that has
//! taken the place of another is a new one, and two links to a file are one file.

use std::collections::HashMap;

use super::entry::Attachment;
use crate::memory::file::FilePath;
use crate::sys::FileId;

/// The mapped files.
pub struct Files<V> {
    pub(super) attached: HashMap<FileId, AttachedFile<V>>,
    /// The files that each path has led to and that are still attached.
    paths: HashMap<FilePath, Vec<FileId>>,
}

/// The mapped parts of a file, and the paths by which they were asked for.
pub struct AttachedFile<V> {
    pub(super) parts: Vec<Attachment<V>>,
    paths: Vec<FilePath>,
}

impl<V> Default for AttachedFile<V> {
    fn default() -> Self {
        Self {
            parts: Vec::new(),
            paths: Vec::new(),
        }
    }
}

impl<V> Default for Files<V> {
    fn default() -> Self {
        Self {
            attached: HashMap::default(),
            paths: HashMap::default(),
        }
    }
}

impl<V> Files<V> {
    /// Notes that a path leads to an attached file.
    pub fn note(&mut self, path: &FilePath, id: FileId) {
        let Some(file) = self.attached.get_mut(&id) else {
            return;
        };
        if !file.paths.contains(path) {
            file.paths.push(path.clone());
            self.paths.entry(path.clone()).or_default().push(id);
        }
    }

    /// Forgets a file and what paths have led to it.
    pub fn forget(&mut self, id: FileId) {
        let paths = self.attached.remove(&id).map(|file| file.paths);
        for path in paths.unwrap_or_default() {
            if let Some(ids) = self.paths.get_mut(&path) {
                ids.retain(|other| *other != id);
                if ids.is_empty() {
                    self.paths.remove(&path);
                }
            }
        }
    }

    /// The paths by which an attached file was asked for.
    pub fn paths_of(&self, id: FileId) -> &[FilePath] {
        self.attached.get(&id).map_or(&[], |file| &file.paths)
    }

    /// The files that a path has led to.
    pub fn led_to(&self, path: &FilePath) -> Vec<FileId> {
        self.paths.get(path).cloned().unwrap_or_default()
    }
}
