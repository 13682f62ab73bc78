//! Whether anybody has an object open or mapped: this system does not tell.

use std::convert::Infallible;

use super::super::object::{Identity, Name};
use crate::error::Result;

/// What there is of an object's users.
#[allow(dead_code)] // what Linux can tell
pub enum Usage {
    Gone,
    Used,
    Unknown,
    Unused(Lease),
}

/// What no object has here.
pub struct Lease(Infallible);

impl Lease {
    pub fn identity(&self) -> Identity {
        match self.0 {}
    }

    pub fn unlink(&self) -> Result<bool> {
        match self.0 {}
    }
}

/// Nobody knows.
#[allow(clippy::unnecessary_wraps)] // Linux asks the kernel
pub fn usage_of(_name: &Name) -> Result<Usage> {
    Ok(Usage::Unknown)
}
