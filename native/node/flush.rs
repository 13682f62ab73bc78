//! Flushing without blocking: the functions behind `flushAsync`.
//!
//! A thread of ours waits for the disk, for one flush after the other. JavaScript has the promises, by
//! the number of the flush. Neon's tasks are not for this: they end the process when a worker thread is
//! terminated meanwhile.

use std::rc::Rc;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;

use neon::prelude::*;
use neon::sys::bindings as napi;

use crate::error::{Error, Result};
use crate::memory::range::Range;
use crate::node::arguments::whole_number;
use crate::node::callback::{Callback, Deliver};
use crate::node::exported;
use crate::node::file::written_argument;
use crate::node::function::Function;
use crate::node::instance::{Attachments, Instance};
use crate::node::per_thread::PerThread;
use crate::node::results::{DETACHED, OK};
use crate::node::throw::throw;

/// Adds the functions of this file to an instance.
pub fn export<'cx>(cx: &mut FunctionContext<'cx>, instance: &Instance<'cx>) -> NeonResult<()> {
    let flushing = PerThread::<Flushing>::new(cx);
    let place = flushing.clone();
    let begin = exported::function(cx, move |cx| begin(&place, cx))?;
    instance.add(cx, "onFlushed", begin)?;
    instance.export(cx, "flushAsync", move |attachments, cx| {
        flush_async(attachments, &flushing, cx)
    })?;
    let throw_error = exported::function(cx, throw_error)?;
    instance.add(cx, "throwFlushError", throw_error)
}

/// The number of a flush.
type Id = u64;

/// The asynchronous flushes of one instance. The thread ends when this is dropped.
struct Flushing {
    orders: Arc<Orders>,
    done: Arc<Done>,
    last: Id,
    pending: usize,
    on_flushed: Rc<Function>,
}

/// What the thread is to do. (A channel of the standard library would be 15 KB of code.)
#[derive(Default)]
struct Orders {
    given: Mutex<Given>,
    is_told: Condvar,
}

#[derive(Default)]
struct Given {
    flushes: Vec<(Id, Range)>,
    is_last: bool,
}

impl Orders {
    fn tell(&self, change: impl FnOnce(&mut Given)) {
        change(&mut self.given.lock().unwrap_or_else(PoisonError::into_inner));
        self.is_told.notify_one();
    }

    /// Sleeps until there are some; `None` if there will be no more.
    fn take(&self) -> Option<Vec<(Id, Range)>> {
        let given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        let is_idle = |given: &mut Given| given.flushes.is_empty() && !given.is_last;
        let told = self.is_told.wait_while(given, is_idle);
        let flushes = std::mem::take(&mut told.unwrap_or_else(PoisonError::into_inner).flushes);
        (!flushes.is_empty()).then_some(flushes)
    }
}

/// What the thread has done and JavaScript does not know yet.
struct Done {
    callback: Callback,
    results: Mutex<Vec<(Id, i32)>>,
}

impl Done {
    fn take(&self) -> Vec<(Id, i32)> {
        let mut results = self.results.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *results)
    }

    fn add(&self, id: Id, result: i32) {
        let mut results = self.results.lock().unwrap_or_else(PoisonError::into_inner);
        results.push((id, result));
        drop(results);
        self.callback.call();
    }
}

impl Flushing {
    fn new(callback: Callback, on_flushed: Function) -> Result<Self> {
        let orders = Arc::<Orders>::default();
        let done = Arc::new(Done {
            callback,
            results: Mutex::default(),
        });
        let theirs = (Arc::clone(&orders), Arc::clone(&done));
        thread::Builder::new()
            .name("shm-flush".into())
            .spawn(move || work(&theirs.0, &theirs.1))
            .map_err(|error| Error::from_io(&error, "pthread_create"))?;
        Ok(Self {
            orders,
            done,
            last: 0,
            pending: 0,
            on_flushed: Rc::new(on_flushed),
        })
    }
}

impl Drop for Flushing {
    fn drop(&mut self) {
        self.orders.tell(|given| given.is_last = true);
    }
}

fn work(orders: &Orders, done: &Done) {
    while let Some(flushes) = orders.take() {
        for (id, range) in flushes {
            let result = range.flush();
            // The zero pages of a detach have no file, and the engine may have the addresses again.
            let result = if range.mapping().is_retired() {
                DETACHED
            } else {
                result.map_or_else(|error| error.errno().unwrap_or(libc::EIO), |()| OK)
            };
            drop(range);
            done.add(id, result);
        }
    }
}

/// Tells JavaScript of the flushes that are done. What it does then can start others.
#[allow(clippy::cast_precision_loss)] // a thread starts fewer than 2^53 flushes
fn deliver(place: &PerThread<Flushing>, env: napi::Env) {
    let mut finished = None;
    if let Some(flushing) = place.borrow().as_mut() {
        let results = flushing.done.take();
        flushing.pending -= results.len();
        flushing.done.callback.set_ref(env, flushing.pending > 0);
        finished = Some((results, Rc::clone(&flushing.on_flushed)));
    }
    let Some((results, on_flushed)) = finished else {
        return;
    };
    for (id, result) in results {
        on_flushed.call([id as f64, result.into()]);
    }
}

/// `onFlushed(callback)`: before the first `flushAsync`. `callback(id, result)` is called for each flush
/// that is done: the result is [`OK`], [`DETACHED`] or an `errno`.
fn begin<'cx>(
    place: &PerThread<Flushing>,
    mut cx: FunctionContext<'cx>,
) -> JsResult<'cx, JsUndefined> {
    let callback = cx.argument::<JsFunction>(0)?;
    let deliver: Deliver = {
        let place = place.clone();
        Rc::new(move |env| deliver(&place, env))
    };
    let flushing = Function::new(&mut cx, callback).and_then(|on_flushed| {
        let callback = Callback::new(&mut cx, &deliver)?;
        Flushing::new(callback, on_flushed)
    });
    match flushing {
        Ok(flushing) => {
            place.borrow().get_or_insert(flushing);
            Ok(cx.undefined())
        }
        Err(error) => throw(&mut cx, &error, None),
    }
}

/// `flushAsync(array, byteOffset, bytes)`: the number of the flush; 0 if that is no memory of a file that
/// is written.
#[allow(clippy::cast_precision_loss)] // as above
fn flush_async<'cx>(
    attachments: &Attachments,
    place: &PerThread<Flushing>,
    mut cx: FunctionContext<'cx>,
) -> JsResult<'cx, JsNumber> {
    let Some(range) = written_argument(attachments, &mut cx)? else {
        return Ok(cx.number(0));
    };
    let env = cx.to_raw();
    let mut flushing = place.borrow();
    let Some(flushing) = flushing.as_mut() else {
        return cx.throw_error("onFlushed comes first");
    };
    flushing.last += 1;
    flushing.pending += 1;
    flushing.done.callback.set_ref(env, true);
    let id = flushing.last;
    flushing
        .orders
        .tell(|given| given.flushes.push((id, range)));
    Ok(cx.number(id as f64))
}

/// `throwFlushError(errno)`: throws the error of a flush.
fn throw_error(mut cx: FunctionContext) -> JsResult<JsUndefined> {
    let errno = whole_number::<u16>(&mut cx, 0)?;
    throw(&mut cx, &Error::from_errno(errno.into(), "msync"), None)
}
