//! Functions of the host that Neon's bindings lack, or whose results they cannot represent.

use std::ffi::{c_void, CStr};
use std::mem::{size_of, transmute_copy};
use std::sync::OnceLock;

use neon::prelude::*;
use neon::sys::bindings as napi;

pub type CreateExternal = unsafe extern "C" fn(
    napi::Env,
    *mut c_void,
    usize,
    napi::Finalize,
    *mut c_void,
    *mut napi::Value,
) -> i32;
pub type Detach = unsafe extern "C" fn(napi::Env, napi::Value) -> i32;
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

/// What was found in the host process. Each returns a plain number: Neon's enumeration of statuses
/// ends before `napi_no_external_buffers_allowed`.
pub struct Symbols {
    pub create_external: Option<CreateExternal>,
    pub detach: Option<Detach>,
    pub typed_array_info: Option<TypedArrayInfo>,
    add_cleanup_hook: Option<AddCleanupHook>,
}

pub fn symbols() -> &'static Symbols {
    static SYMBOLS: OnceLock<Symbols> = OnceLock::new();
    SYMBOLS.get_or_init(|| Symbols {
        // SAFETY: this symbol has had this signature since Node-API 1.
        create_external: unsafe { find(c"napi_create_external_arraybuffer") },
        // SAFETY: this symbol has had this signature since Node-API 7.
        detach: unsafe { find(c"napi_detach_arraybuffer") },
        // SAFETY: this symbol has had this signature since Node-API 1. Neon's binding decodes the
        // array's type into an enumeration that newer types are not in.
        typed_array_info: unsafe { find(c"napi_get_typedarray_info") },
        // SAFETY: this symbol has had this signature since Node-API 3.
        add_cleanup_hook: unsafe { find(c"napi_add_env_cleanup_hook") },
    })
}

/// A function of the host process.
///
/// # Safety
/// `F` must be the type of a pointer to the function of that name.
unsafe fn find<F: Copy>(name: &CStr) -> Option<F> {
    assert_eq!(size_of::<F>(), size_of::<*mut c_void>());
    // SAFETY: the name is NUL-terminated; looking a symbol up has no other effect.
    let symbol = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
    if symbol.is_null() {
        return None;
    }
    // SAFETY: `F` is as large as a pointer, and the caller vouches for its type.
    Some(unsafe { transmute_copy(&symbol) })
}

/// The value as a number; `None` if it is of another type.
pub fn number_of<'cx>(cx: &mut impl Context<'cx>, value: Handle<JsValue>) -> Option<f64> {
    let mut number = 0.0;
    // SAFETY: a live value of this environment, and a local to write to.
    unsafe { napi::get_value_double(cx.to_raw(), value.to_raw(), &mut number) }.ok()?;
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
        napi::get_value_string_utf8(cx.to_raw(), value.to_raw(), start, room.len(), &mut len)
    }
    .ok()?;
    (len + ROOM_BESIDES <= room.len()).then(|| &room[..len])
}

type Action = Box<dyn FnOnce()>;

extern "C" fn run(action: *mut c_void) {
    // SAFETY: the pointer came from Box::into_raw in `at_environment_end`, and Node-API calls a
    // hook once.
    let action: Box<Action> = unsafe { Box::from_raw(action.cast()) };
    action();
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
