//! What one copy of `lib/` has of its own. Test runners load `lib/` anew for each file and keep the
//! addon; the copies in a thread are as far apart as threads are.

use std::cell::RefCell;
use std::rc::Rc;

use neon::prelude::*;

use crate::memory::registry::Registry;
use crate::node::array_buffer::ArrayBuffer;
use crate::node::symbols;

pub type View = Option<ArrayBuffer>;

/// The attachments of one copy of `lib/`, and the functions that work on them. It ends when the
/// thread does.
pub struct Instance<'cx> {
    registry: Rc<RefCell<Registry<View>>>,
    functions: Handle<'cx, JsObject>,
}

impl<'cx> Instance<'cx> {
    pub fn new(cx: &mut FunctionContext<'cx>) -> Self {
        let registry = Rc::<RefCell<Registry<View>>>::default();
        // The functions go with the thread, too, but later, and on some runtimes not at all; what
        // is lent to the engine must be back before it frees its memory.
        let ending = Rc::clone(&registry);
        symbols::at_environment_end(cx, move || {
            // No call can be under way then; a panic here would abort the process.
            if let Ok(mut registry) = ending.try_borrow_mut() {
                let (_, ended) = registry.detach_all();
                for attachment in ended.into_iter().filter(|ended| ended.mapping.is_taken()) {
                    registry.hold(attachment.mapping);
                }
            }
        });
        Self {
            registry,
            functions: cx.empty_object(),
        }
    }

    /// Adds a function that works on the attachments.
    pub fn export<T: Value>(
        &self,
        cx: &mut FunctionContext<'cx>,
        name: &str,
        function: impl for<'f> Fn(&mut Registry<View>, FunctionContext<'f>) -> JsResult<'f, T> + 'static,
    ) -> NeonResult<()> {
        let registry = Rc::clone(&self.registry);
        let function = JsFunction::new(cx, move |mut cx| match registry.try_borrow_mut() {
            Ok(mut registry) => function(&mut registry, cx),
            // Only a setter that somebody has put on Error.prototype can get here.
            Err(_) => cx.throw_error("called from inside another call of shm-typed-array"),
        })?;
        self.add(cx, name, function)
    }

    pub fn add(
        &self,
        cx: &mut FunctionContext<'cx>,
        name: &str,
        function: Handle<'cx, JsFunction>,
    ) -> NeonResult<()> {
        self.functions.set(cx, name, function)?;
        Ok(())
    }

    /// Everything that was added.
    pub fn functions(&self) -> Handle<'cx, JsObject> {
        self.functions
    }
}
