//! Waiting for each other: the functions behind `wait`, `waitAsync`, `notify` and `Mutex`.
//!
//! JavaScript has checked the arguments; what is checked here is that the word is in memory that
//! this thread has attached. Results are numbers, which lib/wait.js names.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use neon::prelude::*;
use neon::types::JsArray;

use crate::api::{whole_number, Thread, View};
use crate::array_buffer::bytes_of_typed_array;
use crate::callback::Callback;
use crate::error::{Error, Result};
use crate::futex::{Outcome, Word};
use crate::inbox::{Ended, Id, Inbox, Waits};
use crate::mapping::Mapping;
use crate::owner::Owner;
use crate::per_thread::PerThread;
use crate::platform;
use crate::registry::Registry;
use crate::threads::Threads;

const NOTIFIED: i32 = 0;
const NOT_EQUAL: i32 = 1;
const TIMED_OUT: i32 = 2;
const DETACHED: i32 = 3;
/// The array is not over memory that this thread has attached.
const NOT_OURS: i32 = -1;
const NOT_EQUAL_AT_ONCE: i32 = -2;

/// Exports everything of this file to one JavaScript thread.
pub fn export(cx: &mut ModuleContext, thread: &Thread) -> NeonResult<()> {
    thread.export(cx, "wait", wait)?;
    thread.export(cx, "notify", notify)?;
    thread.export(cx, "compareExchange", compare_exchange)?;
    let waiting = PerThread::<Waiting>::new(cx);
    let start = waiting.clone();
    thread.export(cx, "waitAsync", move |registry, cx| {
        wait_async(registry, &start, cx)
    })?;
    export_waiting(cx, "onWaitsEnded", &waiting, on_waits_ended)?;
    export_waiting(cx, "endedWaits", &waiting, ended_waits)?;
    export_waiting(cx, "cancelWait", &waiting, cancel_wait)?;
    export_waiting(cx, "cancelDetached", &waiting, cancel_detached)?;
    export_waiting(cx, "keepAlive", &waiting, keep_alive)?;
    let owner = PerThread::<Owner>::new(cx);
    export_waiting(cx, "ownerNumber", &owner, owner_number)?;
    export_waiting(cx, "isOwnerAlive", &owner, is_owner_alive)
}

type Function<T, R> = for<'cx> fn(&mut Option<T>, FunctionContext<'cx>) -> JsResult<'cx, R>;

fn export_waiting<T: 'static, R: Value>(
    cx: &mut ModuleContext,
    name: &str,
    state: &PerThread<T>,
    function: Function<T, R>,
) -> NeonResult<()> {
    let state = state.clone();
    let function = JsFunction::new(cx, move |cx| function(&mut state.borrow(), cx))?;
    cx.export_value(name, function)
}

/// The word that `(array, index)` are the first two arguments for.
fn word_argument(
    registry: &mut Registry<View>,
    cx: &mut FunctionContext,
) -> NeonResult<Option<Word>> {
    let array = cx.argument::<JsValue>(0)?;
    let index = whole_number::<usize>(cx, 1)?;
    let Some((start, bytes)) = bytes_of_typed_array(cx, array, 4) else {
        return Ok(None);
    };
    let offset = index.saturating_mul(4);
    if offset >= bytes {
        return Ok(None);
    }
    let mapping = registry.mapping_at(start + offset);
    Ok(mapping.and_then(|mapping| Word::new(mapping, start + offset)))
}

/// A JavaScript number as the 32 bits that an `Int32Array` holds for it.
fn bits_argument(cx: &mut FunctionContext, index: usize) -> NeonResult<u32> {
    let value = cx.argument::<JsNumber>(index)?.value(cx);
    #[allow(clippy::cast_possible_truncation)] // JavaScript has made it a signed 32-bit number
    let signed = value as i32;
    Ok(u32::from_ne_bytes(signed.to_ne_bytes()))
}

/// `wait(array, index, value, milliseconds)`: blocks; `Infinity` milliseconds are for ever.
fn wait<'cx>(
    registry: &mut Registry<View>,
    mut cx: FunctionContext<'cx>,
) -> JsResult<'cx, JsNumber> {
    let Some(word) = word_argument(registry, &mut cx)? else {
        return Ok(cx.number(NOT_OURS));
    };
    let expected = bits_argument(&mut cx, 2)?;
    let milliseconds = cx.argument::<JsNumber>(3)?.value(&mut cx);
    // What is more than a duration can be is for ever too.
    let timeout = Duration::try_from_secs_f64(milliseconds / 1000.0).ok();
    match word.wait(expected, timeout) {
        Ok(outcome) => Ok(cx.number(match outcome {
            Outcome::Notified => NOTIFIED,
            Outcome::NotEqual => NOT_EQUAL,
            Outcome::TimedOut => TIMED_OUT,
        })),
        Err(error) => error.throw(&mut cx, None),
    }
}

/// `notify(array, index, count)`: how many were woken.
fn notify<'cx>(
    registry: &mut Registry<View>,
    mut cx: FunctionContext<'cx>,
) -> JsResult<'cx, JsNumber> {
    let Some(word) = word_argument(registry, &mut cx)? else {
        return Ok(cx.number(NOT_OURS));
    };
    let count = whole_number::<u32>(&mut cx, 2)?;
    match word.notify(count) {
        Ok(woken) => Ok(cx.number(woken)),
        Err(error) => error.throw(&mut cx, None),
    }
}

/// `compareExchange(array, index, expected, replacement)`: what the word held, or null if it is in
/// no memory of ours. It serves runtimes whose `Atomics` refuse arrays like these.
fn compare_exchange<'cx>(
    registry: &mut Registry<View>,
    mut cx: FunctionContext<'cx>,
) -> JsResult<'cx, JsValue> {
    let Some(word) = word_argument(registry, &mut cx)? else {
        return Ok(cx.null().upcast());
    };
    let expected = bits_argument(&mut cx, 2)?;
    let replacement = bits_argument(&mut cx, 3)?;
    let found = word.compare_exchange(expected, replacement);
    Ok(cx.number(i32::from_ne_bytes(found.to_ne_bytes())).upcast())
}

/// The asynchronous waits of one JavaScript thread.
struct Waiting {
    waits: Box<dyn Waits>,
    inbox: Arc<Inbox>,
    words: HashMap<Id, Word>,
    /// The waits by the address of the mapping their words are in.
    ids: HashMap<usize, (Arc<Mapping>, HashSet<Id>)>,
    last: Id,
}

impl Waiting {
    fn new(callback: Callback, kind: &str) -> Self {
        let inbox = Arc::new(Inbox::new(callback));
        let exact = match kind {
            "" => platform::exact_waits(Arc::clone(&inbox)).ok(),
            _ => None,
        };
        let waits =
            exact.unwrap_or_else(|| Box::new(Threads::new(Arc::clone(&inbox), kind == "single")));
        Self {
            waits,
            inbox,
            words: HashMap::new(),
            ids: HashMap::new(),
            last: 0,
        }
    }

    fn start(&mut self, word: Word, expected: u32) -> Result<Id> {
        self.last += 1;
        let id = self.last;
        self.waits
            .start(id, &word, expected)
            .map_err(|error| Error::from_io(&error, "futex"))?;
        let mapping = word.mapping();
        let (_, ids) = self
            .ids
            .entry(mapping.data() as usize)
            .or_insert_with(|| (Arc::clone(mapping), HashSet::new()));
        ids.insert(id);
        self.words.insert(id, word);
        Ok(id)
    }

    fn cancel(&mut self, id: Id) -> Result<()> {
        if !self.words.contains_key(&id) {
            return Ok(());
        }
        self.waits
            .cancel(id)
            .map_err(|error| Error::from_io(&error, "futex"))
    }

    /// Cancels the waits for memory that has been detached.
    fn cancel_detached(&mut self) -> Result<()> {
        let of_retired = |(mapping, ids): &(Arc<Mapping>, HashSet<Id>)| {
            mapping.is_retired().then(|| ids.iter().copied().collect())
        };
        let detached: Vec<Vec<Id>> = self.ids.values().filter_map(of_retired).collect();
        detached
            .iter()
            .flatten()
            .try_for_each(|&id| self.cancel(id))
    }

    /// The waits that have ended since the last call, and how.
    fn take(&mut self) -> Vec<(Id, i32)> {
        let ended = self.inbox.take();
        ended
            .into_iter()
            .filter_map(|(id, how)| {
                let word = self.words.remove(&id)?;
                self.waits.forget(id);
                let address = word.mapping().data() as usize;
                if let Some((_, ids)) = self.ids.get_mut(&address) {
                    ids.remove(&id);
                    if ids.is_empty() {
                        self.ids.remove(&address);
                    }
                }
                let how = match how {
                    _ if word.mapping().is_retired() => DETACHED,
                    Ended::Notified => NOTIFIED,
                    Ended::NotEqual => NOT_EQUAL,
                    Ended::Cancelled => TIMED_OUT,
                };
                Some((id, how))
            })
            .collect()
    }
}

/// `onWaitsEnded(callback, kind)`: before the first `waitAsync`. The kind is empty for the best
/// way that the system has, else names a lesser one.
fn on_waits_ended<'cx>(
    waiting: &mut Option<Waiting>,
    mut cx: FunctionContext<'cx>,
) -> JsResult<'cx, JsUndefined> {
    let function = cx.argument::<JsFunction>(0)?;
    let kind = cx.argument::<JsString>(1)?.value(&mut cx);
    match Callback::new(&mut cx, function) {
        Ok(callback) => *waiting = Some(Waiting::new(callback, &kind)),
        Err(error) => return error.throw(&mut cx, None),
    }
    Ok(cx.undefined())
}

/// `waitAsync(array, index, value)`: the wait's number, or a negative one if there is none.
#[allow(clippy::cast_precision_loss)] // nobody starts 2^53 waits
fn wait_async<'cx>(
    registry: &mut Registry<View>,
    waiting: &PerThread<Waiting>,
    mut cx: FunctionContext<'cx>,
) -> JsResult<'cx, JsNumber> {
    let Some(word) = word_argument(registry, &mut cx)? else {
        return Ok(cx.number(NOT_OURS));
    };
    let expected = bits_argument(&mut cx, 2)?;
    if word.load() != expected {
        return Ok(cx.number(NOT_EQUAL_AT_ONCE));
    }
    let mut waiting = waiting.borrow();
    let Some(waiting) = waiting.as_mut() else {
        return cx.throw_error("onWaitsEnded comes first");
    };
    match waiting.start(word, expected) {
        Ok(id) => Ok(cx.number(id as f64)),
        Err(error) => error.throw(&mut cx, None),
    }
}

/// `endedWaits()`: number and result of each wait that has ended, one after the other.
#[allow(clippy::cast_precision_loss)] // nobody starts 2^53 waits
fn ended_waits<'cx>(
    waiting: &mut Option<Waiting>,
    mut cx: FunctionContext<'cx>,
) -> JsResult<'cx, JsArray> {
    let ended = waiting.as_mut().map(Waiting::take).unwrap_or_default();
    let array = cx.empty_array();
    for (index, (id, how)) in (0_u32..).step_by(2).zip(ended) {
        let id = cx.number(id as f64);
        array.set(&mut cx, index, id)?;
        let how = cx.number(how);
        array.set(&mut cx, index + 1, how)?;
    }
    Ok(array)
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
        Err(error) => error.throw(&mut cx, None),
    }
}

/// `cancelDetached()`: the waits for memory that has been detached end soon.
fn cancel_detached<'cx>(
    waiting: &mut Option<Waiting>,
    mut cx: FunctionContext<'cx>,
) -> JsResult<'cx, JsUndefined> {
    match waiting.as_mut().map_or(Ok(()), Waiting::cancel_detached) {
        Ok(()) => Ok(cx.undefined()),
        Err(error) => error.throw(&mut cx, None),
    }
}

/// `keepAlive(whether)`: whether the process waits for the waits.
fn keep_alive<'cx>(
    waiting: &mut Option<Waiting>,
    mut cx: FunctionContext<'cx>,
) -> JsResult<'cx, JsUndefined> {
    let keep = cx.argument::<JsBoolean>(0)?.value(&mut cx);
    if let Some(waiting) = waiting {
        waiting.inbox.callback().keep_alive(&mut cx, keep);
    }
    Ok(cx.undefined())
}

/// `ownerNumber()`: what this thread is called in the mutexes it holds.
fn owner_number<'cx>(
    owner: &mut Option<Owner>,
    mut cx: FunctionContext<'cx>,
) -> JsResult<'cx, JsNumber> {
    match claimed(owner) {
        Ok(owner) => Ok(cx.number(owner.number())),
        Err(error) => error.throw(&mut cx, None),
    }
}

/// `isOwnerAlive(number)`: whether the thread of that number still lives.
fn is_owner_alive<'cx>(
    owner: &mut Option<Owner>,
    mut cx: FunctionContext<'cx>,
) -> JsResult<'cx, JsBoolean> {
    let number = whole_number::<u32>(&mut cx, 0)?;
    match claimed(owner).and_then(|owner| owner.is_alive(number)) {
        Ok(alive) => Ok(cx.boolean(alive)),
        Err(error) => error.throw(&mut cx, None),
    }
}

fn claimed(owner: &mut Option<Owner>) -> Result<&mut Owner> {
    match owner {
        Some(owner) => Ok(owner),
        none => Ok(none.insert(Owner::claim()?)),
    }
}
