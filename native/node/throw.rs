//! Errors become JavaScript's, shaped like Node's own system errors: `code`, `errno` (negative, as
//! libuv has it), `syscall`, `key`.

use std::fmt::Display;

use neon::prelude::*;

use crate::error::Error;
use crate::memory::key::Key;

/// Throws `error` as a JavaScript `Error` about `key`.
pub fn throw<T>(cx: &mut FunctionContext, error: &Error, key: Option<&Key>) -> NeonResult<T> {
    let thrown = cx.error(error.message(key.map(|key| key as &dyn Display)))?;
    let code = cx.string(error.code());
    thrown.set(cx, "code", code)?;
    if let Some(errno) = error.errno() {
        let errno = cx.number(-errno);
        thrown.set(cx, "errno", errno)?;
    }
    if let Some(syscall) = error.syscall() {
        let syscall = cx.string(syscall);
        thrown.set(cx, "syscall", syscall)?;
    }
    if let Some(key) = key {
        let key = js_key(cx, key);
        thrown.set(cx, "key", key)?;
    }
    cx.throw(thrown)
}

/// A key as JavaScript knows it.
#[allow(clippy::cast_precision_loss)] // keys are safe integers
pub fn js_key<'cx>(cx: &mut FunctionContext<'cx>, key: &Key) -> Handle<'cx, JsValue> {
    match key {
        Key::Segment(key) => cx.number(key.number() as f64).upcast(),
        Key::Object(name) => cx.string(name.to_string()).upcast(),
    }
}
