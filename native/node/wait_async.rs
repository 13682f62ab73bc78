//! Waiting without blocking: the functions behind `waitAsync`.
//!
//! JavaScript has the promises, by the number of the wait.

use std::io;
use std::rc::Rc;
use std::sync::Arc;

use neon::prelude::*;
use neon::sys::bindings as napi;

use crate::error::Error;
use crate::memory::mapping::Mapping;
use crate::node::arguments::whole_number;
use crate::node::callback::Deliver;
use crate::node::exported;
use crate::node::function::Function;
use crate::node::instance::{Attachments, Instance};
use crate::node::per_thread::PerThread;
use crate::node::results::{DETACHED, NOT_EQUAL, NOT_EQUAL_AT_ONCE, NOT_OURS, OK, TIMED_OUT};
use crate::node::throw::throw;
use crate::node::wait::{bits_argument, word_argument};
use crate::node::waiting::Waiting;
use crate::sync::table::{Report, Table};
use crate::sync::waits::{Ended, Id};

/// The asynchronous waits of one instance, from the first one on.
#[derive(Clone)]
pub struct AsyncWaits(PerThread<Waiting>);

/// Adds the functions of this file to an instance.
pub fn export<'cx>(
    cx: &mut FunctionContext<'cx>,
    instance: &Instance<'cx>,
) -> NeonResult<AsyncWaits> {
    let waiting = PerThread::<Waiting>::new(cx);
    let place = waiting.clone();
    let begin = exported::function(cx, move |cx| begin(&place, cx))?;
    instance.add(cx, "onWaitEnded", begin)?;
    let place = waiting.clone();
    instance.export(cx, "waitAsync", move |attachments, cx| {
        wait_async(attachments, &place, cx)
    })?;
    let cancel_wait = waiting.function(cx, cancel_wait)?;
    instance.add(cx, "cancelWait", cancel_wait)?;
    let cancel_detached = waiting.function(cx, cancel_detached)?;
    instance.add(cx, "cancelDetached", cancel_detached)?;
    Ok(AsyncWaits(waiting))
}

impl AsyncWaits {
    /// Ends the waits on memory that is about to be detached. What the system refuses now JavaScript
    /// asks for again, by `cancelDetached`.
    pub fn end_on(&self, mappings: impl FnOnce() -> Vec<Arc<Mapping>>) {
        if let Some(waiting) = self.0.borrow().as_mut() {
            let _ = waiting.table.end_on(&mappings());
        }
    }

    /// Ends all waits, in the same way.
    pub fn end_all(&self) {
        if let Some(waiting) = self.0.borrow().as_mut() {
            let _ = waiting.table.end_all();
        }
    }
}

/// Tells JavaScript of the waits that have ended. What it does then can start others, and end them.
#[allow(clippy::cast_precision_loss)] // a thread starts fewer than 2^53 waits
fn deliver(place: &PerThread<Waiting>, env: napi::Env) {
    let with = |action: &mut dyn FnMut(&mut Waiting)| {
        if let Some(waiting) = place.try_borrow().as_mut().and_then(|slot| slot.as_mut()) {
            action(waiting);
        }
    };
    let mut ended = Vec::new();
    with(&mut |waiting| ended = waiting.table.take());
    for (id, how) in ended {
        let mut report = None;
        with(&mut |waiting| {
            let result = waiting.table.finish(id, how).map(number_of);
            report = result.map(|result| (result, Rc::clone(&waiting.on_ended)));
        });
        if let Some((result, on_ended)) = report {
            on_ended.call([id as f64, result.into()]);
        }
    }
    with(&mut |waiting| waiting.update_ref(env));
}

fn number_of(report: Report) -> i32 {
    match report {
        Report::Detached => DETACHED,
        Report::Ended(Ended::Notified) => OK,
        Report::Ended(Ended::NotEqual) => NOT_EQUAL,
        Report::Ended(Ended::Cancelled) => TIMED_OUT,
    }
}

/// `onWaitEnded(callback, way)`: before the first `waitAsync`. `callback(id, result)` is called for
/// each wait that has ended. For the ways see [`Waiting::new`].
fn begin<'cx>(
    place: &PerThread<Waiting>,
    mut cx: FunctionContext<'cx>,
) -> JsResult<'cx, JsUndefined> {
    let callback = cx.argument::<JsFunction>(0)?;
    let way = cx.argument::<JsString>(1)?.value(&mut cx);
    if place.borrow().is_some() {
        return Ok(cx.undefined());
    }
    let deliver: Deliver = {
        let place = place.clone();
        Rc::new(move |env| deliver(&place, env))
    };
    let waiting = Function::new(&mut cx, callback)
        .and_then(|on_ended| Waiting::new(&mut cx, &way, &deliver, Rc::new(on_ended)));
    match waiting {
        Ok(waiting) => *place.borrow() = Some(waiting),
        Err(error) => return throw(&mut cx, &error, None),
    }
    Ok(cx.undefined())
}

/// `waitAsync(array, index, value, ref)`: the wait's number, or a negative one if there is none.
#[allow(clippy::cast_precision_loss)] // a thread starts fewer than 2^53 waits
fn wait_async<'cx>(
    attachments: &Attachments,
    place: &PerThread<Waiting>,
    mut cx: FunctionContext<'cx>,
) -> JsResult<'cx, JsNumber> {
    let Some(word) = word_argument(attachments, &mut cx)? else {
        return Ok(cx.number(NOT_OURS));
    };
    let expected = bits_argument(&mut cx, 2)?;
    let is_ref = cx.argument::<JsBoolean>(3)?.value(&mut cx);
    if word.load() != expected {
        return Ok(cx.number(NOT_EQUAL_AT_ONCE));
    }
    let mut waiting = place.borrow();
    let Some(waiting) = waiting.as_mut() else {
        return cx.throw_error("onWaitEnded comes first");
    };
    match waiting.table.start(word, expected, is_ref) {
        Ok(id) => {
            waiting.update_ref(cx.to_raw());
            Ok(cx.number(id as f64))
        }
        Err(error) => {
            let error = Error::from_io(&error, waiting.table.syscall());
            throw(&mut cx, &error, None)
        }
    }
}

/// `cancelWait(id)`: the wait ends soon, unless it has ended.
fn cancel_wait<'cx>(
    waiting: &mut Option<Waiting>,
    mut cx: FunctionContext<'cx>,
) -> JsResult<'cx, JsUndefined> {
    let id = whole_number::<Id>(&mut cx, 0)?;
    done(cx, waiting, |table| table.cancel(id))
}

/// `cancelDetached()`: the waits on memory that has been detached end soon.
fn cancel_detached<'cx>(
    waiting: &mut Option<Waiting>,
    cx: FunctionContext<'cx>,
) -> JsResult<'cx, JsUndefined> {
    done(cx, waiting, Table::cancel_detached)
}

fn done<'cx>(
    mut cx: FunctionContext<'cx>,
    waiting: &mut Option<Waiting>,
    action: impl FnOnce(&mut Table) -> io::Result<()>,
) -> JsResult<'cx, JsUndefined> {
    let Some(Waiting { table, .. }) = waiting else {
        return Ok(cx.undefined());
    };
    match action(table) {
        Ok(()) => Ok(cx.undefined()),
        Err(error) => throw(&mut cx, &Error::from_io(&error, table.syscall()), None),
    }
}
