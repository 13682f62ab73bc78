//! Flushing without blocking: the functions behind `flushAsync`.
//!
//! A thread of ours waits for the disk, for one flush after the other. JavaScript has the promises, by
//! the number of the flush. Neon's tasks are not for this: they end the process when a worker thread is
//! terminated meanwhile.

use std::rc::Rc;
use std::sync::mpsc::{channel, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use neon::prelude::*;
use neon::sys::bindings as napi;

use crate::error::{Error, Result};
use crate::memory::range::Range;
use crate::node::arguments::whole_number;
use crate::node::callback::{Callback, Deliver};
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
    let begin = JsFunction::new(cx, move |cx| begin(&place, cx))?;
    instance.add(cx, "onFlushed", begin)?;
    instance.export(cx, "flushAsync", move |attachments, cx| {
        flush_async(attachments, &flushing, cx)
    })?;
    let throw_error = JsFunction::new(cx, throw_error)?;
    instance.add(cx, "throwFlushError", throw_error)
}

/// The number of a flush.
type Id = u64;

/// The asynchronous flushes of one instance. The thread ends when this is dropped.
struct Flushing {
    orders: Sender<(Id, Range)>,
    done: Arc<Done>,
    last: Id,
    pending: usize,
    on_flushed: Rc<Function>,
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
        let (orders, received) = channel();
        let done = Arc::new(Done {
            callback,
            results: Mutex::default(),
        });
        let theirs = Arc::clone(&done);
        thread::Builder::new()
            .name("shm-flush".into())
            .spawn(move || work(&received, &theirs))
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

fn work(orders: &Receiver<(Id, Range)>, done: &Done) {
    for (id, range) in orders {
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
    // The thread takes orders as long as `orders` lives.
    let _ = flushing.orders.send((flushing.last, range));
    Ok(cx.number(flushing.last as f64))
}

/// `throwFlushError(errno)`: throws the error of a flush.
fn throw_error(mut cx: FunctionContext) -> JsResult<JsUndefined> {
    let errno = whole_number::<u16>(&mut cx, 0)?;
    throw(&mut cx, &Error::from_errno(errno.into(), "msync"), None)
}
