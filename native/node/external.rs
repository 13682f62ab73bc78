//! Buffers over memory that is not the engine's, and the shares in a mapping that they hold.

use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::Arc;

use neon::sys::bindings as napi;

use crate::error::{Error, Result};
use crate::memory::mapping::Mapping;
use crate::node::released::Released;
use crate::node::symbols::{symbols, NO_EXTERNAL_BUFFERS_ALLOWED, OK};

/// A holder's share of a mapping, and who is told of its end.
struct Holder {
    mapping: Arc<Mapping>,
    released: Option<Arc<Released>>,
}

/// Drops one holder's share of a mapping.
extern "C" fn release(_env: napi::Env, _data: *mut c_void, holder: *mut c_void) {
    // SAFETY: `share` made the pointer, and Node-API calls a finalizer once.
    unsafe { unshare(holder) };
}

/// As [`release`], on any thread.
extern "C" fn release_shared(_data: *mut c_void, holder: *mut c_void) {
    // SAFETY: as above.
    unsafe { unshare(holder) };
}

fn share(mapping: &Arc<Mapping>, released: Option<&Arc<Released>>) -> *mut c_void {
    let (mapping, released) = (Arc::clone(mapping), released.cloned());
    Box::into_raw(Box::new(Holder { mapping, released })).cast()
}

/// # Safety
/// `holder` must be a result of [`share`], and be passed once.
unsafe fn unshare(holder: *mut c_void) {
    // SAFETY: the caller vouches for it.
    let holder = unsafe { Box::from_raw(holder.cast::<Holder>()) };
    let Holder { mapping, released } = *holder;
    let (address, is_attached) = (mapping.data() as usize, !mapping.is_retired());
    drop(mapping);
    if let Some(released) = released.filter(|_| is_attached) {
        released.add(address);
    }
}

/// An `ArrayBuffer` over the mapping's data. The mapping lives at least as long as its backing store
/// and as the object, and `released` is told of the end of each.
pub fn create_external(
    env: napi::Env,
    mapping: &Arc<Mapping>,
    released: Option<&Arc<Released>>,
) -> Result<napi::Value> {
    let Some(create) = symbols().create_external else {
        return Err(Error::Buffer(NO_EXTERNAL_BUFFERS_ALLOWED));
    };
    let value = create_over(env, mapping, released, |holder, value| {
        let data = mapping.data().cast();
        // SAFETY: data..data+len stays mapped until both holders are dropped, of which the finalizer
        // passed here is one; `value` points to a local.
        unsafe { create(env, data, mapping.len(), Some(release), holder, value) }
    })?;
    let (holder, no_data, no_reference) = (share(mapping, released), null_mut(), null_mut());
    // SAFETY: `value` is an object of this environment; `release` matches how `holder` was made; a
    // null reference asks for none.
    unsafe { napi::add_finalizer(env, value, no_data, Some(release), holder, no_reference) }
        .map_err(|status| {
            // SAFETY: Node-API did not take the pointer, so it is still ours.
            unsafe { unshare(holder) };
            Error::Buffer(status as i32)
        })?;
    Ok(value)
}

/// A `SharedArrayBuffer` over the mapping's data. The mapping lives at least as long as its backing
/// store, which objects of several threads can have in common; `released` is told of its end.
pub fn create_external_shared(
    env: napi::Env,
    mapping: &Arc<Mapping>,
    released: Option<&Arc<Released>>,
) -> Result<napi::Value> {
    let Some(create) = symbols().create_external_shared else {
        return Err(Error::Buffer(NO_EXTERNAL_BUFFERS_ALLOWED));
    };
    create_over(env, mapping, released, |holder, value| {
        let data = mapping.data().cast();
        // SAFETY: data..data+len stays mapped until the finalizer passed here has been called, on
        // whatever thread; `value` points to a local.
        unsafe {
            create(
                env,
                data,
                mapping.len(),
                Some(release_shared),
                holder,
                value,
            )
        }
    })
}

/// Calls `create(holder, value)`, where the holder is a share in the mapping for the finalizer.
fn create_over(
    env: napi::Env,
    mapping: &Arc<Mapping>,
    released: Option<&Arc<Released>>,
    create: impl FnOnce(*mut c_void, *mut napi::Value) -> i32,
) -> Result<napi::Value> {
    let mut value: napi::Value = null_mut();
    let holder = share(mapping, released);
    let status = create(holder, &raw mut value);
    if status == OK {
        return Ok(value);
    }
    if status == NO_EXTERNAL_BUFFERS_ALLOWED {
        // SAFETY: this status says that the runtime has not taken the pointer.
        unsafe { unshare(holder) };
    }
    // After any other status the runtime may have called the finalizer, or may still call it; the
    // share is left to it: at worst a few addresses are lost, never given back twice.
    let mut exception: napi::Value = null_mut();
    // SAFETY: `exception` is a local to write to; with none pending this does nothing of harm.
    let _ = unsafe { napi::get_and_clear_last_exception(env, &raw mut exception) };
    Err(Error::Buffer(status))
}
