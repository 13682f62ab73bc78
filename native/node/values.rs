//! What JavaScript values are, without a conversion and without an allocation.

use neon::prelude::*;
use neon::sys::bindings as napi;

/// The value as a number; `None` if it is of another type.
pub fn number_of<'cx>(cx: &mut impl Context<'cx>, value: Handle<JsValue>) -> Option<f64> {
    let mut number = 0.0;
    // SAFETY: a live value of this environment, and a local to write to.
    unsafe { napi::get_value_double(cx.to_raw(), value.to_raw(), &raw mut number) }.ok()?;
    Some(number)
}

/// Bytes of room that [`string_of`] needs besides the string: for a NUL, and for telling a string
/// that was cut to fit. That is done between two characters, of at most 4 bytes each.
pub const ROOM_BESIDES: usize = 5;

/// The value as UTF-8 in `room`; `None` if it is of another type or does not fit.
pub fn string_of<'cx, 'room>(
    cx: &mut impl Context<'cx>,
    value: Handle<JsValue>,
    room: &'room mut [u8],
) -> Option<&'room [u8]> {
    let mut len = 0;
    let start = room.as_mut_ptr().cast();
    // SAFETY: a live value of this environment; at most as many bytes are written as there is
    // room, a NUL included.
    unsafe {
        napi::get_value_string_utf8(cx.to_raw(), value.to_raw(), start, room.len(), &raw mut len)
    }
    .ok()?;
    (len + ROOM_BESIDES <= room.len()).then(|| &room[..len])
}

/// `[buffer, byteOffset, byteLength]`.
#[allow(clippy::cast_precision_loss)] // no machine has 2^53 bytes
pub fn part_of_buffer<'cx>(
    cx: &mut FunctionContext<'cx>,
    buffer: Handle<'cx, JsValue>,
    start: usize,
    len: usize,
) -> JsResult<'cx, JsValue> {
    let place = cx.empty_array();
    let numbers = [start, len].map(|number| cx.number(number as f64).upcast());
    for (index, value) in (0..).zip([buffer].into_iter().chain(numbers)) {
        place.set(cx, index, value)?;
    }
    Ok(place.upcast())
}
