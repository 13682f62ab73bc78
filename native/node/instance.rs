//! What one copy of `lib/` has of its own. Test runners load `lib/` anew for each file and keep the
//! addon; the copies in a thread are as far apart as threads are.

use std::cell::{RefCell, RefMut};
use std::rc::Rc;

use neon::prelude::*;

use crate::memory::options::Options;
use crate::memory::registry::Registry;
use crate::memory::unpublished::Unpublished;
use crate::node::array_buffer::ArrayBuffer;
use crate::node::environment;
use crate::node::throw::Subject;

/// What one copy of `lib/` has attached.
pub struct Attachments {
    registry: RefCell<Registry<ArrayBuffer>>,
    /// What JavaScript is making arrays over. If it makes one while it makes another, the last one comes first.
    unfinished: RefCell<Vec<Unfinished>>,
    /// The most bytes that the runtime shows of memory that is not its own.
    pub external_max: usize,
    /// Deno cannot be asked about values when an environment ends. And its zlib and crypto work in later
    /// turns of the event loop, in which an emptied buffer is an uncaught error.
    pub is_deno: bool,
}

/// Memory that is shown and neither published nor registered yet. Dropped, it never was.
pub struct Unfinished {
    pub subject: Subject,
    pub options: Options,
    pub unpublished: Unpublished,
    pub view: ArrayBuffer,
}

impl Attachments {
    /// # Panics
    /// If it is borrowed already: JavaScript must not run meanwhile.
    pub fn borrow_mut(&self) -> RefMut<'_, Registry<ArrayBuffer>> {
        self.registry.borrow_mut()
    }

    pub fn push(&self, unfinished: Unfinished) {
        self.unfinished.borrow_mut().push(unfinished);
    }

    pub fn pop(&self) -> Option<Unfinished> {
        self.unfinished.borrow_mut().pop()
    }
}

/// The attachments of one copy of `lib/`, and the functions that work on them. It ends when the
/// thread does.
pub struct Instance<'cx> {
    attachments: Rc<Attachments>,
    functions: Handle<'cx, JsObject>,
}

impl<'cx> Instance<'cx> {
    pub fn new(cx: &mut FunctionContext<'cx>, external_max: usize, is_deno: bool) -> Self {
        let attachments = Rc::new(Attachments {
            registry: RefCell::default(),
            unfinished: RefCell::default(),
            external_max,
            is_deno,
        });
        // The functions go with the thread, too, but later, and on some runtimes not at all; what
        // is lent to the engine must be back before it frees its memory.
        let (ending, env) = (Rc::clone(&attachments), cx.to_raw());
        environment::at_environment_end(cx, move || {
            // No call can be under way then.
            ending.unfinished.take();
            if let Ok(mut registry) = ending.registry.try_borrow_mut() {
                let (_, ended) = registry.detach_all(false);
                for attachment in ended {
                    // The engine's finalizers come next, whoever has the memory by now.
                    let view = &attachment.view;
                    if !is_deno && view.is_transferred(env, &attachment.mapping) {
                        registry.hold(attachment.mapping);
                    }
                }
            }
        });
        Self {
            attachments,
            functions: cx.empty_object(),
        }
    }

    /// Adds a function that works on the attachments.
    pub fn export<T: Value>(
        &self,
        cx: &mut FunctionContext<'cx>,
        name: &str,
        function: impl for<'f> Fn(&Attachments, FunctionContext<'f>) -> JsResult<'f, T> + 'static,
    ) -> NeonResult<()> {
        let attachments = Rc::clone(&self.attachments);
        let function = JsFunction::new(cx, move |cx| function(&attachments, cx))?;
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
