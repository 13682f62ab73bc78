//! Waiting without blocking: the functions behind `waitAsync`.
//!
//! JavaScript has the promises, by the number of the wait. What is here has the word of each wait,
//! which keeps its addresses from being used for anything else until the wait has ended.

use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

use neon::prelude::*;
use neon::sys::bindings as napi;

use crate::error::{Error, Result};
use crate::node::arguments::whole_number;
use crate::node::callback::{Callback, Deliver};
use crate::node::instance::{Attachments, Instance};
use crate::node::per_thread::PerThread;
use crate::node::symbols::Function;
use crate::node::throw::throw;
use crate::node::wait::{
    bits_argument, word_argument, DETACHED, NOTIFIED, NOT_EQUAL, NOT_OURS, TIMED_OUT,
};
use crate::sync;
use crate::sync::waits::{Ended, Id, Inbox, Waits};
use crate::sync::watchers::Threads;
use crate::sync::word::Word;

/// No wait was started: the word holds another value.
const NOT_EQUAL_AT_ONCE: i32 = -2;

/// Adds the functions of this file to an instance.
pub fn export<'cx>(cx: &mut FunctionContext<'cx>, instance: &Instance<'cx>) -> NeonResult<()> {
    let waiting = PerThread::<Waiting>::new(cx);
    let place = waiting.clone();
    let begin = JsFunction::new(cx, move |cx| begin(&place, cx))?;
    instance.add(cx, "onWaitEnded", begin)?;
    let place = waiting.clone();
    instance.export(cx, "waitAsync", move |attachments, cx| {
        wait_async(attachments, &place, cx)
    })?;
    let cancel_wait = waiting.function(cx, cancel_wait)?;
    instance.add(cx, "cancelWait", cancel_wait)?;
    let cancel_detached = waiting.function(cx, cancel_detached)?;
    instance.add(cx, "cancelDetached", cancel_detached)
}

/// The asynchronous waits of one instance.
struct Waiting {
    waits: Box<dyn Waits>,
    /// In the order of their numbers.
    pending: VecDeque<Pending>,
    last: Id,
    /// How many of them are to keep the process alive, and whether it is kept alive.
    keeping: usize,
    keeps: bool,
    on_ended: Rc<Function>,
}

struct Pending {
    id: Id,
    word: Word,
    keep_alive: bool,
}

impl Waiting {
    fn start(&mut self, word: Word, expected: u32, keep_alive: bool) -> Result<Id> {
        self.last += 1;
        let id = self.last;
        self.waits
            .start(id, &word, expected)
            .map_err(|error| Error::from_io(&error, "futex"))?;
        self.keeping += usize::from(keep_alive);
        self.pending.push_back(Pending {
            id,
            word,
            keep_alive,
        });
        Ok(id)
    }

    fn find(&self, id: Id) -> Option<usize> {
        self.pending
            .binary_search_by_key(&id, |pending| pending.id)
            .ok()
    }

    fn cancel(&mut self, id: Id) -> Result<()> {
        if self.find(id).is_none() {
            return Ok(());
        }
        self.waits
            .cancel(id)
            .map_err(|error| Error::from_io(&error, "futex"))
    }

    /// Cancels the waits for memory that has been detached. The kernel looks for a wait among all of
    /// this thread, the youngest first.
    fn cancel_detached(&mut self) -> Result<()> {
        let is_detached = |pending: &Pending| pending.word.mapping().is_retired();
        let detached: Vec<Id> = self
            .pending
            .iter()
            .rev()
            .filter_map(|pending| is_detached(pending).then_some(pending.id))
            .collect();
        detached.into_iter().try_for_each(|id| self.cancel(id))
    }

    /// A wait has ended; what JavaScript is to be told.
    fn settle(&mut self, id: Id, how: Ended) -> Option<i32> {
        let Pending {
            word, keep_alive, ..
        } = self.pending.remove(self.find(id)?)?;
        self.keeping -= usize::from(keep_alive);
        Some(match how {
            _ if word.mapping().is_retired() => DETACHED,
            Ended::Notified => NOTIFIED,
            Ended::NotEqual => NOT_EQUAL,
            Ended::Cancelled => TIMED_OUT,
        })
    }

    fn keep_alive(&mut self, env: napi::Env) {
        let keep = self.keeping > 0;
        if keep != self.keeps {
            self.waits.keep_alive(env, keep);
            self.keeps = keep;
        }
    }
}

/// Tells JavaScript of the waits that have ended. What it does then can start others, and end them.
#[allow(clippy::cast_precision_loss)] // nobody starts 2^53 waits
fn deliver(place: &PerThread<Waiting>, env: napi::Env) {
    let with = |action: &mut dyn FnMut(&mut Waiting)| {
        if let Some(waiting) = place.try_borrow().as_mut().and_then(|slot| slot.as_mut()) {
            action(waiting);
        }
    };
    let mut ended = Vec::new();
    with(&mut |waiting| ended = waiting.waits.take());
    for (id, how) in ended {
        let mut told = None;
        with(&mut |waiting| {
            let result = waiting.settle(id, how);
            told = result.map(|result| (result, Rc::clone(&waiting.on_ended)));
        });
        if let Some((result, on_ended)) = told {
            on_ended.call([id as f64, result.into()]);
        }
    }
    with(&mut |waiting| waiting.keep_alive(env));
}

/// `onWaitEnded(callback, way)`: before the first `waitAsync`. `callback(id, result)` is called for
/// each wait that has ended. The ways, best first, are `loop` (where the event loop is libuv's),
/// `reaper`, `many`, `single`; where the system lacks one, it is the next.
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
    let exact = match way.as_str() {
        "loop" => sync::exact_waits(&mut cx, &deliver, true),
        "reaper" => sync::exact_waits(&mut cx, &deliver, false),
        _ => None,
    };
    let waits = match exact {
        Some(waits) => waits,
        None => match Callback::new(&mut cx, &deliver) {
            Ok(callback) => Box::new(Threads::new(
                Arc::new(Inbox::new(callback)),
                way == "single",
            )),
            Err(error) => return throw(&mut cx, &error, None),
        },
    };
    let on_ended = match Function::new(&mut cx, callback) {
        Ok(function) => Rc::new(function),
        Err(error) => return throw(&mut cx, &error, None),
    };
    *place.borrow() = Some(Waiting {
        waits,
        pending: VecDeque::new(),
        last: 0,
        keeping: 0,
        keeps: false,
        on_ended,
    });
    Ok(cx.undefined())
}

/// `waitAsync(array, index, value, keepAlive)`: the wait's number, or a negative one if there is none.
#[allow(clippy::cast_precision_loss)] // nobody starts 2^53 waits
fn wait_async<'cx>(
    attachments: &Attachments,
    place: &PerThread<Waiting>,
    mut cx: FunctionContext<'cx>,
) -> JsResult<'cx, JsNumber> {
    let Some(word) = word_argument(attachments, &mut cx)? else {
        return Ok(cx.number(NOT_OURS));
    };
    let expected = bits_argument(&mut cx, 2)?;
    let keep_alive = cx.argument::<JsBoolean>(3)?.value(&mut cx);
    if word.load() != expected {
        return Ok(cx.number(NOT_EQUAL_AT_ONCE));
    }
    let mut waiting = place.borrow();
    let Some(waiting) = waiting.as_mut() else {
        return cx.throw_error("onWaitEnded comes first");
    };
    match waiting.start(word, expected, keep_alive) {
        Ok(id) => {
            waiting.keep_alive(cx.to_raw());
            Ok(cx.number(id as f64))
        }
        Err(error) => throw(&mut cx, &error, None),
    }
}

/// `cancelWait(id)`: the wait ends soon, if it has not ended yet.
fn cancel_wait<'cx>(
    waiting: &mut Option<Waiting>,
    mut cx: FunctionContext<'cx>,
) -> JsResult<'cx, JsUndefined> {
    let id = whole_number::<Id>(&mut cx, 0)?;
    match waiting
        .as_mut()
        .map_or(Ok(()), |waiting| waiting.cancel(id))
    {
        Ok(()) => Ok(cx.undefined()),
        Err(error) => throw(&mut cx, &error, None),
    }
}

/// `cancelDetached()`: the waits for memory that has been detached end soon.
fn cancel_detached<'cx>(
    waiting: &mut Option<Waiting>,
    mut cx: FunctionContext<'cx>,
) -> JsResult<'cx, JsUndefined> {
    match waiting.as_mut().map_or(Ok(()), Waiting::cancel_detached) {
        Ok(()) => Ok(cx.undefined()),
        Err(error) => throw(&mut cx, &error, None),
    }
}
