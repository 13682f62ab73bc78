//! Arguments in, results out: the only file that knows both JavaScript values and attachments.
//!
//! JavaScript has checked every argument before it calls these functions; what is checked again
//! here is only what memory safety rests on. A key is a number for a System V segment, a string
//! with its slash for a POSIX object.
#![allow(clippy::unnecessary_wraps)] // Neon's functions return results, also where none can fail

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use neon::prelude::*;
use neon::types::JsArrayBuffer;

use crate::array_buffer::ArrayBuffer;
use crate::error::Result;
use crate::options::{Options, Part};
use crate::posix::Name;
use crate::registry::{Attachment, Key, Registry};

type View = Option<ArrayBuffer>;

/// What one JavaScript thread has attached. The functions exported to that thread share it, and it
/// ends with them: when the thread does.
pub struct Thread(Rc<RefCell<Registry<View>>>);

/// Node 10, Bun and Deno let a terminated worker's functions leak. Its thread ends all the same, and
/// with it this, which then does what dropping the registry would have done.
struct AtThreadEnd(Weak<RefCell<Registry<View>>>);

impl Drop for AtThreadEnd {
    fn drop(&mut self) {
        if let Some(registry) = self.0.upgrade() {
            registry.borrow_mut().detach_all();
        }
    }
}

thread_local! {
    static AT_THREAD_END: RefCell<Vec<AtThreadEnd>> = const { RefCell::new(Vec::new()) };
}

type Function<T> = for<'cx> fn(&mut Registry<View>, FunctionContext<'cx>) -> JsResult<'cx, T>;

impl Thread {
    pub fn new() -> Self {
        let registry = Rc::default();
        let end = AtThreadEnd(Rc::downgrade(&registry));
        AT_THREAD_END.with(|ends| ends.borrow_mut().push(end));
        Self(registry)
    }

    /// Exports a function that works on this thread's registry.
    pub fn export<T: Value>(
        &self,
        cx: &mut ModuleContext,
        name: &str,
        function: Function<T>,
    ) -> NeonResult<()> {
        let registry = Rc::clone(&self.0);
        let function = JsFunction::new(cx, move |cx| function(&mut registry.borrow_mut(), cx))?;
        cx.export_value(name, function)
    }
}

/// `create(key, bytes, mode, options)`: the `ArrayBuffer` of a new segment or object, all zero, or null if
/// the key is taken.
pub fn create<'cx>(
    registry: &mut Registry<View>,
    mut cx: FunctionContext<'cx>,
) -> JsResult<'cx, JsValue> {
    let key = key_argument(&mut cx)?;
    let bytes = whole_number::<usize>(&mut cx, 1)?;
    let mode = whole_number::<u16>(&mut cx, 2)?;
    let options = Options::new(whole_number(&mut cx, 3)?, None);
    let shown = match registry.create(&key, bytes, mode, options) {
        Ok(None) => return Ok(cx.null().upcast()),
        Ok(Some(attachment)) => show(&mut cx, attachment),
        Err(error) => Err(error),
    };
    match shown {
        Ok(buffer) => Ok(buffer.upcast()),
        Err(error) => {
            // Nobody has seen it, so nothing of it may stay.
            registry.detach(&key, true);
            error.throw(&mut cx, Some(&key))
        }
    }
}

/// `get(key, options, least, most)`: the `ArrayBuffer` of the existing segment or object, or null if
/// there is none. If it has fewer than `least` bytes of data, or more than `most`, the answer is
/// how many it has, and it is attached no more than before.
///
/// `get(key, options, least, most, offset, len)`: the same over that part of the data alone.
pub fn get<'cx>(
    registry: &mut Registry<View>,
    mut cx: FunctionContext<'cx>,
) -> JsResult<'cx, JsValue> {
    let key = key_argument(&mut cx)?;
    let part = match cx.len() {
        0..=4 => None,
        _ => Some(Part {
            offset: whole_number(&mut cx, 4)?,
            len: whole_number(&mut cx, 5)?,
        }),
    };
    let options = Options::new(whole_number(&mut cx, 1)?, part);
    let least = whole_number::<usize>(&mut cx, 2)?;
    let most = whole_number::<usize>(&mut cx, 3)?;
    let attachment = match registry.get(&key, options) {
        Ok(None) => return Ok(cx.null().upcast()),
        Ok(Some(attachment)) => attachment,
        Err(error) => return error.throw(&mut cx, Some(&key)),
    };
    let unseen = attachment.view.is_none();
    let bytes = attachment.mapping.len();
    let fits = (least..=most).contains(&bytes);
    let shown = if fits {
        show(&mut cx, attachment).map(|buffer| buffer.upcast())
    } else {
        Ok(bytes_to_js(&mut cx, bytes)?.upcast())
    };
    if unseen && (shown.is_err() || !fits) {
        registry.withdraw(&key);
    }
    shown.or_else(|error| error.throw(&mut cx, Some(&key)))
}

/// The attachment's `ArrayBuffer`, made when it is first wanted.
fn show<'cx>(
    cx: &mut FunctionContext<'cx>,
    attachment: &mut Attachment<View>,
) -> Result<Handle<'cx, JsArrayBuffer>> {
    if let Some(view) = &attachment.view {
        if let Some(handle) = view.handle(cx, &attachment.mapping) {
            return Ok(handle);
        }
    }
    let (view, handle) = ArrayBuffer::over(cx, &attachment.mapping)?;
    if let Some(transferred) = attachment.view.replace(view) {
        transferred.neuter(cx);
    }
    Ok(handle)
}

/// `detach(key, force)`: 0 if that destroyed the memory, else how many attaches are left (for an
/// object always 1), -1 if there was nothing to detach.
pub fn detach<'cx>(
    registry: &mut Registry<View>,
    mut cx: FunctionContext<'cx>,
) -> JsResult<'cx, JsNumber> {
    let key = key_argument(&mut cx)?;
    let force = cx.argument::<JsBoolean>(1)?.value(&mut cx);
    let detached = registry.detach(&key, force);
    neuter(&mut cx, detached.ended);
    match detached.left {
        Ok(left) => Ok(cx.number(left.map_or(-1.0, f64::from))),
        Err(error) => error.throw(&mut cx, Some(&key)),
    }
}

/// `detachAll()`: how many System V segments that destroyed.
pub fn detach_all<'cx>(
    registry: &mut Registry<View>,
    mut cx: FunctionContext<'cx>,
) -> JsResult<'cx, JsNumber> {
    let (destroyed, ended) = registry.detach_all();
    neuter(&mut cx, ended);
    Ok(cx.number(destroyed))
}

fn neuter(cx: &mut FunctionContext, ended: Vec<Attachment<View>>) {
    for view in ended.into_iter().filter_map(|attachment| attachment.view) {
        view.neuter(cx);
    }
}

/// `getTotalSize()`: bytes that this thread has mapped.
pub fn total_size<'cx>(
    registry: &mut Registry<View>,
    mut cx: FunctionContext<'cx>,
) -> JsResult<'cx, JsNumber> {
    let bytes = registry.total_size();
    bytes_to_js(&mut cx, bytes)
}

/// `getTotalCreatedSize()`: bytes that this thread has created and not destroyed.
pub fn total_created_size<'cx>(
    registry: &mut Registry<View>,
    mut cx: FunctionContext<'cx>,
) -> JsResult<'cx, JsNumber> {
    let bytes = registry.total_created_size();
    bytes_to_js(&mut cx, bytes)
}

#[allow(clippy::cast_precision_loss)] // no machine has 2^53 bytes
fn bytes_to_js<'cx>(cx: &mut FunctionContext<'cx>, bytes: usize) -> JsResult<'cx, JsNumber> {
    Ok(cx.number(bytes as f64))
}

fn key_argument(cx: &mut FunctionContext) -> NeonResult<Key> {
    let value = cx.argument::<JsValue>(0)?;
    if let Ok(name) = value.downcast::<JsString, _>(cx) {
        let name = name.value(cx);
        return match Name::new(&name) {
            Some(name) => Ok(Key::Object(name)),
            None => cx.throw_range_error("a key must not hold a NUL"),
        };
    }
    let number = whole_number::<u32>(cx, 0)?;
    Ok(Key::Segment(libc::key_t::from_ne_bytes(
        number.to_ne_bytes(),
    )))
}

/// The argument as a whole number of type `N`; a `RangeError` if it is none.
fn whole_number<N: TryFrom<u64>>(cx: &mut FunctionContext, index: usize) -> NeonResult<N> {
    let value = cx.argument::<JsNumber>(index)?.value(cx);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // compared right below
    let whole = value as u64;
    #[allow(clippy::cast_precision_loss, clippy::float_cmp)] // a lost bit makes them differ
    let exact = whole as f64 == value;
    match N::try_from(whole) {
        Ok(number) if exact => Ok(number),
        _ => cx.throw_range_error(format!("{value} is no whole number in range")),
    }
}
