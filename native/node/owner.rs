//! Who owns mutexes: the functions behind `Mutex` that all copies of `lib/` in a thread have in common.

use neon::prelude::*;

use crate::error::Result;
use crate::node::arguments::whole_number;
use crate::node::per_thread::PerThread;
use crate::node::throw::throw;
use crate::sync::owner::Owner;

/// Exports everything of this file to one JavaScript thread.
pub fn export(cx: &mut ModuleContext) -> NeonResult<()> {
    let owner = PerThread::<Owner>::new(cx);
    let number = owner.function(cx, owner_number)?;
    cx.export_value("ownerNumber", number)?;
    let is_alive = owner.function(cx, is_owner_alive)?;
    cx.export_value("isOwnerAlive", is_alive)
}

/// `ownerNumber()`: what this thread is called in the mutexes it holds.
fn owner_number<'cx>(
    owner: &mut Option<Owner>,
    mut cx: FunctionContext<'cx>,
) -> JsResult<'cx, JsNumber> {
    match claimed(owner) {
        Ok(owner) => Ok(cx.number(owner.number())),
        Err(error) => throw(&mut cx, &error, None),
    }
}

/// `isOwnerAlive(number)`: whether the thread of that number still lives.
fn is_owner_alive<'cx>(
    owner: &mut Option<Owner>,
    mut cx: FunctionContext<'cx>,
) -> JsResult<'cx, JsBoolean> {
    let number = whole_number::<u32>(&mut cx, 0)?;
    match claimed(owner).and_then(|owner| owner.is_alive(number)) {
        Ok(alive) => Ok(cx.boolean(alive)),
        Err(error) => throw(&mut cx, &error, None),
    }
}

fn claimed(owner: &mut Option<Owner>) -> Result<&mut Owner> {
    match owner {
        Some(owner) => Ok(owner),
        none => Ok(none.insert(Owner::claim()?)),
    }
}
