//! Where POSIX objects are: they have a name space of their own.

/// What is before an object's name in what leads to it.
pub const PREFIX: &str = "";

/// Where mutex owners have their locks.
pub const OWNERS: &str = "/tmp/.shm-typed-array-owners";
