//! How a thread waits without blocking, and how its event loop is told of what has ended.

use std::rc::Rc;
use std::sync::Arc;

use neon::prelude::*;
use neon::sys::bindings as napi;

use crate::error::Result;
use crate::node::callback::{Callback, Deliver};
use crate::node::event_loop::Watch;
use crate::node::function::Function;
use crate::sync::ring_waits::RingWaits;
use crate::sync::table::Table;
use crate::sync::waits::{Inbox, Waits};
use crate::sync::watchers::Watchers;

/// The asynchronous waits of one instance, and what tells its event loop that some have ended.
pub struct Waiting {
    pub table: Table,
    alarm: Alarm,
    /// Whether the alarm keeps the process alive.
    is_ref: bool,
    pub on_ended: Rc<Function>,
}

/// What has the event loop call [`deliver`] when waits have ended.
enum Alarm {
    /// The first of two descriptors keeps the process alive for both.
    Watch([Watch; 2]),
    Callback(Callback),
}

impl Waiting {
    /// The ways to wait, best first, are `loop` (where the event loop is libuv's), `reaper`, `many`,
    /// `single`; where the system lacks one, it is the next.
    pub fn new(
        cx: &mut FunctionContext,
        way: &str,
        deliver: &Deliver,
        on_ended: Rc<Function>,
    ) -> Result<Self> {
        let watched = (way == "loop").then(|| watched(cx, deliver));
        let (waits, alarm) = match watched.flatten() {
            Some(watched) => watched,
            None => with_callback(Callback::new(cx, deliver)?, way),
        };
        Ok(Self {
            table: Table::new(waits),
            alarm,
            is_ref: false,
            on_ended,
        })
    }

    /// Keeps the process alive, or no more, as the pending waits want it.
    pub fn update_ref(&mut self, env: napi::Env) {
        let is_ref = self.table.keeps_alive();
        if is_ref != self.is_ref {
            match &self.alarm {
                Alarm::Watch([watch, _]) => watch.set_ref(is_ref),
                Alarm::Callback(callback) => callback.set_ref(env, is_ref),
            }
            self.is_ref = is_ref;
        }
    }
}

fn watched(cx: &mut FunctionContext, deliver: &Deliver) -> Option<(Box<dyn Waits>, Alarm)> {
    let (exact, [first, others]) = RingWaits::watched().ok()?;
    let first = Watch::new(cx, first, Rc::clone(deliver))?;
    let others = Watch::new(cx, others, Rc::clone(deliver))?;
    Some((Box::new(exact), Alarm::Watch([first, others])))
}

fn with_callback(callback: Callback, way: &str) -> (Box<dyn Waits>, Alarm) {
    let inbox = || {
        let callback = callback.clone();
        Inbox::new(move || callback.call())
    };
    let exact = match way {
        "loop" | "reaper" => RingWaits::reaped(inbox()).ok(),
        _ => None,
    };
    let waits: Box<dyn Waits> = match exact {
        Some(exact) => Box::new(exact),
        None => Box::new(Watchers::new(Arc::new(inbox()), way == "single")),
    };
    (waits, Alarm::Callback(callback))
}
