//! Buffers over the engine's own memory, where it takes no other: the mapping moves into it.

use std::sync::Arc;

use neon::prelude::*;

use crate::error::{Error, Result};
use crate::memory::mapping::Mapping;
use crate::node::array_buffer::{ArrayBuffer, Origin};
use crate::node::symbols::NO_EXTERNAL_BUFFERS_ALLOWED;
use crate::node::typed_array::{array_buffer_memory, typed_array_memory};

impl ArrayBuffer {
    /// Moves the mapping into memory that `allocate` gets from the engine.
    ///
    /// Node-API cannot look into a `SharedArrayBuffer`: instead of one, `allocate` returns a typed
    /// array over the whole of it.
    pub(super) fn lend<'cx>(
        cx: &mut FunctionContext<'cx>,
        mapping: &mut Arc<Mapping>,
        shared: bool,
        allocate: Handle<'cx, JsFunction>,
    ) -> NeonResult<Result<Self>> {
        #[allow(clippy::cast_precision_loss)] // no machine has 2^53 bytes
        let needed = cx.number(mapping.room_needed() as f64).upcast::<JsValue>();
        let arguments = [needed, cx.boolean(shared).upcast()];
        let undefined = cx.undefined();
        let room = allocate.call(cx, undefined, arguments)?;
        Ok(Self::lend_into(cx, mapping, shared, room))
    }

    fn lend_into<'cx>(
        cx: &mut impl Context<'cx>,
        mapping: &mut Arc<Mapping>,
        shared: bool,
        room: Handle<'cx, JsValue>,
    ) -> Result<Self> {
        let env = cx.to_raw();
        let found = if shared {
            typed_array_memory(env, room.to_raw())
        } else {
            array_buffer_memory(env, room.to_raw())
        };
        let (Some(memory), Some(mapping)) = (found, Arc::get_mut(mapping)) else {
            return Err(Error::Buffer(NO_EXTERNAL_BUFFERS_ALLOWED));
        };
        if memory.len < mapping.room_needed() {
            return Err(Error::Buffer(NO_EXTERNAL_BUFFERS_ALLOWED));
        }
        let origin = if shared {
            Origin::LentShared
        } else {
            Origin::Lent(memory.len)
        };
        let mut buffer = Self::referring_to(env, memory.buffer, origin, None)?;
        // SAFETY: the room is new, large enough, and known to JavaScript of ours only. It stays
        // allocated as long as the reference lives, which is deleted after the mapping is retired; at
        // the end of the environment the mapping is retired before the engine frees anything.
        match unsafe { mapping.move_into(memory.data) } {
            Ok(start) => {
                buffer.start = start;
                Ok(buffer)
            }
            Err(error) => {
                buffer.unref(cx);
                Err(error)
            }
        }
    }
}
