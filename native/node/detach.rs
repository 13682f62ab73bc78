//! The end of attachments: the functions behind `detach`, `destroy` and `detachAll`.
#![allow(clippy::unnecessary_wraps)] // Neon's functions return results, also where none can fail

use std::sync::Arc;

use neon::prelude::*;

use crate::memory::mapping::Mapping;
use crate::memory::registry::Attachment;
use crate::node::arguments::key_argument;
use crate::node::array_buffer::ArrayBuffer;
use crate::node::instance::{Attachments, Instance};
use crate::node::lookup::address_argument;
use crate::node::throw::throw;
use crate::node::wait_async::AsyncWaits;

/// Adds the functions of this file to an instance.
pub fn export<'cx>(
    cx: &mut FunctionContext<'cx>,
    instance: &Instance<'cx>,
    waits: AsyncWaits,
) -> NeonResult<()> {
    let (of_all, of_array) = (waits.clone(), waits.clone());
    instance.export(cx, "detach", move |attachments, cx| {
        detach(attachments, &waits, cx)
    })?;
    instance.export(cx, "detachArray", move |attachments, cx| {
        detach_array(attachments, &of_array, cx)
    })?;
    instance.export(cx, "detachAll", move |attachments, cx| {
        detach_all(attachments, &of_all, cx)
    })?;
    instance.export(cx, "detachSegments", detach_segments)
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
/// nothing else that its key has stood for. It is attached under a key: see `keyOf`.
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
