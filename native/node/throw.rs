//! Errors become JavaScript's, shaped like Node's own system errors: `code`, `errno` (negative, as
//! libuv has it), `syscall`, `key`.

use std::fmt::Display;

use neon::prelude::*;

use crate::error::Error;
use crate::memory::file::FilePath;
use crate::memory::key::Key;

/// What an error can be about: the message shows it, and a property holds it.
pub trait Subject: Display {
    fn property(&self) -> &'static str;

    /// As JavaScript knows it.
    fn value<'cx>(&self, cx: &mut impl Context<'cx>) -> Handle<'cx, JsValue>;
}

impl Subject for Key {
    fn property(&self) -> &'static str {
        "key"
    }

    fn value<'cx>(&self, cx: &mut impl Context<'cx>) -> Handle<'cx, JsValue> {
        match self {
            Key::Segment(number) => cx.number(Key::unsigned(*number)).upcast(),
            Key::Object(name) => cx.string(name.to_string()).upcast(),
        }
    }
}

impl Subject for FilePath {
    fn property(&self) -> &'static str {
        "path"
    }

    fn value<'cx>(&self, cx: &mut impl Context<'cx>) -> Handle<'cx, JsValue> {
        cx.string(self.as_str()).upcast()
    }
}

/// Throws `error` as a JavaScript `Error` about a key.
pub fn throw<'cx, T>(
    cx: &mut impl Context<'cx>,
    error: &Error,
    key: Option<&Key>,
) -> NeonResult<T> {
    throw_about(cx, error, key)
}

/// Throws `error` as a JavaScript `Error` about a key or a file.
pub fn throw_about<'cx, T>(
    cx: &mut impl Context<'cx>,
    error: &Error,
    subject: Option<&impl Subject>,
) -> NeonResult<T> {
    let thrown = cx.error(error.message(subject.map(|subject| subject as &dyn Display)))?;
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
    if let Some(subject) = subject {
        let value = subject.value(cx);
        thrown.set(cx, subject.property(), value)?;
    }
    cx.throw(thrown)
}
