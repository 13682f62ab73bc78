//! Memory by its key, made or mapped anew: the functions behind `create` and `get`.
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

use neon::prelude::*;

use crate::memory::options::{Options, BITS};
use crate::memory::unpublished::Unpublished;
use crate::node::arguments::{key_argument, whole_number};
use crate::node::array_buffer::ArrayBuffer;
use crate::node::instance::{Attachments, Instance, Unfinished};
use crate::node::throw::{js_key, throw, throw_about, Subject};
use crate::node::unreachable::begin_attach;

/// Adds the functions of this file to an instance.
pub fn export<'cx>(cx: &mut FunctionContext<'cx>, instance: &Instance<'cx>) -> NeonResult<()> {
    instance.export(cx, "create", create)?;
    instance.export(cx, "createTransient", create_transient)?;
    instance.export(cx, "attach", attach)?;
    instance.export(cx, "finish", finish)
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
    let released = match begin_attach(cx, attachments) {
        Ok(released) => released,
        Err(error) => return throw_about(cx, &error, Some(&subject)),
    };
    let (shared, external_max) = (options.shared(), attachments.external_max);
    let mapping = &mut unpublished.mapping;
    let made = ArrayBuffer::over(
        cx,
        mapping,
        shared,
        external_max,
        released.as_ref(),
        allocate,
    )?;
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
    // Zeros first: then what was not published is never seen.
    drop(unpublished);
    view.empty(&mut cx, !attachments.is_deno);
    view.unref(&mut cx);
    match published {
        Ok(_) => Ok(cx.boolean(false)),
        Err(error) => throw_about(&mut cx, &error, Some(&subject)),
    }
}
