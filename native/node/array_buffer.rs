//! Makes an `ArrayBuffer` over a mapping, and neuters it.
//!
//! A mapped range has two holders besides the registry: the buffer's backing store, which native
//! work in flight and `ArrayBuffer.prototype.transfer` keep alive, and the `ArrayBuffer` object,
//! which views keep alive. Each holds an `Arc<Mapping>` that its finalizer drops, so that whoever
//! lets go last gives the range back.
//!
//! Some engines take no memory but their own (V8's sandbox, and so Electron from 21 on). There the
//! mapping is lent into a buffer that the engine has allocated: see [`ArrayBuffer::lend`].

use std::ffi::c_void;
use std::mem::MaybeUninit;
use std::sync::Arc;

use neon::prelude::*;
use neon::sys::bindings as napi;

use crate::error::{Error, Result};
use crate::memory::mapping::Mapping;
use crate::node::symbols::{set_detach_key, symbols};

/// Node-API's `napi_ok`.
const OK: i32 = 0;
/// Node-API's `napi_no_external_buffers_allowed`.
const NO_EXTERNAL_BUFFERS_ALLOWED: i32 = 22;

/// Lets go of one holder's share of a mapping.
extern "C" fn release(_env: napi::Env, _data: *mut c_void, mapping: *mut c_void) {
    // SAFETY: the pointer came from Arc::into_raw, and Node-API calls a finalizer once.
    drop(unsafe { Arc::from_raw(mapping.cast_const().cast::<Mapping>()) });
}

fn share(mapping: &Arc<Mapping>) -> *mut c_void {
    Arc::into_raw(Arc::clone(mapping)).cast_mut().cast()
}

/// Whose memory the buffer is.
enum Origin {
    /// The mapping's own addresses.
    External,
    /// The engine's, in a buffer of that many bytes.
    Lent(usize),
    /// The engine's, in a `SharedArrayBuffer`, which nobody can detach.
    LentShared,
}

/// A strong reference to the buffer over a mapping; it belongs to the thread that made it.
pub struct ArrayBuffer {
    reference: napi::Ref,
    origin: Origin,
}

impl ArrayBuffer {
    /// A new `ArrayBuffer` over the mapping's data, `mapping.len()` bytes long. `None` if the
    /// engine makes none over memory that is not its own, or none as large.
    pub fn over<'cx>(
        cx: &mut impl Context<'cx>,
        mapping: &Arc<Mapping>,
    ) -> Result<Option<(Self, Handle<'cx, JsValue>)>> {
        let env = cx.to_raw();
        let Some(value) = create_external(env, mapping) else {
            return Ok(None);
        };
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
        let buffer = Self {
            reference: refer_to(env, value)?,
            origin: Origin::External,
        };
        // SAFETY: `value` was made in the current handle scope.
        Ok(Some((buffer, unsafe { JsValue::from_raw(cx, value) })))
    }

    /// Lends the mapping into the memory of `room`, a new buffer that nobody uses, and tells how
    /// many bytes in the data begins. The reference made here keeps the engine from giving that
    /// memory back before [`ArrayBuffer::neuter`], and the mapping must be retired by then.
    ///
    /// Node-API cannot look into a `SharedArrayBuffer`: instead of one, `room` is a typed array
    /// over the whole of it.
    pub fn lend<'cx>(
        cx: &mut impl Context<'cx>,
        mapping: &Arc<Mapping>,
        room: Handle<'cx, JsValue>,
        shared: bool,
    ) -> Result<(Self, usize)> {
        let env = cx.to_raw();
        let found = if shared {
            typed_array_memory(env, room.to_raw())
        } else {
            array_buffer_memory(env, room.to_raw())
        };
        let memory = found.filter(|memory| memory.len >= mapping.room_needed());
        let Some(memory) = memory else {
            return Err(Error::Buffer(NO_EXTERNAL_BUFFERS_ALLOWED));
        };
        let reference = refer_to(env, memory.buffer)?;
        // SAFETY: the engine keeps the room allocated as long as the reference lives, which is
        // until `neuter`; it is large enough, new, and so far only JavaScript of ours knows it.
        let lent = unsafe { mapping.lend(memory.data) };
        let start = lent.inspect_err(|_| delete(env, reference))?;
        let origin = if shared {
            Origin::LentShared
        } else {
            Origin::Lent(memory.len)
        };
        Ok((Self { reference, origin }, start))
    }

    /// The buffer, or `None` if somebody has transferred its memory to another one.
    pub fn handle<'cx>(
        &self,
        cx: &mut impl Context<'cx>,
        mapping: &Mapping,
    ) -> Option<Handle<'cx, JsValue>> {
        let value = self.value(cx.to_raw())?;
        let whole = match self.origin {
            Origin::External => Some(mapping.len()),
            Origin::Lent(len) => Some(len),
            Origin::LentShared => None,
        };
        if let Some(whole) = whole {
            let memory = array_buffer_memory(cx.to_raw(), value)?;
            if memory.len != whole {
                return None;
            }
        }
        // SAFETY: a value of the current handle scope.
        Some(unsafe { JsValue::from_raw(cx, value) })
    }

    /// Whether memory that somebody has transferred to another buffer can be shown in a new one.
    /// Our own can; of the engine's, nobody knows how long the other buffer keeps it.
    pub fn check_replaceable(&self) -> Result<()> {
        match self.origin {
            Origin::External => Ok(()),
            Origin::Lent(_) | Origin::LentShared => Err(Error::Buffer(NO_EXTERNAL_BUFFERS_ALLOWED)),
        }
    }

    /// Lets go of a buffer whose memory somebody has transferred to another one.
    pub fn give_up<'cx>(self, cx: &mut impl Context<'cx>, mapping: &Mapping) {
        mapping.set_taken();
        delete(cx.to_raw(), self.reference);
    }

    fn value(&self, env: napi::Env) -> Option<napi::Value> {
        let mut value: napi::Value = std::ptr::null_mut();
        // SAFETY: the reference was made in this environment and is deleted only by `neuter`.
        unsafe { napi::get_reference_value(env, self.reference, &raw mut value) }.ok()?;
        (!value.is_null()).then_some(value)
    }

    /// Makes every view of the buffer empty. The mapping must have been retired: where the runtime
    /// cannot empty views, they go on reading it. Returns the buffer if this has not emptied it:
    /// then JavaScript has to, if it can.
    ///
    /// Detaching a lent buffer would let the engine reuse memory that native work may still be
    /// writing to.
    pub fn neuter<'cx>(
        &self,
        cx: &mut impl Context<'cx>,
        mapping: &Mapping,
    ) -> Option<Handle<'cx, JsValue>> {
        let env = cx.to_raw();
        let value = self.value(env)?;
        if let (Origin::External, Some(detach)) = (&self.origin, symbols().detach) {
            if array_buffer_memory(env, value).is_some_and(|memory| memory.len != mapping.len()) {
                mapping.set_taken();
            }
            unmark(env, value);
            // SAFETY: `value` is an ArrayBuffer of this environment. A refusal leaves views of
            // zero pages, which is harmless.
            unsafe { detach(env, value) };
            return None;
        }
        // SAFETY: a value of the current handle scope.
        Some(unsafe { JsValue::from_raw(cx, value) })
    }

    /// Lets the engine collect the buffer.
    pub fn let_go<'cx>(self, cx: &mut impl Context<'cx>) {
        delete(cx.to_raw(), self.reference);
    }
}

/// Takes back what `markAsUntransferable` does to a buffer from Node 24 on: it locks the buffer with
/// a key, and Node ends the process when it is asked to detach one that is locked, or finds one at
/// its own end.
fn unmark(env: napi::Env, buffer: napi::Value) {
    if let Some(set_detach_key) = set_detach_key(env) {
        let mut no_key: napi::Value = std::ptr::null_mut();
        // SAFETY: `no_key` is a local to write to.
        if unsafe { napi::get_undefined(env, &raw mut no_key) }.is_ok() {
            // SAFETY: `buffer` is an ArrayBuffer of this environment, and `undefined` a value.
            unsafe { set_detach_key(buffer, no_key) };
        }
    }
}

/// A buffer of the engine, where its memory begins, and its bytes.
struct Memory {
    buffer: napi::Value,
    data: *mut u8,
    len: usize,
}

fn array_buffer_memory(env: napi::Env, buffer: napi::Value) -> Option<Memory> {
    let (mut data, mut len) = (std::ptr::null_mut(), 0);
    // SAFETY: Node-API checks that the value is an ArrayBuffer; the pointers are to locals.
    unsafe { napi::get_arraybuffer_info(env, buffer, &raw mut data, &raw mut len) }.ok()?;
    let data = data.cast();
    Some(Memory { buffer, data, len })
}

fn typed_array_memory(env: napi::Env, view: napi::Value) -> Option<Memory> {
    let (mut data, mut buffer) = (std::ptr::null_mut(), std::ptr::null_mut());
    let (mut len, mut offset) = (0, 0);
    let mut kind = MaybeUninit::uninit();
    // SAFETY: Node-API checks that the value is a typed array; the pointers are to locals of the
    // documented types.
    unsafe {
        napi::get_typedarray_info(
            env,
            view,
            kind.as_mut_ptr(),
            &raw mut len,
            &raw mut data,
            &raw mut buffer,
            &raw mut offset,
        )
    }
    .ok()?;
    let data: *mut u8 = data.cast();
    (!data.is_null()).then_some(Memory { buffer, data, len })
}

fn refer_to(env: napi::Env, value: napi::Value) -> Result<napi::Ref> {
    let mut reference: napi::Ref = std::ptr::null_mut();
    // SAFETY: `value` is an object of this environment, `reference` a local to write to.
    unsafe { napi::create_reference(env, value, 1, &raw mut reference) }
        .map_err(|status| Error::Buffer(status as i32))?;
    Ok(reference)
}

fn delete(env: napi::Env, reference: napi::Ref) {
    // SAFETY: made in this environment, and not used afterwards. It can fail for a null pointer
    // only.
    let _ = unsafe { napi::delete_reference(env, reference) };
}

fn create_external(env: napi::Env, mapping: &Arc<Mapping>) -> Option<napi::Value> {
    let create = symbols().create_external?;
    let mut value: napi::Value = std::ptr::null_mut();
    let holder = share(mapping);
    // SAFETY: data..data+len stays mapped until both holders have let go, of which the finalizer
    // passed here is one; `value` is a local to write to.
    let status = unsafe {
        create(
            env,
            mapping.data().cast(),
            mapping.len(),
            Some(release),
            holder,
            &raw mut value,
        )
    };
    if status == OK {
        return Some(value);
    }
    if status == NO_EXTERNAL_BUFFERS_ALLOWED {
        // SAFETY: this status says that the runtime has not taken the pointer.
        drop(unsafe { Arc::from_raw(holder.cast_const().cast::<Mapping>()) });
    }
    // After any other status the runtime may have called the finalizer, or may still call it; its
    // share is given up: at worst a few bytes are lost, never freed twice.
    let mut exception: napi::Value = std::ptr::null_mut();
    // SAFETY: `exception` is a local to write to; with none pending this does nothing of harm.
    let _ = unsafe { napi::get_and_clear_last_exception(env, &raw mut exception) };
    None
}

/// Where a typed array's first element is, and how many bytes its `len` elements of `size` bytes
/// take; `None` if the value is no typed array or its buffer is detached.
pub fn bytes_of_typed_array<'cx>(
    cx: &mut impl Context<'cx>,
    value: Handle<JsValue>,
    size: usize,
) -> Option<(usize, usize)> {
    let info = symbols().typed_array_info?;
    let (mut kind, mut len, mut offset) = (0, 0, 0);
    let mut data: *mut c_void = std::ptr::null_mut();
    let mut buffer: napi::Value = std::ptr::null_mut();
    // SAFETY: `value` is a live value of this environment, the pointers are to locals. A value
    // that is no typed array is refused with a status.
    let status = unsafe {
        info(
            cx.to_raw(),
            value.to_raw(),
            &raw mut kind,
            &raw mut len,
            &raw mut data,
            &raw mut buffer,
            &raw mut offset,
        )
    };
    (status == OK && !data.is_null()).then_some((data as usize, len * size))
}
