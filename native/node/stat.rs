//! What the system tells of a segment or an object, as a JavaScript object. Nothing is attached.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;

use neon::prelude::*;

use crate::memory::key::Key;
use crate::memory::{posix, sysv};
use crate::node::arguments::key_argument;
use crate::node::throw::throw;

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
#[allow(clippy::cast_lossless)] // some of these types differ between systems
fn segment_fields((id, status): (sysv::Id, libc::shmid_ds)) -> Fields {
    vec![
        ("size", status.shm_segsz as f64),
        ("mode", status.shm_perm.mode as f64),
        ("uid", status.shm_perm.uid as f64),
        ("gid", status.shm_perm.gid as f64),
        ("id", id as f64),
        ("attaches", status.shm_nattch as f64),
        ("creatorPid", status.shm_cpid as f64),
        ("lastPid", status.shm_lpid as f64),
        ("attached", status.shm_atime as f64),
        ("detached", status.shm_dtime as f64),
        ("changed", status.shm_ctime as f64),
    ]
}

#[allow(clippy::cast_precision_loss)] // as above
fn object_fields(status: &Metadata) -> Fields {
    vec![
        ("size", status.size() as f64),
        ("inode", status.ino() as f64),
        ("mode", f64::from(status.mode())),
        ("uid", f64::from(status.uid())),
        ("gid", f64::from(status.gid())),
        ("modified", seconds(status.mtime(), status.mtime_nsec())),
        ("changed", seconds(status.ctime(), status.ctime_nsec())),
    ]
}

/// To the millisecond, which is what a JavaScript `Date` holds.
#[allow(clippy::cast_precision_loss)] // as above
fn seconds(whole: i64, nanoseconds: i64) -> f64 {
    whole as f64 + (nanoseconds / 1_000_000) as f64 / 1e3
}
