//! What finalizers have released. They run on whatever thread and at any moment, so they only note which memory
//! it is and wake the event loop, which looks at it: see unreachable.rs.

use std::mem::take;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use neon::prelude::*;

use crate::error::Result;
use crate::node::callback::{Callback, Deliver};

/// What was released and nobody has looked at yet.
pub struct Released {
    callback: Callback,
    /// Where the data of the mappings begins.
    addresses: Mutex<Vec<usize>>,
}

impl Released {
    /// `deliver` is called soon after an [`Released::add`] or [`Released::wake`].
    pub fn new(cx: &mut FunctionContext, deliver: &Deliver) -> Result<Arc<Self>> {
        Ok(Arc::new(Self {
            callback: Callback::new(cx, deliver)?,
            addresses: Mutex::default(),
        }))
    }

    pub fn add(&self, address: usize) {
        let mut addresses = self.addresses();
        addresses.push(address);
        let is_first = addresses.len() == 1;
        drop(addresses);
        if is_first {
            self.callback.call();
        }
    }

    pub fn wake(&self) {
        self.callback.call();
    }

    pub fn take(&self) -> Vec<usize> {
        take(&mut *self.addresses())
    }

    fn addresses(&self) -> MutexGuard<'_, Vec<usize>> {
        self.addresses
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
