//! Functions of the host that Neon's bindings lack, or whose results they cannot represent.

use std::ffi::{c_void, CStr};
use std::mem::{size_of, transmute_copy};
use std::ptr::null;
use std::sync::OnceLock;

use neon::sys::bindings as napi;

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
pub type SetDetachKey = unsafe extern "C" fn(napi::Value, napi::Value);
pub type TypedArrayInfo = unsafe extern "C" fn(
    napi::Env,
    napi::Value,
    *mut i32,
    *mut usize,
    *mut *mut c_void,
    *mut napi::Value,
    *mut usize,
) -> i32;
pub type AddCleanupHook =
    unsafe extern "C" fn(napi::Env, extern "C" fn(*mut c_void), *mut c_void) -> i32;
pub type MakeCallback = unsafe extern "C" fn(
    napi::Env,
    *mut c_void,
    napi::Value,
    napi::Value,
    usize,
    *const napi::Value,
    *mut napi::Value,
) -> i32;
pub type FatalException = unsafe extern "C" fn(napi::Env, napi::Value) -> i32;

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
    pub add_cleanup_hook: Option<AddCleanupHook>,
    pub make_callback: Option<MakeCallback>,
    pub fatal_exception: Option<FatalException>,
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
