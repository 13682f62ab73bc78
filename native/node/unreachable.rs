//! Gives memory back whose buffers the engine has collected and that nothing leads to any more. Whether it has
//! other uses, a transferred buffer, a wait, a flush, tell the shares in the mapping.

use std::rc::{Rc, Weak};
use std::sync::Arc;

use neon::prelude::*;
use neon::sys::bindings as napi;

use crate::error::Result;
use crate::node::callback::Deliver;
use crate::node::environment::in_scope;
use crate::node::instance::Attachments;
use crate::node::released::Released;

/// To be called for each attach: who is to be told of the end of the buffer over it; nobody where the registry
/// has to keep the buffer.
pub fn begin_attach(
    cx: &mut FunctionContext,
    attachments: &Attachments,
) -> Result<Option<Arc<Released>>> {
    if !attachments.may_collect {
        return Ok(None);
    }
    let released = attachments.released_or(|this| {
        let deliver: Deliver = Rc::new(move |env| look(env, &this));
        Released::new(cx, &deliver)
    })?;
    if attachments.borrow_mut().begin_looks() {
        released.wake();
    }
    Ok(Some(released))
}

/// Looks at what was released, and at what is due again.
fn look(env: napi::Env, attachments: &Weak<Attachments>) {
    let Some(attachments) = attachments.upgrade() else {
        return;
    };
    let Some(released) = attachments.released() else {
        return;
    };
    in_scope(env, || {
        let mut registry = attachments.borrow_mut();
        let ended = registry.give_back(released.take(), |view| view.is_collected(env));
        drop(registry);
        for attachment in ended {
            attachment.view.delete(env);
        }
    });
}
