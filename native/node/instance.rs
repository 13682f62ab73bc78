//! What one copy of `lib/` has of its own. Test runners load `lib/` anew for each file and keep the
//! addon; the copies in a thread are as far apart as threads are.

use std::cell::{OnceCell, RefCell, RefMut};
use std::rc::{Rc, Weak};
use std::sync::Arc;

use neon::prelude::*;

use crate::error::Result;
use crate::memory::options::Options;
use crate::memory::registry::Registry;
use crate::memory::unpublished::Unpublished;
use crate::node::array_buffer::ArrayBuffer;
use crate::node::environment;
use crate::node::exported;
use crate::node::released::Released;
use crate::node::throw::Subject;

/// What one copy of `lib/` has attached.
pub struct Attachments {
    registry: RefCell<Registry<ArrayBuffer>>,
    /// What JavaScript is making arrays over. If it makes one while it makes another, the last one comes first.
    unfinished: RefCell<Vec<Unfinished>>,
    /// From the first attach on.
    released: OnceCell<Arc<Released>>,
    /// Itself.
    this: Weak<Self>,
    /// The most bytes that the runtime shows of memory that is not its own.
    pub external_max: usize,
    /// Whether the engine may collect buffers over memory that is attached: a further one over the same addresses can then
    /// be made before it has let go of the first, and V8 of Node 13 to 17 ends the process at two of them.
    pub may_collect: bool,
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

    /// Who is told of collected buffers; made, with these attachments, if nobody is yet.
    pub fn released_or(
        &self,
        make: impl FnOnce(Weak<Self>) -> Result<Arc<Released>>,
    ) -> Result<Arc<Released>> {
        if let Some(released) = self.released.get() {
            return Ok(Arc::clone(released));
        }
        let released = make(self.this.clone())?;
        Ok(Arc::clone(self.released.get_or_init(|| released)))
    }

    pub fn released(&self) -> Option<&Released> {
        self.released.get().map(AsRef::as_ref)
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
    pub fn new(
        cx: &mut FunctionContext<'cx>,
        external_max: usize,
        may_collect: bool,
        is_deno: bool,
    ) -> Self {
        let attachments = Rc::new_cyclic(|this| Attachments {
            registry: RefCell::default(),
            unfinished: RefCell::default(),
            released: OnceCell::new(),
            this: this.clone(),
            external_max,
            may_collect,
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
                    let view = &attachment.view;
                    if !is_deno && view.may_be_elsewhere(env, &attachment.mapping) {
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
        let function = exported::function(cx, move |cx| function(&attachments, cx))?;
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
