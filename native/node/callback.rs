//! Has something done on a JavaScript thread that any thread can ask for
//! ([thread-safe functions](https://nodejs.org/api/n-api.html#asynchronous-thread-safe-function-calls)).

use std::ffi::c_void;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::ptr::null_mut;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use neon::prelude::*;
use neon::sys::bindings as napi;

use crate::error::{Error, Result};

/// What is done: from the event loop, on the thread of the environment.
pub type Deliver = Rc<dyn Fn(napi::Env)>;

struct Raw(napi::ThreadsafeFunction);

// SAFETY: Node-API lets any thread call a thread-safe function.
unsafe impl Send for Raw {}

/// The function, or nothing once its environment has ended. The runtime frees it then, whoever
/// else may hold it, so it is used under the lock only.
type Slot = Mutex<Option<Raw>>;

#[derive(Clone)]
pub struct Callback(Arc<Slot>);

/// Does what a C function has called us for. A panic, which the panic hook has printed, ends here: it
/// must not go on into C.
pub fn called_from_c(action: impl FnOnce()) {
    let _ = catch_unwind(AssertUnwindSafe(action));
}

fn locked(slot: &Slot) -> MutexGuard<'_, Option<Raw>> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

extern "C" fn call(env: napi::Env, _none: napi::Value, deliver: *mut c_void, _data: *mut c_void) {
    if !env.is_null() {
        // SAFETY: the pointer came from Box::into_raw, and is freed after the last call.
        let deliver = unsafe { &*deliver.cast_const().cast::<Deliver>() };
        called_from_c(|| deliver(env));
    }
}

/// The environment ends: the function must not be touched any more.
extern "C" fn forget(_env: napi::Env, slot: *mut c_void, deliver: *mut c_void) {
    // SAFETY: the pointer came from Arc::into_raw, and Node-API calls a finalizer once.
    let slot = unsafe { Arc::from_raw(slot.cast_const().cast::<Slot>()) };
    locked(&slot).take();
    // SAFETY: the pointer came from Box::into_raw; there are no calls after the finalizer.
    let deliver = unsafe { Box::from_raw(deliver.cast::<Deliver>()) };
    called_from_c(|| drop(deliver));
}

impl Callback {
    /// That it could be called does not keep the process alive.
    pub fn new<'cx>(cx: &mut impl Context<'cx>, deliver: &Deliver) -> Result<Self> {
        let name = cx.string("shm-typed-array").to_raw();
        let slot: Arc<Slot> = Arc::default();
        let holder = Arc::into_raw(Arc::clone(&slot)).cast_mut();
        let context = Box::into_raw(Box::new(Rc::clone(deliver)));
        let mut raw: napi::ThreadsafeFunction = null_mut();
        // SAFETY: `name` is a live value of this environment; `call` and `forget` match how
        // `context` and `holder` were made.
        unsafe {
            napi::create_threadsafe_function(
                cx.to_raw(),
                null_mut(),
                null_mut(),
                name,
                0,
                1,
                holder.cast(),
                Some(forget),
                context.cast(),
                Some(call),
                &raw mut raw,
            )
        }
        .map_err(|status| {
            // SAFETY: Node-API did not take the pointers, so they are still ours.
            unsafe {
                drop(Arc::from_raw(holder.cast_const()));
                drop(Box::from_raw(context));
            }
            Error::Callback(status as i32)
        })?;
        locked(&slot).replace(Raw(raw));
        let callback = Self(slot);
        callback.set_ref(cx.to_raw(), false);
        Ok(callback)
    }

    /// Has it done soon; one time can serve for several calls.
    pub fn call(&self) {
        if let Some(raw) = &*locked(&self.0) {
            let mode = napi::ThreadsafeFunctionCallMode::NonBlocking;
            // SAFETY: `forget` has not run, so the function has not been freed, and cannot be
            // while the lock is held. A refusal means that the environment is ending.
            let _ = unsafe { napi::call_threadsafe_function(raw.0, null_mut(), mode) };
        }
    }

    /// Whether the process stays alive because the function could be called; `env` is its
    /// environment, and this its thread.
    pub fn set_ref(&self, env: napi::Env, is_ref: bool) {
        if let Some(raw) = &*locked(&self.0) {
            // SAFETY: as in `call`. Neither can fail.
            let _ = unsafe {
                if is_ref {
                    napi::ref_threadsafe_function(env, raw.0)
                } else {
                    napi::unref_threadsafe_function(env, raw.0)
                }
            };
        }
    }
}
