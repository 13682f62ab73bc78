//! Arguments of the functions, as JavaScript has checked them before.

use neon::prelude::*;

use crate::memory::key::Key;
use crate::node::values::{number_of, string_of, ROOM_BESIDES};
use crate::sys::{Name, NAME_MAX};

/// The first argument as a key.
pub fn key_argument(cx: &mut FunctionContext) -> NeonResult<Key> {
    let value = cx.argument::<JsValue>(0)?;
    if let Some(number) = number_of(cx, value) {
        return Ok(Key::segment(whole(cx, number)?));
    }
    let mut room = [0; NAME_MAX + ROOM_BESIDES];
    let name = string_of(cx, value, &mut room).and_then(Name::new);
    match name {
        Some(name) => Ok(Key::Object(name)),
        None => cx.throw_type_error("a key is a number, or a string with neither NUL nor excess"),
    }
}

/// The argument as a whole number of type `N`; an error if it is none.
pub fn whole_number<N: TryFrom<u64>>(cx: &mut FunctionContext, index: usize) -> NeonResult<N> {
    let value = cx.argument::<JsValue>(index)?;
    match number_of(cx, value) {
        Some(number) => whole(cx, number),
        None => cx.throw_type_error("no number"),
    }
}

fn whole<N: TryFrom<u64>>(cx: &mut FunctionContext, value: f64) -> NeonResult<N> {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // compared right below
    let whole = value as u64;
    #[allow(clippy::cast_precision_loss, clippy::float_cmp)] // a lost bit makes them differ
    let exact = whole as f64 == value;
    match N::try_from(whole) {
        Ok(number) if exact => Ok(number),
        _ => cx.throw_range_error("no whole number in range"),
    }
}
