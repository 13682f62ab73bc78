//! Arguments in, results out: the only file that knows both JavaScript values and attachments.
//!
//! JavaScript has checked every argument before it calls these functions; what is checked again
//! here is only what memory safety rests on. A key is a number for a System V segment, a string
//! with its slash for a POSIX object.
#![allow(clippy::unnecessary_wraps)] // Neon's functions return results, also where none can fail

use neon::prelude::*;

use crate::error::Result;
use crate::memory::options::Options;
use crate::memory::registry::{Attachment, Registry};
use crate::node::arguments::{key_argument, whole_number};
use crate::node::array_buffer::ArrayBuffer;
use crate::node::instance::{Instance, View};
use crate::node::throw::throw;
use crate::node::wait_async::AsyncWaits;

/// Adds the functions of this file to an instance.
pub fn export<'cx>(
    cx: &mut FunctionContext<'cx>,
    instance: &Instance<'cx>,
    waits: AsyncWaits,
) -> NeonResult<()> {
    instance.export(cx, "create", create)?;
    instance.export(cx, "get", get)?;
    instance.export(cx, "lend", lend)?;
    instance.export(cx, "withdraw", withdraw)?;
    instance.export(cx, "abandon", abandon)?;
    let of_all = waits.clone();
    instance.export(cx, "detach", move |registry, cx| {
        detach(registry, &waits, cx)
    })?;
    instance.export(cx, "detachAll", move |registry, cx| {
        detach_all(registry, &of_all, cx)
    })?;
    instance.export(cx, "getTotalSize", total_size)?;
    instance.export(cx, "getTotalCreatedSize", total_created_size)
}

/// `create(key, bytes, mode, options)`: the `ArrayBuffer` of a new segment or object, all zero; null
/// if the key is taken. A number if the memory must be lent to the engine: see [`lend`].
fn create<'cx>(
    registry: &mut Registry<View>,
    mut cx: FunctionContext<'cx>,
) -> JsResult<'cx, JsValue> {
    let key = key_argument(&mut cx)?;
    let bytes = whole_number::<usize>(&mut cx, 1)?;
    let mode = whole_number::<u16>(&mut cx, 2)?;
    let options = Options::new(whole_number(&mut cx, 3)?);
    let shown = match registry.create(&key, bytes, mode, options) {
        Ok(None) => return Ok(cx.null().upcast()),
        Ok(Some(attachment)) => show(&mut cx, attachment, options),
        // Nothing was made, so nothing is taken back: what has the key is somebody else's.
        Err(error) => return throw(&mut cx, &error, Some(&key)),
    };
    shown.or_else(|error| {
        registry.abandon(&key);
        throw(&mut cx, &error, Some(&key))
    })
}

/// `get(key, options, least, most)`: the `ArrayBuffer` of the existing segment or object; null if
/// there is none. A number if the memory must be lent to the engine: see [`lend`].
///
/// If it has fewer than `least` bytes of data, or more than `most`, the answer is −1 less how many
/// it has, and it is attached no more than before.
fn get<'cx>(registry: &mut Registry<View>, mut cx: FunctionContext<'cx>) -> JsResult<'cx, JsValue> {
    let key = key_argument(&mut cx)?;
    let options = Options::new(whole_number(&mut cx, 1)?);
    let least = whole_number::<usize>(&mut cx, 2)?;
    let most = whole_number::<usize>(&mut cx, 3)?;
    let attachment = match registry.get(&key, options) {
        Ok(None) => return Ok(cx.null().upcast()),
        Ok(Some(attachment)) => attachment,
        Err(error) => return throw(&mut cx, &error, Some(&key)),
    };
    let unseen = attachment.view.is_none();
    let bytes = attachment.mapping.len();
    let fits = (least..=most).contains(&bytes);
    let shown = if fits {
        show(&mut cx, attachment, options)
    } else {
        let has = number_of_bytes(&mut cx, bytes).value(&mut cx);
        Ok(cx.number(-1.0 - has).upcast())
    };
    if unseen && (shown.is_err() || !fits) {
        registry.withdraw(&key);
    }
    shown.or_else(|error| throw(&mut cx, &error, Some(&key)))
}

/// The attachment's buffer, made when it is first wanted; the bytes that [`lend`] must be given if
/// it is to be a `SharedArrayBuffer`, or if the engine makes none over memory that is not its own.
fn show<'cx>(
    cx: &mut FunctionContext<'cx>,
    attachment: &mut Attachment<View>,
    options: Options,
) -> Result<Handle<'cx, JsValue>> {
    if let Some(view) = &attachment.view {
        if let Some(handle) = view.handle(cx, &attachment.mapping) {
            return Ok(handle);
        }
        view.check_replaceable()?;
    }
    if let Some(transferred) = attachment.view.take() {
        transferred.give_up(cx, &attachment.mapping);
    }
    if !options.shared() {
        if let Some((view, handle)) = ArrayBuffer::over(cx, &attachment.mapping)? {
            attachment.view = Some(view);
            return Ok(handle);
        }
    }
    Ok(number_of_bytes(cx, attachment.mapping.room_needed()).upcast())
}

/// `lend(key, room, shared)`: moves the memory that [`create`] or [`get`] has just attached into
/// `room`, a new `ArrayBuffer` with at least as many bytes as they have told, or, if `shared`, a
/// `Uint8Array` over the whole of a new `SharedArrayBuffer`. Returns `[byteOffset, byteLength]` of the data in it.
fn lend<'cx>(
    registry: &mut Registry<View>,
    mut cx: FunctionContext<'cx>,
) -> JsResult<'cx, JsValue> {
    let key = key_argument(&mut cx)?;
    let room = cx.argument::<JsValue>(1)?;
    let shared = cx.argument::<JsBoolean>(2)?.value(&mut cx);
    let Some(attachment) = registry.newest(&key) else {
        return cx.throw_error("nothing is attached");
    };
    let address = attachment.mapping.data() as usize;
    match ArrayBuffer::lend(&mut cx, &attachment.mapping, room, shared) {
        Ok((view, start)) => {
            attachment.view = Some(view);
            let place = cx.empty_array();
            let start = number_of_bytes(&mut cx, start);
            place.set(&mut cx, 0, start)?;
            let len = number_of_bytes(&mut cx, attachment.mapping.len());
            place.set(&mut cx, 1, len)?;
            registry.moved(address);
            Ok(place.upcast())
        }
        Err(error) => throw(&mut cx, &error, Some(&key)),
    }
}

/// `withdraw(key)`: takes the newest attachment back that could not be lent, without destroying
/// anything.
fn withdraw<'cx>(
    registry: &mut Registry<View>,
    mut cx: FunctionContext<'cx>,
) -> JsResult<'cx, JsUndefined> {
    let key = key_argument(&mut cx)?;
    registry.withdraw(&key);
    Ok(cx.undefined())
}

/// `abandon(key)`: takes the newest attachment back that has been created but could not be lent, and
/// destroys it.
fn abandon<'cx>(
    registry: &mut Registry<View>,
    mut cx: FunctionContext<'cx>,
) -> JsResult<'cx, JsUndefined> {
    let key = key_argument(&mut cx)?;
    registry.abandon(&key);
    Ok(cx.undefined())
}

/// What a detach is to do besides; the bits are those of `lib/memory/memory.js`.
const FORCE: u32 = 1;
const KEEP: u32 = 2;

/// `detach(key, bits, moveAway)`: 0 if that destroyed the memory, else how many attaches are left
/// (for an object always 1), -1 if there was nothing to detach. With the bit `FORCE` it is
/// destroyed. `moveAway` and the bit `KEEP`: see [`neuter`].
fn detach<'cx>(
    registry: &mut Registry<View>,
    waits: &AsyncWaits,
    mut cx: FunctionContext<'cx>,
) -> JsResult<'cx, JsNumber> {
    let key = key_argument(&mut cx)?;
    let bits = whole_number::<u32>(&mut cx, 1)?;
    waits.end_on(|mapping| registry.has(&key, mapping));
    let detached = registry.detach(&key, bits & FORCE != 0);
    neuter(&mut cx, registry, detached.ended, 2, bits & KEEP != 0)?;
    match detached.left {
        Ok(left) => Ok(cx.number(left.map_or(-1.0, f64::from))),
        Err(error) => throw(&mut cx, &error, Some(&key)),
    }
}

/// `detachAll(bits, moveAway)`: how many System V segments that destroyed.
fn detach_all<'cx>(
    registry: &mut Registry<View>,
    waits: &AsyncWaits,
    mut cx: FunctionContext<'cx>,
) -> JsResult<'cx, JsNumber> {
    let bits = whole_number::<u32>(&mut cx, 0)?;
    waits.end_on(|_| true);
    let (destroyed, ended) = registry.detach_all();
    neuter(&mut cx, registry, ended, 1, bits & KEEP != 0)?;
    Ok(cx.number(destroyed))
}

/// Empties every view: those that only JavaScript can empty by `moveAway(buffer)`, the function
/// that is the argument of that index. `keep` is for the exit: some engines abort if their end
/// finds a buffer that is collected and not yet finalized, so that none is let go of any more.
fn neuter(
    cx: &mut FunctionContext,
    registry: &mut Registry<View>,
    ended: Vec<Attachment<View>>,
    move_away: usize,
    keep: bool,
) -> NeonResult<()> {
    for Attachment { view, mapping, .. } in ended {
        let Some(view) = view else { continue };
        let buffer = view.neuter(cx, &mapping);
        if mapping.is_taken() {
            registry.hold(mapping);
        }
        if let Some(buffer) = buffer {
            let move_away = cx.argument::<JsFunction>(move_away)?;
            let undefined = cx.undefined();
            // It catches its own errors: views that cannot be emptied read zeros.
            let _ = move_away.call(cx, undefined, [buffer]);
        }
        if !keep {
            view.let_go(cx);
        }
    }
    Ok(())
}

/// `getTotalSize()`: bytes that this thread has mapped.
fn total_size<'cx>(
    registry: &mut Registry<View>,
    mut cx: FunctionContext<'cx>,
) -> JsResult<'cx, JsNumber> {
    let bytes = registry.total_size();
    Ok(number_of_bytes(&mut cx, bytes))
}

/// `getTotalCreatedSize()`: bytes that this thread has created and not destroyed.
fn total_created_size<'cx>(
    registry: &mut Registry<View>,
    mut cx: FunctionContext<'cx>,
) -> JsResult<'cx, JsNumber> {
    let bytes = registry.total_created_size();
    Ok(number_of_bytes(&mut cx, bytes))
}

#[allow(clippy::cast_precision_loss)] // no machine has 2^53 bytes
fn number_of_bytes<'cx>(cx: &mut FunctionContext<'cx>, bytes: usize) -> Handle<'cx, JsNumber> {
    cx.number(bytes as f64)
}
