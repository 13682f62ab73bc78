//! Functions of the host that Neon's bindings lack, or whose results they cannot represent.

use std::ffi::{c_void, CStr};
use std::mem::{size_of, transmute_copy};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::ptr::{null, null_mut};
use std::sync::OnceLock;

use neon::prelude::*;
use neon::sys::bindings as napi;

use crate::error::{Error, Result};
use crate::sys;

pub type CreateExternal = unsafe extern "C" fn(
    napi::Env,
    *mut c_void,
    usize,
    napi::Finalize,
    *mut c_void,
    *mut napi::Value,
) -> i32;
pub type CreateExternalShared = unsafe extern "C" fn(
    napi::Env,
    *mut c_void,
    usize,
    Option<extern "C" fn(*mut c_void, *mut c_void)>,
    *mut c_void,
    *mut napi::Value,
) -> i32;
pub type Detach = unsafe extern "C" fn(napi::Env, napi::Value) -> i32;
type SetDetachKey = unsafe extern "C" fn(napi::Value, napi::Value);
pub type TypedArrayInfo = unsafe extern "C" fn(
    napi::Env,
    napi::Value,
    *mut i32,
    *mut usize,
    *mut *mut c_void,
    *mut napi::Value,
    *mut usize,
) -> i32;
type AddCleanupHook =
    unsafe extern "C" fn(napi::Env, extern "C" fn(*mut c_void), *mut c_void) -> i32;
type MakeCallback = unsafe extern "C" fn(
    napi::Env,
    *mut c_void,
    napi::Value,
    napi::Value,
    usize,
    *const napi::Value,
    *mut napi::Value,
) -> i32;
type FatalException = unsafe extern "C" fn(napi::Env, napi::Value) -> i32;

/// Node-API's `napi_ok`.
pub const OK: i32 = 0;
/// Node-API's `napi_pending_exception`.
pub const PENDING_EXCEPTION: i32 = 10;
/// Node-API's `napi_no_external_buffers_allowed`.
pub const NO_EXTERNAL_BUFFERS_ALLOWED: i32 = 22;

/// What was found in the host process. Each returns a plain number: Neon's enumeration of statuses
/// ends before `napi_no_external_buffers_allowed`.
pub struct Symbols {
    pub create_external: Option<CreateExternal>,
    pub create_external_shared: Option<CreateExternalShared>,
    pub detach: Option<Detach>,
    pub typed_array_info: Option<TypedArrayInfo>,
    add_cleanup_hook: Option<AddCleanupHook>,
    make_callback: Option<MakeCallback>,
    fatal_exception: Option<FatalException>,
}

pub fn symbols() -> &'static Symbols {
    static SYMBOLS: OnceLock<Symbols> = OnceLock::new();
    // SAFETY: each of these has had its signature since it came: with Node-API 1, 3 or 7, the shared
    // buffers with Node 22.23, 24.16 and 26.1.
    SYMBOLS.get_or_init(|| unsafe {
        Symbols {
            create_external: find(c"napi_create_external_arraybuffer"),
            create_external_shared: find(c"node_api_create_external_sharedarraybuffer"),
            detach: find(c"napi_detach_arraybuffer"),
            // Neon's binding decodes the array's type into an enumeration that newer types are not in.
            typed_array_info: find(c"napi_get_typedarray_info"),
            add_cleanup_hook: find(c"napi_add_env_cleanup_hook"),
            make_callback: find(c"napi_make_callback"),
            fatal_exception: find(c"napi_fatal_exception"),
        }
    })
}

/// A function of the host process.
///
/// # Safety
/// `F` must be the type of a pointer to the function of that name.
pub unsafe fn find<F: Copy>(name: &CStr) -> Option<F> {
    assert_eq!(size_of::<F>(), size_of::<*mut c_void>());
    let symbol = sys::symbol(name)?;
    // SAFETY: `F` is as large as a pointer, and the caller vouches for its type.
    Some(unsafe { transmute_copy(&symbol) })
}

/// The beginning of Node-API's `napi_node_version`.
#[repr(C)]
struct NodeVersion {
    major: u32,
}

/// V8's own `ArrayBuffer::SetDetachKey`, which Node-API has not. Only in versions of Node.js that are
/// known to take it like this, and to need it.
pub fn set_detach_key(env: napi::Env) -> Option<SetDetachKey> {
    static FOUND: OnceLock<Option<SetDetachKey>> = OnceLock::new();
    *FOUND.get_or_init(|| {
        type GetVersion = unsafe extern "C" fn(napi::Env, *mut *const NodeVersion) -> i32;
        // SAFETY: this symbol has had this signature since Node-API 1.
        let version: GetVersion = unsafe { find(c"napi_get_node_version") }?;
        let mut found = null();
        // SAFETY: `found` is a local to write to.
        if unsafe { version(env, &raw mut found) } != OK || found.is_null() {
            return None;
        }
        // SAFETY: the call succeeded, and what it points to is the host's and never changes.
        let is_known = (24..=26).contains(&unsafe { (*found).major });
        // SAFETY: `SetDetachKey(Local<Value>)` has this name in these versions. A `Local` is one pointer
        // there, and Node-API's values are these pointers, that of the buffer itself, too.
        let key = || unsafe { find(c"_ZN2v811ArrayBuffer12SetDetachKeyENS_5LocalINS_5ValueEEE") };
        is_known.then(key).flatten()
    })
}

/// The value as a number; `None` if it is of another type.
pub fn number_of<'cx>(cx: &mut impl Context<'cx>, value: Handle<JsValue>) -> Option<f64> {
    let mut number = 0.0;
    // SAFETY: a live value of this environment, and a local to write to.
    unsafe { napi::get_value_double(cx.to_raw(), value.to_raw(), &raw mut number) }.ok()?;
    Some(number)
}

/// Bytes of room that [`string_of`] needs besides the string: for a NUL, and for telling a string
/// that was cut to fit. That is done between two characters, of at most 4 bytes each.
pub const ROOM_BESIDES: usize = 5;

/// The value as UTF-8 in `room`; `None` if it is of another type or does not fit.
pub fn string_of<'cx, 'room>(
    cx: &mut impl Context<'cx>,
    value: Handle<JsValue>,
    room: &'room mut [u8],
) -> Option<&'room [u8]> {
    let mut len = 0;
    let start = room.as_mut_ptr().cast();
    // SAFETY: a live value of this environment; at most as many bytes are written as there is
    // room, a NUL included.
    unsafe {
        napi::get_value_string_utf8(cx.to_raw(), value.to_raw(), start, room.len(), &raw mut len)
    }
    .ok()?;
    (len + ROOM_BESIDES <= room.len()).then(|| &room[..len])
}

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

/// A JavaScript function that is called from the event loop. It must not outlive its environment.
pub struct Function {
    env: napi::Env,
    reference: napi::Ref,
}

impl Function {
    pub fn new<'cx>(cx: &mut impl Context<'cx>, function: Handle<JsFunction>) -> Result<Self> {
        let env = cx.to_raw();
        let mut reference: napi::Ref = null_mut();
        // SAFETY: `function` is a live value of this environment, `reference` a local to write to.
        unsafe { napi::create_reference(env, function.to_raw(), 1, &raw mut reference) }
            .map_err(|status| Error::Callback(status as i32))?;
        Ok(Self { env, reference })
    }

    /// Calls it with two numbers, and has everything done that JavaScript does after a call from the
    /// event loop: promises' continuations run, and what it throws is an uncaught exception. Does
    /// nothing if JavaScript cannot run any more.
    pub fn call(&self, arguments: [f64; 2]) {
        // SAFETY: there is a handle scope, and it is that of its environment's thread, which `self`
        // cannot leave.
        in_scope(self.env, || unsafe { self.call_in_scope(arguments) });
    }

    /// # Safety
    /// A handle scope must be open.
    unsafe fn call_in_scope(&self, arguments: [f64; 2]) -> Option<()> {
        let (env, no_context) = (self.env, null_mut());
        let make_callback = symbols().make_callback?;
        let fatal_exception = symbols().fatal_exception?;
        let [mut function, mut receiver, mut result] = [null_mut(); 3];
        let mut values = [null_mut(); 2];
        // SAFETY: the pointers are to locals, the reference was made in this environment, and the
        // caller has opened a scope for the values.
        unsafe {
            napi::get_reference_value(env, self.reference, &raw mut function).ok()?;
            napi::get_global(env, &raw mut receiver).ok()?;
            for (value, argument) in values.iter_mut().zip(arguments) {
                napi::create_double(env, argument, value).ok()?;
            }
            let (count, first) = (values.len(), values.as_ptr());
            let status = make_callback(
                env,
                no_context,
                receiver,
                function,
                count,
                first,
                &raw mut result,
            );
            let mut has_thrown = false;
            if status != OK {
                napi::is_exception_pending(env, &raw mut has_thrown).ok()?;
            }
            if has_thrown {
                napi::get_and_clear_last_exception(env, &raw mut result).ok()?;
                fatal_exception(env, result);
            }
        }
        Some(())
    }
}
