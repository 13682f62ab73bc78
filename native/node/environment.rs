//! The JavaScript environment of a thread: its end, and values that do not outlive a piece of work.

use std::ffi::c_void;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::ptr::null_mut;

use neon::prelude::*;
use neon::sys::bindings as napi;

use crate::node::symbols::symbols;

type Action = Box<dyn FnOnce()>;

extern "C" fn run(action: *mut c_void) {
    // SAFETY: the pointer came from Box::into_raw in `at_environment_end`, and Node-API calls a
    // hook once.
    let action: Box<Action> = unsafe { Box::from_raw(action.cast()) };
    // A panic has been printed; going on through the engine's frames would end the process.
    let _ = catch_unwind(AssertUnwindSafe(action));
}

/// Has `action` done when the JavaScript environment ends (a worker by `terminate()`, too), after
/// its last JavaScript has run and before the engine frees its buffers.
pub fn at_environment_end<'cx>(cx: &mut impl Context<'cx>, action: impl FnOnce() + 'static) {
    if let Some(add) = symbols().add_cleanup_hook {
        let action: Action = Box::new(action);
        // SAFETY: `run` takes what is passed here. Node-API refuses only a null pointer.
        unsafe { add(cx.to_raw(), run, Box::into_raw(Box::new(action)).cast()) };
    }
}

/// What `action` returns, which makes values and leaves none behind; `None` if the engine can have no
/// more values. The environment must not have ended, and this must be its thread.
pub fn in_scope<T>(env: napi::Env, action: impl FnOnce() -> T) -> Option<T> {
    let mut scope: napi::HandleScope = null_mut();
    // SAFETY: a live environment on its thread, and a local to write to.
    unsafe { napi::open_handle_scope(env, &raw mut scope) }.ok()?;
    let result = action();
    // SAFETY: opened above, and all values in it have been used.
    let _ = unsafe { napi::close_handle_scope(env, scope) };
    Some(result)
}
