//! The only Node-API `unsafe`: makes an `ArrayBuffer` over a mapping, and neuters it.
//!
//! A mapped range has two holders besides the registry: the buffer's backing store, which native
//! work in flight and `ArrayBuffer.prototype.transfer` keep alive, and the `ArrayBuffer` object,
//! which views keep alive. Each holds an `Arc<Mapping>` that its finalizer drops, so that whoever
//! lets go last gives the range back.

use std::ffi::{c_void, CStr};
use std::mem::{size_of, transmute_copy};
use std::sync::{Arc, OnceLock};

use neon::prelude::*;
use neon::sys::bindings as napi;
use neon::types::JsArrayBuffer;

use crate::error::{Error, Result};
use crate::mapping::Mapping;

/// Node-API's `napi_ok`.
const OK: i32 = 0;

type CreateExternal = unsafe extern "C" fn(
    napi::Env,
    *mut c_void,
    usize,
    napi::Finalize,
    *mut c_void,
    *mut napi::Value,
) -> i32;
type Detach = unsafe extern "C" fn(napi::Env, napi::Value) -> i32;

/// The functions whose statuses Neon's bindings cannot represent, or that older runtimes lack.
struct Symbols {
    create_external: Option<CreateExternal>,
    detach: Option<Detach>,
}

fn symbols() -> &'static Symbols {
    static SYMBOLS: OnceLock<Symbols> = OnceLock::new();
    SYMBOLS.get_or_init(|| Symbols {
        // SAFETY: this symbol has had this signature since Node-API 1.
        create_external: unsafe { find(c"napi_create_external_arraybuffer") },
        // SAFETY: this symbol has had this signature since Node-API 7.
        detach: unsafe { find(c"napi_detach_arraybuffer") },
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

/// Lets go of one holder's share of a mapping.
extern "C" fn release(_env: napi::Env, _data: *mut c_void, mapping: *mut c_void) {
    // SAFETY: the pointer came from Arc::into_raw, and Node-API calls a finalizer once.
    drop(unsafe { Arc::from_raw(mapping.cast_const().cast::<Mapping>()) });
}

fn share(mapping: &Arc<Mapping>) -> *mut c_void {
    Arc::into_raw(Arc::clone(mapping)).cast_mut().cast()
}

/// A strong reference to the `ArrayBuffer` over a mapping; it belongs to the thread that made it.
pub struct ArrayBuffer {
    reference: napi::Ref,
}

impl ArrayBuffer {
    /// A new `ArrayBuffer` over the mapping's data, `mapping.len()` bytes long.
    pub fn over<'cx>(
        cx: &mut impl Context<'cx>,
        mapping: &Arc<Mapping>,
    ) -> Result<(Self, Handle<'cx, JsArrayBuffer>)> {
        let env = cx.to_raw();
        let value = create_external(env, mapping)?;
        let holder = share(mapping);
        let no_reference: napi::Ref = std::ptr::null_mut();
        // SAFETY: `value` is an object of this environment; `release` matches how `holder` was
        // made; a null reference asks for none.
        let added = unsafe {
            napi::add_finalizer(
                env,
                value,
                std::ptr::null_mut(),
                Some(release),
                holder,
                no_reference,
            )
        };
        if let Err(status) = added {
            // SAFETY: Node-API did not take the pointer, so it is still ours.
            drop(unsafe { Arc::from_raw(holder.cast_const().cast::<Mapping>()) });
            return Err(Error::Buffer(status as i32));
        }
        let mut reference: napi::Ref = std::ptr::null_mut();
        // SAFETY: `value` is an object of this environment, `reference` a local to write to.
        unsafe { napi::create_reference(env, value, 1, &mut reference) }
            .map_err(|status| Error::Buffer(status as i32))?;
        // SAFETY: `value` was made as an ArrayBuffer in the current handle scope.
        let handle = unsafe { JsArrayBuffer::from_raw(cx, value) };
        Ok((Self { reference }, handle))
    }

    /// The `ArrayBuffer`, or `None` if somebody has transferred its memory to another one.
    pub fn handle<'cx>(
        &self,
        cx: &mut impl Context<'cx>,
        mapping: &Mapping,
    ) -> Option<Handle<'cx, JsArrayBuffer>> {
        let value = self.value(cx.to_raw())?;
        let (mut data, mut len) = (std::ptr::null_mut(), 0);
        // SAFETY: `value` is an ArrayBuffer of this environment, the pointers are to locals.
        unsafe { napi::get_arraybuffer_info(cx.to_raw(), value, &mut data, &mut len) }.ok()?;
        if len != mapping.len() {
            return None;
        }
        // SAFETY: as above.
        Some(unsafe { JsArrayBuffer::from_raw(cx, value) })
    }

    fn value(&self, env: napi::Env) -> Option<napi::Value> {
        let mut value: napi::Value = std::ptr::null_mut();
        // SAFETY: the reference was made in this environment and is deleted only by `neuter`.
        unsafe { napi::get_reference_value(env, self.reference, &mut value) }.ok()?;
        (!value.is_null()).then_some(value)
    }

    /// Makes every view of the buffer empty, where the runtime can do that, and lets go of it.
    /// The mapping must have been retired: on older runtimes the views go on reading it.
    pub fn neuter<'cx>(self, cx: &mut impl Context<'cx>) {
        let env = cx.to_raw();
        if let (Some(detach), Some(value)) = (symbols().detach, self.value(env)) {
            // SAFETY: `value` is an ArrayBuffer of this environment. A refusal leaves views of
            // zero pages, which is harmless.
            unsafe { detach(env, value) };
        }
        // SAFETY: made in this environment, and consumed here. It can fail for a null pointer only.
        let _ = unsafe { napi::delete_reference(env, self.reference) };
    }
}

fn create_external(env: napi::Env, mapping: &Arc<Mapping>) -> Result<napi::Value> {
    let Some(create) = symbols().create_external else {
        return Err(Error::Buffer(-1));
    };
    let mut value: napi::Value = std::ptr::null_mut();
    // SAFETY: data..data+len stays mapped until both holders have let go, of which the finalizer
    // passed here is one; `value` is a local to write to.
    let status = unsafe {
        create(
            env,
            mapping.data().cast(),
            mapping.len(),
            Some(release),
            share(mapping),
            &mut value,
        )
    };
    if status == OK {
        return Ok(value);
    }
    // Whether the runtime has called or will call the finalizer is not documented, so its share is
    // given up: at worst an address range is lost, never freed twice.
    let mut exception: napi::Value = std::ptr::null_mut();
    // SAFETY: `exception` is a local to write to; with none pending this does nothing of harm.
    let _ = unsafe { napi::get_and_clear_last_exception(env, &mut exception) };
    Err(Error::Buffer(status))
}
