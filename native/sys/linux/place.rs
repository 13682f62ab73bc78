//! Where POSIX objects are: they are files of a tmpfs, or of another folder that the environment chooses.

use crate::sys::unix::chosen_directory;

const USUAL: &str = "/dev/shm";

/// Where the owners' file is looked for: all who share memory by name share the first of these file systems.
/// The other is for systems that have no folder for objects, or allow no further file in it.
pub const USUAL_PLACES: &[&str] = &[USUAL, "/tmp"];

/// The folder of all objects.
pub fn directory() -> &'static str {
    chosen_directory().unwrap_or(USUAL)
}

/// What is before an object's name in the path that leads to it.
pub fn prefix() -> &'static str {
    directory()
}
