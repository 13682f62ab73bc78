//! What is attached: by its key, by the address of an array, and in total.
#![allow(clippy::unnecessary_wraps)] // Neon's functions return results, also where none can fail

use neon::prelude::*;

use crate::memory::options::Options;
use crate::memory::registry::Attachment;
use crate::node::arguments::{key_argument, whole_number};
use crate::node::instance::{Attachments, Instance};
use crate::node::throw::{js_key, throw};
use crate::node::typed_array::typed_array_memory;

/// Adds the functions of this file to an instance.
pub fn export<'cx>(cx: &mut FunctionContext<'cx>, instance: &Instance<'cx>) -> NeonResult<()> {
    instance.export(cx, "find", find)?;
    instance.export(cx, "keyOf", key_of)?;
    instance.export(cx, "isCurrent", is_current)?;
    instance.export(cx, "getTotalSize", total_size)?;
    instance.export(cx, "getTotalCreatedSize", total_created_size)
}

/// `find(key, options)`: what shows what the key stands for; undefined if it is not attached.
fn find<'cx>(attachments: &Attachments, mut cx: FunctionContext<'cx>) -> JsResult<'cx, JsValue> {
    let key = key_argument(&mut cx)?;
    let options = Options::new(whole_number(&mut cx, 1)?);
    let mut registry = attachments.borrow_mut();
    let shares = registry.shares();
    let found = match registry.find(&key, options) {
        Ok(Some(Attachment { view, mapping, .. })) => view.shown(&mut cx, mapping, shares),
        Ok(None) => return Ok(cx.undefined().upcast()),
        Err(error) => Err(error),
    };
    drop(registry);
    found.or_else(|error| throw(&mut cx, &error, Some(&key)))
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
