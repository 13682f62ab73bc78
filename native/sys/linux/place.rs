//! Where POSIX objects are: they are files of a tmpfs.

pub const DIRECTORY: &str = "/dev/shm";

/// What is before an object's name in the path that leads to it.
pub const PREFIX: &str = DIRECTORY;

/// Where owners of locks have theirs: all who share memory by name share this file system.
pub const OWNERS: &str = "/dev/shm/.shm-typed-array-owners";
