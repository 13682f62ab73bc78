//! Something that a JavaScript thread has at most one of, and that ends with the thread.

use std::cell::{RefCell, RefMut};
use std::rc::Rc;

use neon::prelude::*;

use crate::node::environment;
use crate::node::exported;

pub struct PerThread<T>(Rc<RefCell<Option<T>>>);

impl<T: 'static> PerThread<T> {
    /// Empty. Functions that hold a clone may be leaked by the runtime when the thread ends, so it
    /// is emptied then.
    pub fn new<'cx>(cx: &mut impl Context<'cx>) -> Self {
        let slot: Rc<RefCell<Option<T>>> = Rc::default();
        let ending = Rc::clone(&slot);
        environment::at_environment_end(cx, move || {
            // No call can be under way then; a panic here would abort the process.
            if let Ok(mut slot) = ending.try_borrow_mut() {
                slot.take();
            }
        });
        Self(slot)
    }

    /// A function that works on it.
    pub fn function<'cx, R: Value>(
        &self,
        cx: &mut impl Context<'cx>,
        function: for<'f> fn(&mut Option<T>, FunctionContext<'f>) -> JsResult<'f, R>,
    ) -> JsResult<'cx, JsFunction> {
        let state = self.clone();
        exported::function(cx, move |cx| function(&mut state.borrow(), cx))
    }

    pub fn borrow(&self) -> RefMut<'_, Option<T>> {
        self.0.borrow_mut()
    }

    /// `None` in the middle of a function that works on it.
    pub fn try_borrow(&self) -> Option<RefMut<'_, Option<T>>> {
        self.0.try_borrow_mut().ok()
    }
}

impl<T> Clone for PerThread<T> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}
