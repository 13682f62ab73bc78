//! What the system tells of a segment or an object, as a JavaScript object. Nothing is attached.

use neon::prelude::*;

use crate::memory::key::Key;
use crate::memory::{posix, sysv};
use crate::node::arguments::key_argument;
use crate::node::throw::throw;
use crate::sys::{ObjectStatus, SegmentId, SegmentStatus};

/// `stat(key)`: numbers and, for times, seconds since 1970; null if there is nothing of that key.
pub fn stat(mut cx: FunctionContext) -> JsResult<JsValue> {
    let key = key_argument(&mut cx)?;
    let found = match &key {
        Key::Segment(key) => sysv::status(*key).map(|found| found.map(segment_fields)),
        Key::Object(name) => posix::status(name).map(|found| found.as_ref().map(object_fields)),
    };
    match found {
        Ok(None) => Ok(cx.null().upcast()),
        Ok(Some(fields)) => {
            let object = cx.empty_object();
            for (name, value) in fields {
                let value = cx.number(value);
                object.set(&mut cx, name, value)?;
            }
            Ok(object.upcast())
        }
        Err(error) => throw(&mut cx, &error, Some(&key)),
    }
}

type Fields = Vec<(&'static str, f64)>;

#[allow(clippy::cast_precision_loss)] // no size and no time comes near 2^53
fn segment_fields((id, status): (SegmentId, SegmentStatus)) -> Fields {
    vec![
        ("size", status.size as f64),
        ("mode", status.mode.into()),
        ("uid", status.uid.into()),
        ("gid", status.gid.into()),
        ("id", id.into()),
        ("attaches", status.attaches.into()),
        ("creatorPid", status.creator.into()),
        ("lastPid", status.last_user.into()),
        ("attached", status.attached as f64),
        ("detached", status.detached as f64),
        ("changed", status.changed as f64),
    ]
}

#[allow(clippy::cast_precision_loss)] // as above
fn object_fields(status: &ObjectStatus) -> Fields {
    vec![
        ("size", status.size as f64),
        ("device", status.device as f64),
        ("inode", status.inode as f64),
        ("mode", status.mode.into()),
        ("uid", status.uid.into()),
        ("gid", status.gid.into()),
        ("modified", status.modified),
        ("changed", status.changed),
    ]
}
