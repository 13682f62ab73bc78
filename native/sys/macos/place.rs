//! Where POSIX objects are: they have a name space of their own.

/// Where mutex owners have their locks.
pub const USUAL_PLACES: &[&str] = &["/tmp"];

/// What is before an object's name in what leads to it.
pub fn prefix() -> &'static str {
    ""
}
