//! The functions that JavaScript can call. What each does is described in `api`, `wait` and
//! `wait_async`.

mod error;
mod memory;
mod node;
mod sync;
mod sys;

use crate::node::{memory as functions, stat, symbols, wait, wait_async};
use neon::prelude::*;

#[neon::main]
fn main(mut cx: ModuleContext) -> NeonResult<()> {
    symbols::stay_loaded();
    let thread = functions::Thread::new(&mut cx);
    thread.export(&mut cx, "create", functions::create)?;
    thread.export(&mut cx, "get", functions::get)?;
    thread.export(&mut cx, "lend", functions::lend)?;
    thread.export(&mut cx, "withdraw", functions::withdraw)?;
    thread.export(&mut cx, "abandon", functions::abandon)?;
    thread.export(&mut cx, "detach", functions::detach)?;
    thread.export(&mut cx, "detachAll", functions::detach_all)?;
    thread.export(&mut cx, "getTotalSize", functions::total_size)?;
    thread.export(
        &mut cx,
        "getTotalCreatedSize",
        functions::total_created_size,
    )?;
    cx.export_function("stat", stat::stat)?;
    wait::export(&mut cx, &thread)?;
    wait_async::export(&mut cx, &thread)
}
