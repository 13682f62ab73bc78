//! The end of memory: the functions behind orphans and the exit, which all copies of `lib/` have in
//! common.

use neon::prelude::*;

use crate::memory::key::Key;
use crate::memory::orphan::Suspect;
use crate::node::arguments::{key_argument, whole_number};
use crate::node::exported;
use crate::node::throw::throw;
use crate::sys;

/// Exports everything of this file.
pub fn export(cx: &mut ModuleContext) -> NeonResult<()> {
    exported::export(cx, "isOrphan", is_orphan)?;
    exported::export(cx, "segmentStart", segment_start)?;
    exported::export(cx, "destroyOrphan", destroy_orphan)
}

/// `isOrphan(name, inode, device)`, where the device may be left out, or `isOrphan(null, id)` of a segment: whether nobody has that memory
/// attached; null if the system does not tell.
fn is_orphan(mut cx: FunctionContext) -> JsResult<JsValue> {
    let (key, suspect) = suspect(&mut cx)?;
    match suspect.is_orphan() {
        Ok(Some(orphan)) => Ok(cx.boolean(orphan).upcast()),
        Ok(None) => Ok(cx.null().upcast()),
        Err(error) => throw(&mut cx, &error, key.as_ref()),
    }
}

/// `destroyOrphan(name, inode, device)`, likewise, or `destroyOrphan(null, id)` of a segment: whether it was an orphan,
/// which is destroyed by then.
fn destroy_orphan(mut cx: FunctionContext) -> JsResult<JsBoolean> {
    let (key, suspect) = suspect(&mut cx)?;
    match suspect.destroy() {
        Ok(destroyed) => Ok(cx.boolean(destroyed)),
        Err(error) => throw(&mut cx, &error, key.as_ref()),
    }
}

/// `segmentStart(id)`: the first 32-bit word of a segment; undefined if it is gone or may not be read.
#[allow(clippy::unnecessary_wraps)] // Neon's functions return results
fn segment_start(mut cx: FunctionContext) -> JsResult<JsValue> {
    let id = whole_number::<u32>(&mut cx, 0)?;
    Ok(
        match sys::segment_start(i32::from_ne_bytes(id.to_ne_bytes())) {
            Some(word) => cx.number(word).upcast(),
            None => cx.undefined().upcast(),
        },
    )
}

/// The first arguments; the key is for errors.
fn suspect(cx: &mut FunctionContext) -> NeonResult<(Option<Key>, Suspect)> {
    if cx.argument::<JsValue>(0)?.is_a::<JsNull, _>(cx) {
        let id = whole_number::<u32>(cx, 1)?;
        return Ok((None, Suspect::Segment(i32::from_ne_bytes(id.to_ne_bytes()))));
    }
    let inode = whole_number(cx, 1)?;
    let device = match cx.len() {
        0..=2 => None,
        _ => Some(whole_number(cx, 2)?),
    };
    match key_argument(cx)? {
        Key::Object(name) => {
            let key = Key::Object(name.clone());
            let suspect = Suspect::Object {
                name,
                inode,
                device,
            };
            Ok((Some(key), suspect))
        }
        Key::Segment(_) => cx.throw_type_error("a name or null"),
    }
}
