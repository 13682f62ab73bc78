//! The end of memory: the functions behind orphans and the exit, which all copies of `lib/` have in
//! common.

use neon::prelude::*;

use crate::memory::key::Key;
use crate::memory::orphan::Suspect;
use crate::node::arguments::{key_argument, whole_number};
use crate::node::throw::throw;

/// Exports everything of this file.
pub fn export(cx: &mut ModuleContext) -> NeonResult<()> {
    cx.export_function("isOrphan", is_orphan)?;
    cx.export_function("destroyOrphan", destroy_orphan)
}

/// `isOrphan(name, inode)`, or `isOrphan(null, id)` of a segment: whether nobody has that memory
/// attached; null if the system does not tell.
fn is_orphan(mut cx: FunctionContext) -> JsResult<JsValue> {
    let (key, suspect) = suspect(&mut cx)?;
    match suspect.is_orphan() {
        Ok(Some(orphan)) => Ok(cx.boolean(orphan).upcast()),
        Ok(None) => Ok(cx.null().upcast()),
        Err(error) => throw(&mut cx, &error, key.as_ref()),
    }
}

/// `destroyOrphan(name, inode)`, or `destroyOrphan(null, id)` of a segment: whether it was an orphan,
/// which is destroyed by then.
fn destroy_orphan(mut cx: FunctionContext) -> JsResult<JsBoolean> {
    let (key, suspect) = suspect(&mut cx)?;
    match suspect.destroy() {
        Ok(destroyed) => Ok(cx.boolean(destroyed)),
        Err(error) => throw(&mut cx, &error, key.as_ref()),
    }
}

/// The first two arguments; the key is for errors.
fn suspect(cx: &mut FunctionContext) -> NeonResult<(Option<Key>, Suspect)> {
    if cx.argument::<JsValue>(0)?.is_a::<JsNull, _>(cx) {
        let id = whole_number::<u32>(cx, 1)?;
        return Ok((None, Suspect::Segment(i32::from_ne_bytes(id.to_ne_bytes()))));
    }
    let inode = whole_number(cx, 1)?;
    match key_argument(cx)? {
        Key::Object(name) => {
            let key = Key::Object(name.clone());
            Ok((Some(key), Suspect::Object { name, inode }))
        }
        Key::Segment(_) => cx.throw_type_error("a name or null"),
    }
}
