//! Waiting for each other: the functions behind `wait`, `notify` and `Mutex`.
//!
//! JavaScript has checked the arguments; what is checked here is that the word is in memory that
//! this thread has attached.

use std::time::Duration;

use neon::prelude::*;

use crate::error::Error;
use crate::node::arguments::whole_number;
use crate::node::instance::{Attachments, Instance};
use crate::node::per_thread::PerThread;
use crate::node::results::{BEGUN, NOT_EQUAL, NOT_OURS, NO_PLACE, OK, TIMED_OUT};
use crate::node::throw::throw;
use crate::node::typed_array::typed_array_memory;
use crate::sync::queued_wait::QueuedWait;
use crate::sync::ring_waits::ENTER;
use crate::sync::word::{Outcome, Word};

/// Adds the functions of this file to an instance.
pub fn export<'cx>(cx: &mut FunctionContext<'cx>, instance: &Instance<'cx>) -> NeonResult<()> {
    instance.export(cx, "wait", wait)?;
    let waiting = PerThread::<QueuedWait>::new(cx);
    let continue_wait = waiting.function(cx, continue_wait)?;
    instance.add(cx, "continueWait", continue_wait)?;
    instance.export(cx, "beginWait", move |attachments, cx| {
        begin_wait(attachments, &mut waiting.borrow(), cx)
    })?;
    instance.export(cx, "notify", notify)?;
    instance.export(cx, "compareExchange", compare_exchange)
}

/// The word that `(array, index)` are the first two arguments for.
pub fn word_argument(
    attachments: &Attachments,
    cx: &mut FunctionContext,
) -> NeonResult<Option<Word>> {
    let array = cx.argument::<JsValue>(0)?;
    let index = whole_number::<usize>(cx, 1)?;
    let memory = typed_array_memory(cx.to_raw(), array.to_raw());
    let Some(memory) = memory.filter(|memory| index < memory.len) else {
        return Ok(None);
    };
    let address = memory.data as usize + index * size_of::<u32>();
    let mut registry = attachments.borrow_mut();
    let mapping = registry.mapping_at(address);
    Ok(mapping.and_then(|mapping| Word::new(mapping, address)))
}

/// A JavaScript number as the 32 bits that an `Int32Array` holds for it.
pub fn bits_argument(cx: &mut FunctionContext, index: usize) -> NeonResult<u32> {
    let value = cx.argument::<JsNumber>(index)?.value(cx);
    #[allow(clippy::cast_possible_truncation)] // JavaScript has made it a signed 32-bit number
    let signed = value as i32;
    Ok(u32::from_ne_bytes(signed.to_ne_bytes()))
}

/// `wait(array, index, value, milliseconds)`: blocks; `Infinity` milliseconds are for ever.
fn wait<'cx>(attachments: &Attachments, mut cx: FunctionContext<'cx>) -> JsResult<'cx, JsNumber> {
    let Some(word) = word_argument(attachments, &mut cx)? else {
        return Ok(cx.number(NOT_OURS));
    };
    let expected = bits_argument(&mut cx, 2)?;
    let timeout = timeout_argument(&mut cx, 3)?;
    match word.wait(expected, timeout) {
        Ok(outcome) => Ok(cx.number(number_of(outcome))),
        Err(error) => throw(&mut cx, &error, None),
    }
}

/// `beginWait(array, index, value)`: enters the kernel's queue for a wait that blocks only in
/// [`continue_wait`], and keeps its place in between.
fn begin_wait<'cx>(
    attachments: &Attachments,
    waiting: &mut Option<QueuedWait>,
    mut cx: FunctionContext<'cx>,
) -> JsResult<'cx, JsNumber> {
    let Some(word) = word_argument(attachments, &mut cx)? else {
        return Ok(cx.number(NOT_OURS));
    };
    let expected = bits_argument(&mut cx, 2)?;
    if word.load() != expected {
        return Ok(cx.number(NOT_EQUAL));
    }
    if waiting.is_none() {
        *waiting = QueuedWait::new().ok();
    }
    let Some(waiting) = waiting else {
        return Ok(cx.number(NO_PLACE));
    };
    match waiting.begin(word, expected) {
        Ok(()) => Ok(cx.number(BEGUN)),
        Err(error) => throw(&mut cx, &Error::from_io(&error, ENTER), None),
    }
}

/// `continueWait(milliseconds, isLast)`: blocks, and after that time ends the wait if it is the last
/// time.
fn continue_wait<'cx>(
    waiting: &mut Option<QueuedWait>,
    mut cx: FunctionContext<'cx>,
) -> JsResult<'cx, JsNumber> {
    let timeout = timeout_argument(&mut cx, 0)?;
    let is_last = cx.argument::<JsBoolean>(1)?.value(&mut cx);
    let Some(waiting) = waiting else {
        return cx.throw_error("beginWait comes first");
    };
    match waiting.sleep(timeout) {
        Outcome::TimedOut if is_last => match waiting.end() {
            Ok(outcome) => Ok(cx.number(number_of(outcome))),
            Err(error) => throw(&mut cx, &Error::from_io(&error, ENTER), None),
        },
        outcome => Ok(cx.number(number_of(outcome))),
    }
}

/// Milliseconds; what is more than a duration can be is for ever.
fn timeout_argument(cx: &mut FunctionContext, index: usize) -> NeonResult<Option<Duration>> {
    let milliseconds = cx.argument::<JsNumber>(index)?.value(cx);
    Ok(Duration::try_from_secs_f64(milliseconds / 1000.0).ok())
}

fn number_of(outcome: Outcome) -> i32 {
    match outcome {
        Outcome::Notified => OK,
        Outcome::NotEqual => NOT_EQUAL,
        Outcome::TimedOut => TIMED_OUT,
    }
}

/// `notify(array, index, count)`: how many were woken.
fn notify<'cx>(attachments: &Attachments, mut cx: FunctionContext<'cx>) -> JsResult<'cx, JsNumber> {
    let Some(word) = word_argument(attachments, &mut cx)? else {
        return Ok(cx.number(NOT_OURS));
    };
    let count = whole_number::<u32>(&mut cx, 2)?;
    match word.notify(count) {
        Ok(woken) => Ok(cx.number(woken)),
        Err(error) => throw(&mut cx, &error, None),
    }
}

/// `compareExchange(array, index, expected, replacement)`: what the word held, or null if it is in
/// no memory of ours. It serves runtimes whose `Atomics` refuse arrays like these.
fn compare_exchange<'cx>(
    attachments: &Attachments,
    mut cx: FunctionContext<'cx>,
) -> JsResult<'cx, JsValue> {
    let Some(word) = word_argument(attachments, &mut cx)? else {
        return Ok(cx.null().upcast());
    };
    let expected = bits_argument(&mut cx, 2)?;
    let replacement = bits_argument(&mut cx, 3)?;
    let found = word.compare_exchange(expected, replacement);
    Ok(cx.number(i32::from_ne_bytes(found.to_ne_bytes())).upcast())
}
