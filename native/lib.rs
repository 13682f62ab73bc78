//! The functions that JavaScript can call. What each does is described in `api`, `wait` and
//! `wait_async`.

mod api;
mod arguments;
mod array_buffer;
mod callback;
mod error;
mod futex;
mod inbox;
mod key;
mod layout;
mod mapping;
mod node_api;
mod options;
mod owner;
mod per_thread;
mod platform;
mod posix;
mod registry;
mod stat;
mod sysv;
mod threads;
#[cfg(feature = "no-backtraces")]
mod unwinder;
mod wait;
mod wait_async;

use neon::prelude::*;

#[neon::main]
fn main(mut cx: ModuleContext) -> NeonResult<()> {
    node_api::stay_loaded();
    let thread = api::Thread::new(&mut cx);
    thread.export(&mut cx, "create", api::create)?;
    thread.export(&mut cx, "get", api::get)?;
    thread.export(&mut cx, "lend", api::lend)?;
    thread.export(&mut cx, "withdraw", api::withdraw)?;
    thread.export(&mut cx, "abandon", api::abandon)?;
    thread.export(&mut cx, "detach", api::detach)?;
    thread.export(&mut cx, "detachAll", api::detach_all)?;
    thread.export(&mut cx, "getTotalSize", api::total_size)?;
    thread.export(&mut cx, "getTotalCreatedSize", api::total_created_size)?;
    cx.export_function("stat", stat::stat)?;
    wait::export(&mut cx, &thread)?;
    wait_async::export(&mut cx, &thread)
}
