//! What a normal exit of the process destroys, whichever thread has created it.
//!
//! The main thread's `exit` event does it, so that it can tell how much that was. Whatever only other
//! threads knew of, or was created after that event, the process's own exit handlers destroy
//! ([atexit(3)](https://man7.org/linux/man-pages/man3/atexit.3.html)).

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::memory::fresh::Identity;
use crate::memory::key::Key;
use crate::memory::{posix, sysv};
use crate::sys;

static DUE: Mutex<Option<HashMap<Key, Identity>>> = Mutex::new(None);

fn due() -> MutexGuard<'static, Option<HashMap<Key, Identity>>> {
    DUE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Notes what the process has created under that key.
pub fn add(key: &Key, identity: Identity) {
    sys::at_process_exit(|| {
        destroy();
    });
    due()
        .get_or_insert_with(HashMap::default)
        .insert(key.clone(), identity);
}

/// It has been destroyed before.
pub fn forget(key: &Key) {
    if let Some(due) = due().as_mut() {
        due.remove(key);
    }
}

/// Destroys what was noted and still is; how many of it were segments.
pub fn destroy() -> u32 {
    let noted = due().take().unwrap_or_default();
    let mut segments = 0;
    for (key, identity) in noted {
        // What may not be destroyed, or not any more, stays.
        match (key, identity) {
            (_, Identity::Segment(id)) => segments += u32::from(sysv::remove(id).unwrap_or(false)),
            (Key::Object(name), Identity::Object(created)) => {
                if matches!(posix::find(&name), Ok(Some(found)) if found.is_same_object(&created)) {
                    let _ = posix::unlink(&name);
                }
            }
            (_, Identity::Object(_) | Identity::File(_)) => {}
        }
    }
    segments
}
