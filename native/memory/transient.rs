//! Transient objects: each attachment has a share in one, and whoever gives back the last share removes the name.

use std::collections::BTreeMap;
use std::mem::take;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::memory::mapping::Mapping;
use crate::sys::{self, Hold};

/// What all threads have: the end of the process is the end of it, too.
static SHARES: Mutex<BTreeMap<u64, Held>> = Mutex::new(BTreeMap::new());

struct Held {
    hold: Hold,
    mapping: Weak<Mapping>,
}

fn shares() -> MutexGuard<'static, BTreeMap<u64, Held>> {
    SHARES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A share in a transient object. Dropped, it is given back.
pub struct Share(u64);

impl Share {
    pub fn new(hold: Hold) -> Self {
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        sys::at_process_exit(give_all_back);
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let mapping = Weak::new();
        shares().insert(number, Held { hold, mapping });
        Self(number)
    }

    /// Tells what maps the object: at the end of the process it must not be mapped any more.
    pub fn note(&self, mapping: &Arc<Mapping>) {
        if let Some(held) = shares().get_mut(&self.0) {
            held.mapping = Arc::downgrade(mapping);
        }
    }

    /// Gives the share back, after the end of its mapping; whether that removed the object's name.
    pub fn give_back(self) -> bool {
        self.leave()
    }

    fn leave(&self) -> bool {
        let held = shares().remove(&self.0);
        // What may not be removed by this user stays, and is replaced by its owner's next start.
        held.is_some_and(|held| held.hold.leave().unwrap_or(false))
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.leave();
    }
}

/// At the end of the process, after all its JavaScript.
fn give_all_back() {
    for held in take(&mut *shares()).into_values() {
        if let Some(mapping) = held.mapping.upgrade() {
            let _ = mapping.retire();
        }
        let _ = held.hold.leave();
    }
}
