//! Makes an `ArrayBuffer` over a mapping, and empties it.
//!
//! A mapped range has two holders besides the registry: the buffer's backing store, which native
//! work in flight and `ArrayBuffer.prototype.transfer` keep alive, and the `ArrayBuffer` object,
//! which views keep alive. Each holds an `Arc<Mapping>` that its finalizer drops, so that whoever
//! drops the last one gives the range back. Of a `SharedArrayBuffer`, which is never emptied, the
//! backing store alone is a holder: it lives as long as any object over it, in whatever thread.
//!
//! Some engines take no memory but their own (V8's sandbox, and so Electron from 21 on). There the
//! mapping moves into a buffer that the engine has allocated: see lent.rs.

use std::sync::Arc;

use neon::prelude::*;
use neon::sys::bindings as napi;

use crate::error::{Error, Result};
use crate::memory::mapping::Mapping;
use crate::node::environment::in_scope;
use crate::node::external::{create_external, create_external_shared};
use crate::node::released::Released;
use crate::node::symbols::{
    set_detach_key, symbols, NO_EXTERNAL_BUFFERS_ALLOWED, PENDING_EXCEPTION,
};
use crate::node::typed_array::array_buffer_memory;
use crate::node::values::part_of_buffer;

/// Whose memory the buffer is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// The mapping's own addresses.
    External,
    /// The mapping's own addresses, in a `SharedArrayBuffer`, which cannot be detached.
    ExternalShared,
    /// The engine's, in a buffer of that many bytes.
    Lent(usize),
    /// The engine's, in a `SharedArrayBuffer`.
    LentShared,
}

/// A reference to the buffer over a mapping; it belongs to the thread that made it.
pub struct ArrayBuffer {
    reference: napi::Ref,
    origin: Origin,
    /// Who is told when the engine has collected the buffer, which it may if there is one.
    released: Option<Arc<Released>>,
    /// How many bytes in the data begins: not at once in the engine's memory.
    pub(super) start: usize,
    /// Whether somebody has transferred the memory, from this buffer or one before it, to a buffer
    /// of their own, which can be in another thread.
    was_transferred: bool,
}

impl ArrayBuffer {
    /// A new buffer over the mapping's data, and how JavaScript is shown it: see [`ArrayBuffer::shown`].
    /// `allocate(bytes, shared)` is asked for memory of the engine where that takes no other, or no more
    /// than `external_max` bytes. A buffer that is not the engine's memory may be collected if there is `released`.
    pub fn over<'cx>(
        cx: &mut FunctionContext<'cx>,
        mapping: &mut Arc<Mapping>,
        shared: bool,
        external_max: usize,
        released: Option<&Arc<Released>>,
        allocate: Handle<'cx, JsFunction>,
    ) -> NeonResult<Result<(Self, Handle<'cx, JsValue>)>> {
        let external = if mapping.len() > external_max {
            Err(Error::Buffer(NO_EXTERNAL_BUFFERS_ALLOWED))
        } else {
            Self::external(cx.to_raw(), mapping, released, shared)
        };
        let made = match external {
            Err(Error::Buffer(NO_EXTERNAL_BUFFERS_ALLOWED)) => {
                Self::lend(cx, mapping, shared, allocate)?
            }
            other => other,
        };
        Ok(
            made.and_then(|mut buffer| match buffer.shown(cx, mapping, 1) {
                Ok(shown) => Ok((buffer, shown)),
                Err(error) => {
                    buffer.unref(cx);
                    Err(error)
                }
            }),
        )
    }

    fn external(
        env: napi::Env,
        mapping: &Arc<Mapping>,
        released: Option<&Arc<Released>>,
        shared: bool,
    ) -> Result<Self> {
        let (value, origin) = if shared {
            let value = create_external_shared(env, mapping, released)?;
            (value, Origin::ExternalShared)
        } else {
            (create_external(env, mapping, released)?, Origin::External)
        };
        Self::referring_to(env, value, origin, released)
    }

    pub(super) fn referring_to(
        env: napi::Env,
        value: napi::Value,
        origin: Origin,
        released: Option<&Arc<Released>>,
    ) -> Result<Self> {
        let mut reference: napi::Ref = std::ptr::null_mut();
        let count = u32::from(released.is_none());
        // SAFETY: `value` is an object of this environment, `reference` a local to write to.
        unsafe { napi::create_reference(env, value, count, &raw mut reference) }
            .map_err(|status| Error::Buffer(status as i32))?;
        Ok(Self {
            reference,
            origin,
            released: released.cloned(),
            start: 0,
            was_transferred: false,
        })
    }

    /// The buffer; `[buffer, byteOffset, byteLength]` if the data is only a part of it. It is a new
    /// buffer if somebody has transferred the old one's memory to another, or the old one was collected. The
    /// registry holds `shares` in the mapping.
    pub fn shown<'cx>(
        &mut self,
        cx: &mut FunctionContext<'cx>,
        mapping: &Arc<Mapping>,
        shares: usize,
    ) -> Result<Handle<'cx, JsValue>> {
        let value = self.value(cx.to_raw(), mapping, shares)?;
        // SAFETY: a value of the current handle scope.
        let buffer = unsafe { JsValue::from_raw(cx, value) };
        match self.origin {
            Origin::External | Origin::ExternalShared => Ok(buffer),
            Origin::Lent(_) | Origin::LentShared => {
                part_of_buffer(cx, buffer, self.start, mapping.len())
                    .map_err(|_| Error::Buffer(PENDING_EXCEPTION))
            }
        }
    }

    fn value(
        &mut self,
        env: napi::Env,
        mapping: &Arc<Mapping>,
        shares: usize,
    ) -> Result<napi::Value> {
        if let Some(value) = self.whole(env, mapping) {
            return Ok(value);
        }
        let is_shared = self.origin == Origin::ExternalShared;
        if self.origin != Origin::External && !is_shared {
            // It is the engine's, and the other buffer may keep it for any time.
            return Err(Error::Buffer(NO_EXTERNAL_BUFFERS_ALLOWED));
        }
        // Of what was collected a buffer elsewhere may have the memory: then it holds a share.
        let was_transferred = self.was_transferred || Arc::strong_count(mapping) > shares;
        let mut anew = Self::external(env, mapping, self.released.as_ref(), is_shared)?;
        anew.was_transferred = was_transferred;
        std::mem::replace(self, anew).delete(env);
        self.referent(env)
            .ok_or(Error::Buffer(NO_EXTERNAL_BUFFERS_ALLOWED))
    }

    fn referent(&self, env: napi::Env) -> Option<napi::Value> {
        let mut value: napi::Value = std::ptr::null_mut();
        // SAFETY: the reference was made in this environment and is deleted by `unref` only.
        unsafe { napi::get_reference_value(env, self.reference, &raw mut value) }.ok()?;
        (!value.is_null()).then_some(value)
    }

    /// The buffer, unless its memory was transferred to another one.
    fn whole(&self, env: napi::Env, mapping: &Mapping) -> Option<napi::Value> {
        let value = self.referent(env)?;
        let len = match self.origin {
            Origin::External => mapping.len(),
            Origin::Lent(len) => len,
            Origin::ExternalShared | Origin::LentShared => return Some(value),
        };
        (array_buffer_memory(env, value)?.len == len).then_some(value)
    }

    /// Whether the engine has collected the buffer. Its memory may still be in use: each use holds a share.
    pub fn is_collected(&self, env: napi::Env) -> bool {
        self.released.is_some() && self.referent(env).is_none()
    }

    /// Whether somebody else has the memory of an ended attachment in a buffer of their own. It must be asked
    /// before the buffer is emptied.
    pub fn is_transferred(&self, env: napi::Env, mapping: &Arc<Mapping>) -> bool {
        // Each buffer over the memory holds a share.
        Arc::strong_count(mapping) > 1 && self.may_be_elsewhere(env, mapping)
    }

    /// Whether another thread can have the memory at the end of this one's environment. The shares say nothing
    /// then: the engine has called the finalizer of each buffer, whoever has its memory by now.
    pub fn may_be_elsewhere(&self, env: napi::Env, mapping: &Mapping) -> bool {
        // The finalizer of memory that several threads share is theirs, too.
        self.origin != Origin::ExternalShared
            && in_scope(env, || {
                self.was_transferred || self.whole(env, mapping).is_none()
            })
            .unwrap_or(true)
    }

    /// Makes every view of the buffer empty, if the engine `may_detach` it. The mapping must have been
    /// retired: where views cannot be emptied, they go on reading it. Returns the buffer if this has not emptied it:
    /// then JavaScript has to, if it can.
    ///
    /// Detaching a lent buffer would let the engine reuse memory that native work may still be
    /// writing to.
    pub fn empty<'cx>(
        &self,
        cx: &mut impl Context<'cx>,
        may_detach: bool,
    ) -> Option<Handle<'cx, JsValue>> {
        let env = cx.to_raw();
        let value = self.referent(env)?;
        if matches!(self.origin, Origin::External | Origin::Lent(_)) {
            unmark(env, value);
        }
        let detach = symbols().detach.filter(|_| may_detach);
        if let (Origin::External, Some(detach)) = (self.origin, detach) {
            // SAFETY: `value` is an ArrayBuffer of this environment. A refusal leaves views of
            // zero pages, which is harmless.
            unsafe { detach(env, value) };
            return None;
        }
        // SAFETY: a value of the current handle scope.
        Some(unsafe { JsValue::from_raw(cx, value) })
    }

    /// Lets the engine collect the buffer.
    pub fn unref<'cx>(self, cx: &mut impl Context<'cx>) {
        self.delete(cx.to_raw());
    }

    pub(super) fn delete(self, env: napi::Env) {
        // SAFETY: made in this environment, and not used afterwards. It can fail for a null pointer
        // only.
        let _ = unsafe { napi::delete_reference(env, self.reference) };
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
