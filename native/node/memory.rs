//! Memory by its key: the functions behind `create`, `get` and `detach`.
//!
//! JavaScript has checked every argument before it calls these functions; what is checked again
//! here is only what memory safety rests on. A key is a number for a System V segment, a string
//! with its slash for a POSIX object.
//!
//! Memory is shown before it is published and registered, so that whatever fails until then, here
//! or in JavaScript, leaves nothing. A function that JavaScript makes its array with would be called
//! for that, but a second call into this side costs less. No JavaScript runs while the attachments
//! are borrowed.
#![allow(clippy::unnecessary_wraps)] // Neon's functions return results, also where none can fail

use std::sync::Arc;

use neon::prelude::*;

use crate::memory::mapping::Mapping;
use crate::memory::options::{Options, BITS};
use crate::memory::registry::Attachment;
use crate::memory::unpublished::Unpublished;
use crate::node::arguments::{key_argument, whole_number};
use crate::node::array_buffer::ArrayBuffer;
use crate::node::instance::{Attachments, Instance, Unfinished};
use crate::node::throw::{js_key, throw, throw_about, Subject};
use crate::node::typed_array::typed_array_memory;
use crate::node::wait_async::AsyncWaits;

/// Adds the functions of this file to an instance.
pub fn export<'cx>(
    cx: &mut FunctionContext<'cx>,
    instance: &Instance<'cx>,
    waits: AsyncWaits,
) -> NeonResult<()> {
    instance.export(cx, "create", create)?;
    instance.export(cx, "createTransient", create_transient)?;
    instance.export(cx, "find", find)?;
    instance.export(cx, "attach", attach)?;
    instance.export(cx, "finish", finish)?;
    let of_all = waits.clone();
    let of_array = waits.clone();
    instance.export(cx, "keyOf", key_of)?;
    instance.export(cx, "detachArray", move |attachments, cx| {
        detach_array(attachments, &of_array, cx)
    })?;
    instance.export(cx, "detach", move |attachments, cx| {
        detach(attachments, &waits, cx)
    })?;
    instance.export(cx, "detachAll", move |attachments, cx| {
        detach_all(attachments, &of_all, cx)
    })?;
    instance.export(cx, "detachSegments", detach_segments)?;
    instance.export(cx, "isCurrent", is_current)?;
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

/// `create(key, bytes, mode, options, allocate)`: what shows a new segment or object, all zero; null if
/// the key is taken. [`finish`] comes next. `allocate`: see [`ArrayBuffer::over`].
fn create<'cx>(attachments: &Attachments, mut cx: FunctionContext<'cx>) -> JsResult<'cx, JsValue> {
    let key = key_argument(&mut cx)?;
    let bytes = whole_number::<usize>(&mut cx, 1)?;
    let mode = whole_number::<u16>(&mut cx, 2)?;
    let options = Options::new(whole_number(&mut cx, 3)?);
    let allocate = cx.argument::<JsFunction>(4)?;
    match Unpublished::create(&key, bytes, mode, options.of(&key)) {
        Ok(Some(unpublished)) => show(
            &mut cx,
            attachments,
            key.into(),
            options,
            unpublished,
            allocate,
        ),
        Ok(None) => Ok(cx.null().upcast()),
        Err(error) => throw(&mut cx, &error, Some(&key)),
    }
}

/// `createTransient(bytes, mode, options, allocate)`: `[key, what shows a new transient segment]`. The
/// rest as in [`create`].
fn create_transient<'cx>(
    attachments: &Attachments,
    mut cx: FunctionContext<'cx>,
) -> JsResult<'cx, JsArray> {
    let bytes = whole_number::<usize>(&mut cx, 0)?;
    let mode = whole_number::<u16>(&mut cx, 1)?;
    let options = Options::new(whole_number(&mut cx, 2)?);
    let allocate = cx.argument::<JsFunction>(3)?;
    match Unpublished::transient(bytes, mode, options) {
        Ok((key, unpublished)) => {
            let both = cx.empty_array();
            let number = js_key(&mut cx, &key);
            both.set(&mut cx, 0, number)?;
            let shown = show(
                &mut cx,
                attachments,
                key.into(),
                options,
                unpublished,
                allocate,
            )?;
            both.set(&mut cx, 1, shown)?;
            Ok(both)
        }
        Err(error) => throw(&mut cx, &error, None),
    }
}

/// `attach(key, options, allocate)`: what shows the existing segment or object, mapped anew; null if
/// there is none. [`finish`] comes next. `allocate`: see [`ArrayBuffer::over`].
fn attach<'cx>(attachments: &Attachments, mut cx: FunctionContext<'cx>) -> JsResult<'cx, JsValue> {
    let key = key_argument(&mut cx)?;
    let options = Options::new(whole_number(&mut cx, 1)?);
    let allocate = cx.argument::<JsFunction>(2)?;
    match Unpublished::open(&key, options.of(&key)) {
        Ok(Some(unpublished)) => show(
            &mut cx,
            attachments,
            key.into(),
            options,
            unpublished,
            allocate,
        ),
        Ok(None) => Ok(cx.null().upcast()),
        Err(error) => throw(&mut cx, &error, Some(&key)),
    }
}

/// The buffer over unpublished memory, which waits for [`finish`] from then on.
pub fn show<'cx>(
    cx: &mut FunctionContext<'cx>,
    attachments: &Attachments,
    subject: Subject,
    options: Options,
    mut unpublished: Unpublished,
    allocate: Handle<'cx, JsFunction>,
) -> JsResult<'cx, JsValue> {
    let (shared, external_max) = (options.shared(), attachments.external_max);
    let made = ArrayBuffer::over(cx, &mut unpublished.mapping, shared, external_max, allocate)?;
    let (view, shown) = match made {
        Ok(made) => made,
        Err(error) => return throw_about(cx, &error, Some(&subject)),
    };
    attachments.push(Unfinished {
        subject,
        options,
        unpublished,
        view,
    });
    Ok(shown)
}

/// `finish(ok)`: after the array over what [`create`] or [`attach`] has returned was made. The memory is
/// published and registered; false if another has taken the key meanwhile. If it is not `ok`, or that
/// fails, the memory never was.
fn finish<'cx>(
    attachments: &Attachments,
    mut cx: FunctionContext<'cx>,
) -> JsResult<'cx, JsBoolean> {
    let ok = cx.argument::<JsBoolean>(0)?.value(&mut cx);
    let Some(unfinished) = attachments.pop() else {
        return Ok(cx.boolean(false));
    };
    let Unfinished {
        subject,
        options,
        mut unpublished,
        view,
    } = unfinished;
    let published = if ok { unpublished.publish() } else { Ok(false) };
    if matches!(published, Ok(true)) {
        let mut registry = attachments.borrow_mut();
        match subject {
            Subject::Key(key) => {
                registry.register(key, options, &mut unpublished, view);
            }
            Subject::File(path) => registry.register_file(&path, options, &unpublished, view),
        }
        return Ok(cx.boolean(true));
    }
    // Zeros first: then nobody sees what never was.
    drop(unpublished);
    view.empty(&mut cx, !attachments.is_deno);
    view.unref(&mut cx);
    match published {
        Ok(_) => Ok(cx.boolean(false)),
        Err(error) => throw_about(&mut cx, &error, Some(&subject)),
    }
}

/// `find(key, options)`: what shows what the key stands for; undefined if it is not attached.
fn find<'cx>(attachments: &Attachments, mut cx: FunctionContext<'cx>) -> JsResult<'cx, JsValue> {
    let key = key_argument(&mut cx)?;
    let options = Options::new(whole_number(&mut cx, 1)?);
    let mut registry = attachments.borrow_mut();
    let found = match registry.find(&key, options) {
        Ok(Some(Attachment { view, mapping, .. })) => view.shown(&mut cx, mapping),
        Ok(None) => return Ok(cx.undefined().upcast()),
        Err(error) => Err(error),
    };
    drop(registry);
    found.or_else(|error| throw(&mut cx, &error, Some(&key)))
}

/// `detach(key, force, moveAway)`: 0 if that destroyed the memory, else how many attaches are left
/// (for an object always 1), -1 if there was nothing to detach. With `force` it is destroyed.
/// `moveAway`: see [`empty`].
fn detach<'cx>(
    attachments: &Attachments,
    waits: &AsyncWaits,
    mut cx: FunctionContext<'cx>,
) -> JsResult<'cx, JsNumber> {
    let key = key_argument(&mut cx)?;
    let force = cx.argument::<JsBoolean>(1)?.value(&mut cx);
    let move_away = cx.argument::<JsFunction>(2)?;
    // While the words are still shared: a notification that has reached such a wait goes on to another.
    waits.end_on(|| attachments.borrow_mut().mappings_of(&key));
    let detached = attachments.borrow_mut().detach(&key, force);
    empty(&mut cx, attachments, detached.ended, move_away);
    match detached.left {
        Ok(left) => Ok(cx.number(left.map_or(-1.0, f64::from))),
        Err(error) => throw(&mut cx, &error, Some(&key)),
    }
}

/// `detachArray(array, force, moveAway)`: as [`detach`], of the very memory that the array is over and
/// nothing else that its key has stood for. It is attached under a key: see [`key_of`].
fn detach_array<'cx>(
    attachments: &Attachments,
    waits: &AsyncWaits,
    mut cx: FunctionContext<'cx>,
) -> JsResult<'cx, JsNumber> {
    let address = address_argument(&mut cx)?.unwrap_or_default();
    let force = cx.argument::<JsBoolean>(1)?.value(&mut cx);
    let move_away = cx.argument::<JsFunction>(2)?;
    let found = attachments.borrow_mut().at(address);
    let Some((Some(key), version)) = found else {
        return Ok(cx.number(-1));
    };
    waits.end_on(|| attachments.borrow_mut().mappings_of_version(&key, &version));
    let mut registry = attachments.borrow_mut();
    let detached = registry.detach_version(&key, &version, force);
    drop(registry);
    empty(&mut cx, attachments, detached.ended, move_away);
    match detached.left {
        Ok(left) => Ok(cx.number(left.map_or(-1.0, f64::from))),
        Err(error) => throw(&mut cx, &error, Some(&key)),
    }
}

/// Where the first argument, an array, has its memory; `None` if that is nowhere.
pub fn address_argument(cx: &mut FunctionContext) -> NeonResult<Option<usize>> {
    let array = cx.argument::<JsValue>(0)?;
    let memory = typed_array_memory(cx.to_raw(), array.to_raw());
    Ok(memory.map(|memory| memory.data as usize))
}

/// `keyOf(array)`: the key of the memory under the array; null if that is a file, undefined if this copy of
/// `lib/` has not attached it.
fn key_of<'cx>(attachments: &Attachments, mut cx: FunctionContext<'cx>) -> JsResult<'cx, JsValue> {
    let address = address_argument(&mut cx)?;
    match address.and_then(|address| attachments.borrow_mut().at(address)) {
        Some((Some(key), _)) => Ok(js_key(&mut cx, &key)),
        Some((None, _)) => Ok(cx.null().upcast()),
        None => Ok(cx.undefined().upcast()),
    }
}

/// `isCurrent(array)`: whether the key or path of the memory under the array still leads to that memory;
/// undefined if this copy of `lib/` has not attached it.
fn is_current<'cx>(
    attachments: &Attachments,
    mut cx: FunctionContext<'cx>,
) -> JsResult<'cx, JsValue> {
    let Some(address) = address_argument(&mut cx)? else {
        return Ok(cx.undefined().upcast());
    };
    let found = attachments.borrow_mut().is_current(address);
    match found {
        Ok(Some(current)) => Ok(cx.boolean(current).upcast()),
        Ok(None) => Ok(cx.undefined().upcast()),
        Err(error) => throw(&mut cx, &error, None),
    }
}

/// `detachAll(moveAway)`: how many System V segments that destroyed.
fn detach_all<'cx>(
    attachments: &Attachments,
    waits: &AsyncWaits,
    mut cx: FunctionContext<'cx>,
) -> JsResult<'cx, JsNumber> {
    let move_away = cx.argument::<JsFunction>(0)?;
    waits.end_all();
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
        view.empty(&mut cx, !attachments.is_deno);
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
        if let Some(buffer) = view.empty(cx, !attachments.is_deno) {
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
