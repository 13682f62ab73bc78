//! Memory by its key: the functions behind `create`, `get` and `detach`.
//!
//! JavaScript has checked every argument before it calls these functions; what is checked again
//! here is only what memory safety rests on. A key is a number for a System V segment, a string
//! with its slash for a POSIX object.
//!
//! Memory is shown before it is published and registered, so that whatever fails until then, here
//! or in JavaScript, leaves nothing. JavaScript runs only while the attachments are not borrowed.
#![allow(clippy::unnecessary_wraps)] // Neon's functions return results, also where none can fail

use std::sync::Arc;

use neon::prelude::*;

use crate::memory::fresh::Fresh;
use crate::memory::key::Key;
use crate::memory::mapping::Mapping;
use crate::memory::options::{Options, BITS};
use crate::memory::registry::{Attachment, Registry};
use crate::node::arguments::{key_argument, whole_number};
use crate::node::array_buffer::ArrayBuffer;
use crate::node::instance::{Attachments, Instance};
use crate::node::throw::{throw, throw_about, Subject};

/// Adds the functions of this file to an instance.
pub fn export<'cx>(cx: &mut FunctionContext<'cx>, instance: &Instance<'cx>) -> NeonResult<()> {
    instance.export(cx, "create", create)?;
    instance.export(cx, "find", find)?;
    instance.export(cx, "attach", attach)?;
    instance.export(cx, "detach", detach)?;
    instance.export(cx, "detachAll", detach_all)?;
    instance.export(cx, "detachSegments", detach_segments)?;
    instance.export(cx, "getTotalSize", total_size)?;
    instance.export(cx, "getTotalCreatedSize", total_created_size)
}

/// `optionBits`: the number to add for each option of `create`, `find` and `attach`.
pub fn option_bits<'cx>(cx: &mut impl Context<'cx>) -> JsResult<'cx, JsObject> {
    let bits = cx.empty_object();
    for (name, bit) in BITS {
        let bit = cx.number(bit);
        bits.set(cx, name, bit)?;
    }
    Ok(bits)
}

/// `create(key, bytes, mode, options, allocate, show)`: a new segment or object, all zero, as `show`
/// shows it; null if the key is taken. The functions: see [`present`].
fn create<'cx>(attachments: &Attachments, mut cx: FunctionContext<'cx>) -> JsResult<'cx, JsValue> {
    let key = key_argument(&mut cx)?;
    let bytes = whole_number::<usize>(&mut cx, 1)?;
    let mode = whole_number::<u16>(&mut cx, 2)?;
    let options = Options::new(whole_number(&mut cx, 3)?);
    match Fresh::create(&key, bytes, mode, options.of(&key)) {
        Ok(Some(fresh)) => present_under(&mut cx, attachments, &key, options, fresh, 4),
        Ok(None) => Ok(cx.null().upcast()),
        Err(error) => throw(&mut cx, &error, Some(&key)),
    }
}

/// `attach(key, options, allocate, show)`: the existing segment or object, mapped anew, as `show` shows
/// it; null if there is none. The functions: see [`present`].
fn attach<'cx>(attachments: &Attachments, mut cx: FunctionContext<'cx>) -> JsResult<'cx, JsValue> {
    let key = key_argument(&mut cx)?;
    let options = Options::new(whole_number(&mut cx, 1)?);
    match Fresh::open(&key, options.of(&key)) {
        Ok(Some(fresh)) => present_under(&mut cx, attachments, &key, options, fresh, 2),
        Ok(None) => Ok(cx.null().upcast()),
        Err(error) => throw(&mut cx, &error, Some(&key)),
    }
}

/// [`present`] under a key.
fn present_under<'cx>(
    cx: &mut FunctionContext<'cx>,
    attachments: &Attachments,
    key: &Key,
    options: Options,
    fresh: Fresh,
    functions: usize,
) -> JsResult<'cx, JsValue> {
    let shared = options.shared();
    present(
        cx,
        attachments,
        key,
        shared,
        fresh,
        functions,
        |registry, fresh, view| {
            registry.register(key, options, fresh, view);
        },
    )
}

/// Shows fresh memory to JavaScript, publishes it and has `register` register it; null if another has
/// taken the key meanwhile.
///
/// The argument `functions` is `allocate(bytes, shared)`, which gets memory from the engine where
/// that takes no other: an `ArrayBuffer`, or a `Uint8Array` over a `SharedArrayBuffer`. The next is
/// `show(buffer, byteOffset, byteLength)`, which makes the array. Either may throw.
pub fn present<'cx>(
    cx: &mut FunctionContext<'cx>,
    attachments: &Attachments,
    subject: &impl Subject,
    shared: bool,
    mut fresh: Fresh,
    functions: usize,
    register: impl FnOnce(&mut Registry<ArrayBuffer>, &Fresh, ArrayBuffer),
) -> JsResult<'cx, JsValue> {
    let allocate = cx.argument::<JsFunction>(functions)?;
    let show = cx.argument::<JsFunction>(functions + 1)?;
    let external_max = attachments.external_max;
    let made = ArrayBuffer::over(cx, &mut fresh.mapping, shared, external_max, allocate)?;
    let (mut view, start) = match made {
        Ok(made) => made,
        Err(error) => return throw_about(cx, &error, Some(subject)),
    };
    let shown = show_through(cx, &mut view, &fresh, start, show);
    let published = match shown {
        Ok(_) => fresh.publish(),
        Err(_) => Ok(false),
    };
    if matches!(published, Ok(true)) {
        register(&mut attachments.borrow_mut(), &fresh, view);
        return shown;
    }
    // Zeros first: then nobody sees what never was.
    drop(fresh);
    view.empty(cx);
    view.unref(cx);
    shown?;
    match published {
        Ok(_) => Ok(cx.null().upcast()),
        Err(error) => throw_about(cx, &error, Some(subject)),
    }
}

fn show_through<'cx>(
    cx: &mut FunctionContext<'cx>,
    view: &mut ArrayBuffer,
    fresh: &Fresh,
    start: usize,
    show: Handle<'cx, JsFunction>,
) -> JsResult<'cx, JsValue> {
    let buffer = match view.value(cx, &fresh.mapping) {
        Ok(buffer) => buffer,
        Err(error) => return throw(cx, &error, None),
    };
    let start = number_of_bytes(cx, start).upcast();
    let len = number_of_bytes(cx, fresh.mapping.len()).upcast();
    let undefined = cx.undefined();
    show.call(cx, undefined, [buffer, start, len])
}

/// `find(key, options)`: the buffer of what the key stands for; undefined if it is not attached.
fn find<'cx>(attachments: &Attachments, mut cx: FunctionContext<'cx>) -> JsResult<'cx, JsValue> {
    let key = key_argument(&mut cx)?;
    let options = Options::new(whole_number(&mut cx, 1)?);
    let mut registry = attachments.borrow_mut();
    let found = match registry.find(&key, options) {
        Ok(Some(Attachment { view, mapping, .. })) => view.value(&mut cx, mapping),
        Ok(None) => return Ok(cx.undefined().upcast()),
        Err(error) => Err(error),
    };
    drop(registry);
    found.or_else(|error| throw(&mut cx, &error, Some(&key)))
}

/// `detach(key, force, moveAway)`: 0 if that destroyed the memory, else how many attaches are left
/// (for an object always 1), -1 if there was nothing to detach. With `force` it is destroyed.
/// `moveAway`: see [`empty`].
fn detach<'cx>(attachments: &Attachments, mut cx: FunctionContext<'cx>) -> JsResult<'cx, JsNumber> {
    let key = key_argument(&mut cx)?;
    let force = cx.argument::<JsBoolean>(1)?.value(&mut cx);
    let move_away = cx.argument::<JsFunction>(2)?;
    let detached = attachments.borrow_mut().detach(&key, force);
    empty(&mut cx, attachments, detached.ended, move_away);
    match detached.left {
        Ok(left) => Ok(cx.number(left.map_or(-1.0, f64::from))),
        Err(error) => throw(&mut cx, &error, Some(&key)),
    }
}

/// `detachAll(moveAway)`: how many System V segments that destroyed.
fn detach_all<'cx>(
    attachments: &Attachments,
    mut cx: FunctionContext<'cx>,
) -> JsResult<'cx, JsNumber> {
    let move_away = cx.argument::<JsFunction>(0)?;
    let (destroyed, ended) = attachments.borrow_mut().detach_all(false);
    empty(&mut cx, attachments, ended, move_away);
    Ok(cx.number(destroyed))
}

/// `detachSegments()`: for the exit. Objects stay readable and writable, and no buffer is given to the
/// engine any more: some abort if their end finds one that is collected and not yet finalized.
fn detach_segments<'cx>(
    attachments: &Attachments,
    mut cx: FunctionContext<'cx>,
) -> JsResult<'cx, JsNumber> {
    let (destroyed, ended) = attachments.borrow_mut().detach_all(true);
    for Attachment { view, mapping, .. } in ended {
        hold_if_transferred(&mut cx, attachments, &view, &mapping);
        view.empty(&mut cx);
    }
    Ok(cx.number(destroyed))
}

/// Empties every view: those that only JavaScript can empty by `move_away(buffer)`.
pub fn empty<'cx>(
    cx: &mut FunctionContext<'cx>,
    attachments: &Attachments,
    ended: Vec<Attachment<ArrayBuffer>>,
    move_away: Handle<'cx, JsFunction>,
) {
    for Attachment { view, mapping, .. } in ended {
        hold_if_transferred(cx, attachments, &view, &mapping);
        if let Some(buffer) = view.empty(cx) {
            let undefined = cx.undefined();
            // It catches its own errors: views that cannot be emptied read zeros.
            let _ = move_away.call(cx, undefined, [buffer]);
        }
        view.unref(cx);
    }
}

fn hold_if_transferred(
    cx: &mut FunctionContext,
    attachments: &Attachments,
    view: &ArrayBuffer,
    mapping: &Arc<Mapping>,
) {
    if view.is_transferred(cx.to_raw(), mapping) {
        attachments.borrow_mut().hold(Arc::clone(mapping));
    }
}

/// `getTotalSize()`: bytes that this copy of `lib/` has mapped in its thread.
fn total_size<'cx>(
    attachments: &Attachments,
    mut cx: FunctionContext<'cx>,
) -> JsResult<'cx, JsNumber> {
    let bytes = attachments.borrow_mut().total_size();
    Ok(number_of_bytes(&mut cx, bytes))
}

/// `getTotalCreatedSize()`: bytes that it has created and not destroyed.
fn total_created_size<'cx>(
    attachments: &Attachments,
    mut cx: FunctionContext<'cx>,
) -> JsResult<'cx, JsNumber> {
    let bytes = attachments.borrow_mut().total_created_size();
    Ok(number_of_bytes(&mut cx, bytes))
}

#[allow(clippy::cast_precision_loss)] // no machine has 2^53 bytes
fn number_of_bytes<'cx>(cx: &mut FunctionContext<'cx>, bytes: usize) -> Handle<'cx, JsNumber> {
    cx.number(bytes as f64)
}
