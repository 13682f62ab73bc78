//! Memory by its key: made, found, mapped, given back. No Node-API here.

pub mod file;
pub mod file_errors;
pub mod huge_pages;
pub mod key;
pub mod layout;
pub mod mapping;
pub mod options;
pub mod orphan;
pub mod posix;
pub mod range;
pub mod registry;
pub mod sysv;
pub mod transient;
pub mod unpublished;
