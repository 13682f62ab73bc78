//! Errors become JavaScript's, shaped like Node's own system errors: `code`, `errno` (negative, as
//! libuv has it), `syscall`, `key`.

use std::fmt::{self, Display, Formatter};

use neon::prelude::*;

use crate::error::Error;
use crate::memory::file::FilePath;
use crate::memory::key::Key;

/// What an error can be about: the message shows it, and a property holds it.
pub enum Subject {
    Key(Key),
    File(FilePath),
}

impl From<Key> for Subject {
    fn from(key: Key) -> Self {
        Self::Key(key)
    }
}

impl From<FilePath> for Subject {
    fn from(path: FilePath) -> Self {
        Self::File(path)
    }
}

impl Display for Subject {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => key.fmt(f),
            Self::File(path) => path.fmt(f),
        }
    }
}

/// Throws `error` as a JavaScript `Error` about a key.
pub fn throw<'cx, T>(
    cx: &mut impl Context<'cx>,
    error: &Error,
    key: Option<&Key>,
) -> NeonResult<T> {
    throw_about(cx, error, key.cloned().map(Subject::Key).as_ref())
}

/// Throws `error` as a JavaScript `Error` about a key or a file.
pub fn throw_about<'cx, T>(
    cx: &mut impl Context<'cx>,
    error: &Error,
    subject: Option<&Subject>,
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
        let (name, value) = property(cx, subject);
        thrown.set(cx, name, value)?;
    }
    cx.throw(thrown)
}

/// The property that tells JavaScript what an error is about.
fn property<'cx>(
    cx: &mut impl Context<'cx>,
    subject: &Subject,
) -> (&'static str, Handle<'cx, JsValue>) {
    match subject {
        Subject::Key(key) => ("key", js_key(cx, key)),
        Subject::File(path) => ("path", cx.string(path.as_str()).upcast()),
    }
}

/// A key as JavaScript knows it.
#[allow(clippy::cast_precision_loss)] // keys are safe integers
pub fn js_key<'cx>(cx: &mut impl Context<'cx>, key: &Key) -> Handle<'cx, JsValue> {
    match key {
        Key::Segment(key) => cx.number(key.number() as f64).upcast(),
        Key::Object(name) => cx.string(name.to_string()).upcast(),
    }
}
