//! A JavaScript function that any thread can have called, on the thread it belongs to
//! ([thread-safe functions](https://nodejs.org/api/n-api.html#asynchronous-thread-safe-function-calls)).

use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use neon::prelude::*;
use neon::sys::bindings as napi;

use crate::error::{Error, Result};

struct Raw(napi::ThreadsafeFunction);

// SAFETY: Node-API lets any thread call a thread-safe function.
unsafe impl Send for Raw {}

/// The function, or nothing once its environment has ended. The runtime frees it then, whoever
/// else may hold it, so it is used under the lock only.
type Slot = Mutex<Option<Raw>>;

#[derive(Clone)]
pub struct Callback(Arc<Slot>);

fn locked(slot: &Slot) -> MutexGuard<'_, Option<Raw>> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The environment ends: the function must not be touched any more.
extern "C" fn forget(_env: napi::Env, slot: *mut c_void, _hint: *mut c_void) {
    // SAFETY: the pointer came from Arc::into_raw, and Node-API calls a finalizer once.
    let slot = unsafe { Arc::from_raw(slot.cast_const().cast::<Slot>()) };
    locked(&slot).take();
}

impl Callback {
    /// Makes `function` callable from other threads. That it could be called does not keep the
    /// process alive.
    pub fn new<'cx>(cx: &mut impl Context<'cx>, function: Handle<JsFunction>) -> Result<Self> {
        let name = cx.string("shm-typed-array").to_raw();
        let slot: Arc<Slot> = Arc::default();
        let holder = Arc::into_raw(Arc::clone(&slot)).cast_mut();
        let mut raw: napi::ThreadsafeFunction = null_mut();
        // SAFETY: `function` and `name` are live values of this environment, `forget` matches how
        // `holder` was made. Without a function of ours to call it, Node-API calls `function`
        // without arguments.
        unsafe {
            napi::create_threadsafe_function(
                cx.to_raw(),
                function.to_raw(),
                null_mut(),
                name,
                0,
                1,
                holder.cast(),
                Some(forget),
                null_mut(),
                None,
                &mut raw,
            )
        }
        .map_err(|status| {
            // SAFETY: Node-API did not take the pointer, so it is still ours.
            drop(unsafe { Arc::from_raw(holder.cast_const()) });
            Error::Callback(status as i32)
        })?;
        locked(&slot).replace(Raw(raw));
        let callback = Self(slot);
        callback.keep_alive(cx, false);
        Ok(callback)
    }

    /// Has the function called soon, without arguments.
    pub fn call(&self) {
        if let Some(raw) = &*locked(&self.0) {
            let mode = napi::ThreadsafeFunctionCallMode::NonBlocking;
            // SAFETY: `forget` has not run, so the function has not been freed, and cannot be
            // while the lock is held. A refusal means that the environment is ending.
            let _ = unsafe { napi::call_threadsafe_function(raw.0, null_mut(), mode) };
        }
    }

    /// Whether the process stays alive because the function could be called.
    pub fn keep_alive<'cx>(&self, cx: &mut impl Context<'cx>, keep: bool) {
        if let Some(raw) = &*locked(&self.0) {
            // SAFETY: as in `call`, and on the thread of its environment. Neither fails.
            let _ = unsafe {
                if keep {
                    napi::ref_threadsafe_function(cx.to_raw(), raw.0)
                } else {
                    napi::unref_threadsafe_function(cx.to_raw(), raw.0)
                }
            };
        }
    }
}
