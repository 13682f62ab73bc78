//! Files as memory: the functions behind `mapFile`, `unmapFile`, `flush` and `advise`.
//!
//! JavaScript has checked every argument before, and made every path absolute. A part of a file is
//! told by two numbers, its offset and its length in bytes, which is −1 for all there is.

use std::sync::Arc;

use neon::prelude::*;

use crate::memory::file::{self, FilePath, Opened, Part};
use crate::memory::mapping::{Mapping, Writes};
use crate::memory::options::Options;
use crate::memory::range::Range;
use crate::memory::registry::{Attachment, Registry};
use crate::memory::unpublished::{Identity, Unpublished};
use crate::node::arguments::whole_number;
use crate::node::array_buffer::ArrayBuffer;
use crate::node::detach::empty;
use crate::node::instance::{Attachments, Instance};
use crate::node::lookup::address_argument;
use crate::node::memory::show;
use crate::node::throw::{throw, throw_about, Subject};
use crate::node::typed_array::typed_array_memory;
use crate::node::wait_async::AsyncWaits;
use crate::sys::{Advice, FileId};

/// Adds the functions of this file to an instance.
pub fn export<'cx>(
    cx: &mut FunctionContext<'cx>,
    instance: &Instance<'cx>,
    waits: AsyncWaits,
) -> NeonResult<()> {
    instance.export(cx, "findFile", find)?;
    instance.export(cx, "attachFile", attach)?;
    instance.export(cx, "createFile", create)?;
    let of_array = waits.clone();
    instance.export(cx, "detachFile", move |attachments, cx| {
        detach(attachments, &waits, cx)
    })?;
    instance.export(cx, "detachFileArray", move |attachments, cx| {
        detach_array(attachments, &of_array, cx)
    })?;
    instance.export(cx, "flush", flush)?;
    instance.export(cx, "advise", advise)
}

/// `findFile(path, options, offset, bytes)`: what shows that part of what the path leads to; undefined if
/// it is not attached.
fn find<'cx>(attachments: &Attachments, mut cx: FunctionContext<'cx>) -> JsResult<'cx, JsValue> {
    let (path, options) = file_arguments(&mut cx)?;
    let part = part_argument(&mut cx)?;
    let mut registry = attachments.borrow_mut();
    let shares = registry.shares();
    let found = match registry.find_file(&path, part, options) {
        Ok(Some(Attachment { view, mapping, .. })) => view.shown(&mut cx, mapping, shares),
        Ok(None) => return Ok(cx.undefined().upcast()),
        Err(error) => Err(error),
    };
    drop(registry);
    found.or_else(|error| throw_about(&mut cx, &error, Some(&path.into())))
}

/// `attachFile(path, options, offset, bytes, allocate)`: what shows that part of the existing file; null if
/// there is no file, and how many bytes it has if there is no such part of it. `finish` comes next.
fn attach<'cx>(attachments: &Attachments, mut cx: FunctionContext<'cx>) -> JsResult<'cx, JsValue> {
    let (path, options) = file_arguments(&mut cx)?;
    let part = part_argument(&mut cx)?;
    let allocate = cx.argument::<JsFunction>(4)?;
    match file::open(&path, part, options) {
        Ok(Opened::Mapped(identity, mapping)) => {
            let unpublished = Unpublished::file(identity, mapping, None);
            show(
                &mut cx,
                attachments,
                path.into(),
                options,
                unpublished,
                allocate,
            )
        }
        Ok(Opened::Absent) => Ok(cx.null().upcast()),
        #[allow(clippy::cast_precision_loss)] // no file has 2^53 bytes
        Ok(Opened::TooShort(size)) => Ok(cx.number(size as f64).upcast()),
        Err(error) => throw_about(&mut cx, &error, Some(&path.into())),
    }
}

/// `createFile(path, options, offset, bytes, mode, allocate)`: what shows that part of a new file of zeros,
/// which ends with it. `finish` comes next, and tells if there is something of that name.
fn create<'cx>(attachments: &Attachments, mut cx: FunctionContext<'cx>) -> JsResult<'cx, JsValue> {
    let (path, options) = file_arguments(&mut cx)?;
    let offset = whole_number(&mut cx, 2)?;
    let len = whole_number(&mut cx, 3)?;
    let mode = whole_number::<u16>(&mut cx, 4)?;
    let allocate = cx.argument::<JsFunction>(5)?;
    match file::create(&path, mode, offset, len, options) {
        Ok((draft, identity, mapping)) => {
            let unpublished = Unpublished::file(identity, mapping, Some(draft));
            show(
                &mut cx,
                attachments,
                path.into(),
                options,
                unpublished,
                allocate,
            )
        }
        Err(error) => throw_about(&mut cx, &error, Some(&path.into())),
    }
}

/// `detachFile(path, moveAway)`: whether anything was attached. `moveAway`: see [`empty`].
fn detach<'cx>(
    attachments: &Attachments,
    waits: &AsyncWaits,
    mut cx: FunctionContext<'cx>,
) -> JsResult<'cx, JsBoolean> {
    let path = path_argument(&mut cx)?;
    let ids = attachments.borrow_mut().files_of(&path);
    end(attachments, waits, &mut cx, ids, Some(&path.into()))
}

/// `detachFileArray(array, moveAway)`: the same for the very file that the array is over.
fn detach_array<'cx>(
    attachments: &Attachments,
    waits: &AsyncWaits,
    mut cx: FunctionContext<'cx>,
) -> JsResult<'cx, JsBoolean> {
    let address = address_argument(&mut cx)?.unwrap_or_default();
    let ids = match attachments.borrow_mut().at(address) {
        Some((_, Identity::File(found))) => vec![found.file],
        _ => Vec::new(),
    };
    end(attachments, waits, &mut cx, ids, None)
}

/// Ends what is attached of these files; whether that was anything.
fn end<'cx>(
    attachments: &Attachments,
    waits: &AsyncWaits,
    cx: &mut FunctionContext<'cx>,
    ids: Vec<FileId>,
    subject: Option<&Subject>,
) -> JsResult<'cx, JsBoolean> {
    let move_away = cx.argument::<JsFunction>(1)?;
    // While the words are still shared, as for a key.
    waits.end_on(|| attachments.borrow_mut().mappings_of_files(&ids));
    let (ended, result) = attachments.borrow_mut().detach_files(ids);
    let was_attached = !ended.is_empty();
    empty(cx, attachments, ended, move_away);
    match result {
        Ok(()) => Ok(cx.boolean(was_attached)),
        Err(error) => throw_about(cx, &error, subject),
    }
}

/// `flush(array, byteOffset, bytes)`: whether that is memory of a file that is written.
fn flush<'cx>(attachments: &Attachments, mut cx: FunctionContext<'cx>) -> JsResult<'cx, JsBoolean> {
    let Some(range) = written_argument(attachments, &mut cx)? else {
        return Ok(cx.boolean(false));
    };
    match range.flush() {
        Ok(()) => Ok(cx.boolean(true)),
        Err(error) => throw(&mut cx, &error, None),
    }
}

/// `advise(array, byteOffset, bytes, advice)`: whether that is memory of a file or, for advice on core dumps, any that
/// is attached.
fn advise<'cx>(
    attachments: &Attachments,
    mut cx: FunctionContext<'cx>,
) -> JsResult<'cx, JsBoolean> {
    let advice = match cx.argument::<JsString>(3)?.value(&mut cx).as_str() {
        "random" => Advice::Random,
        "sequential" => Advice::Sequential,
        "willneed" => Advice::WillNeed,
        "dontdump" => Advice::DontDump,
        _ => Advice::Normal,
    };
    let range = if matches!(advice, Advice::DontDump) {
        range_argument(attachments, &mut cx, Registry::any_at)?
    } else {
        range_argument(attachments, &mut cx, Registry::file_at)?
    };
    let Some(range) = range else {
        return Ok(cx.boolean(false));
    };
    match range.advise(advice) {
        Ok(()) => Ok(cx.boolean(true)),
        Err(error) => throw(&mut cx, &error, None),
    }
}

/// The bytes that `(array, byteOffset, bytes)` are the first three arguments for.
fn range_argument(
    attachments: &Attachments,
    cx: &mut FunctionContext,
    find: impl FnOnce(&mut Registry<ArrayBuffer>, usize) -> Option<&Arc<Mapping>>,
) -> NeonResult<Option<Range>> {
    let array = cx.argument::<JsValue>(0)?;
    let offset = whole_number::<usize>(cx, 1)?;
    let len = whole_number(cx, 2)?;
    let Some(memory) = typed_array_memory(cx.to_raw(), array.to_raw()) else {
        return Ok(None);
    };
    let Some(address) = (memory.data as usize).checked_add(offset) else {
        return Ok(None);
    };
    let mut registry = attachments.borrow_mut();
    let mapping = find(&mut registry, address);
    Ok(mapping.and_then(|mapping| Range::new(mapping, address, len)))
}

/// The same, if what is written there reaches a file.
pub fn written_argument(
    attachments: &Attachments,
    cx: &mut FunctionContext,
) -> NeonResult<Option<Range>> {
    let range = range_argument(attachments, cx, Registry::file_at)?;
    Ok(range.filter(|range| range.mapping().file_writes() == Some(Writes::ReachIt)))
}

fn path_argument(cx: &mut FunctionContext) -> NeonResult<FilePath> {
    let path = cx.argument::<JsString>(0)?.value(cx);
    Ok(FilePath::new(path))
}

fn file_arguments(cx: &mut FunctionContext) -> NeonResult<(FilePath, Options)> {
    let path = path_argument(cx)?;
    let options = Options::new(whole_number(cx, 1)?);
    Ok((path, options))
}

fn part_argument(cx: &mut FunctionContext) -> NeonResult<Part> {
    let offset = whole_number(cx, 2)?;
    let is_whole = cx.argument::<JsNumber>(3)?.value(cx) < 0.0;
    let len = if is_whole {
        None
    } else {
        Some(whole_number(cx, 3)?)
    };
    Ok(Part { offset, len })
}
