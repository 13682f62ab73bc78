//! The functions that JavaScript can call, and nothing else. What each does is written at it, in `node`.

mod error;
mod memory;
mod node;
mod sync;
mod sys;

use neon::prelude::*;

use crate::node::arguments::whole_number;
use crate::node::exported::export;
use crate::node::instance::Instance;
use crate::node::{
    detach, file, flush, lifetimes, lookup, memory as attachments, owner, results, stat, wait,
    wait_async,
};

/// Every thread loads the addon once, whatever the number of copies of `lib/` it has.
#[neon::main]
fn main(mut cx: ModuleContext) -> NeonResult<()> {
    sys::stay_loaded();
    export(&mut cx, "open", open)?;
    export(&mut cx, "stat", stat::stat)?;
    let option_bits = attachments::option_bits(&mut cx)?;
    cx.export_value("optionBits", option_bits)?;
    let results = results::results(&mut cx)?;
    cx.export_value("results", results)?;
    export(&mut cx, "choosePlaces", choose_places)?;
    export(&mut cx, "objectsFolder", objects_folder)?;
    lifetimes::export(&mut cx)?;
    owner::export(&mut cx)
}

/// `choosePlaces(directory, owners)`: the folder of objects and the path of the owners' file, both absolute
/// strings, or undefined for the usual ones. The first call in a
/// process counts.
fn choose_places(mut cx: FunctionContext) -> JsResult<JsUndefined> {
    let mut path = |index| {
        let value = cx.argument::<JsValue>(index)?;
        let text = value.downcast::<JsString, _>(&mut cx).ok();
        Ok(text.map(|text| text.value(&mut cx)))
    };
    let (directory, owners) = (path(0)?, path(1)?);
    sys::choose_places(directory, owners);
    Ok(cx.undefined())
}

/// `objectsFolder()`: where all objects are files; empty where they are none.
#[allow(clippy::unnecessary_wraps)] // Neon's functions return results
fn objects_folder(mut cx: FunctionContext) -> JsResult<JsString> {
    Ok(cx.string(sys::prefix()))
}

/// `open(externalMax, mayCollect, isDeno)`: the functions for one copy of `lib/`, on attachments and waits of its
/// own. The arguments tell what the runtime can do: see [`Instance::new`].
fn open(mut cx: FunctionContext) -> JsResult<JsObject> {
    let external_max = whole_number(&mut cx, 0)?;
    let may_collect = cx.argument::<JsBoolean>(1)?.value(&mut cx);
    let is_deno = cx.argument::<JsBoolean>(2)?.value(&mut cx);
    let instance = Instance::new(&mut cx, external_max, may_collect, is_deno);
    wait::export(&mut cx, &instance)?;
    let waits = wait_async::export(&mut cx, &instance)?;
    attachments::export(&mut cx, &instance)?;
    lookup::export(&mut cx, &instance)?;
    detach::export(&mut cx, &instance, waits.clone())?;
    file::export(&mut cx, &instance, waits)?;
    flush::export(&mut cx, &instance)?;
    Ok(instance.functions())
}
