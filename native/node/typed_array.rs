//! Where the memory of buffers and typed arrays is.

use std::ffi::c_void;
use std::ptr::null_mut;

use neon::sys::bindings as napi;

use crate::node::symbols::{symbols, OK};

/// A buffer, and what is shown of it.
pub struct Memory {
    pub buffer: napi::Value,
    pub data: *mut u8,
    /// Bytes of a buffer, elements of an array.
    pub len: usize,
}

/// What an `ArrayBuffer` has; `None` for any other value.
pub fn array_buffer_memory(env: napi::Env, buffer: napi::Value) -> Option<Memory> {
    let (mut data, mut len) = (null_mut(), 0);
    // SAFETY: Node-API checks that the value is an ArrayBuffer; the pointers are to locals.
    unsafe { napi::get_arraybuffer_info(env, buffer, &raw mut data, &raw mut len) }.ok()?;
    let data = data.cast();
    Some(Memory { buffer, data, len })
}

/// What a typed array shows, its length in elements; `None` for any other value, or if its buffer is
/// detached.
pub fn typed_array_memory(env: napi::Env, view: napi::Value) -> Option<Memory> {
    let info = symbols().typed_array_info?;
    let (mut kind, mut len, mut offset) = (0, 0, 0);
    let mut data: *mut c_void = null_mut();
    let mut buffer: napi::Value = null_mut();
    // SAFETY: Node-API checks that the value is a typed array; the pointers are to locals.
    let status = unsafe {
        info(
            env,
            view,
            &raw mut kind,
            &raw mut len,
            &raw mut data,
            &raw mut buffer,
            &raw mut offset,
        )
    };
    let data: *mut u8 = data.cast();
    (status == OK && !data.is_null()).then_some(Memory { buffer, data, len })
}
