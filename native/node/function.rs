//! JavaScript functions that are called from the event loop.

use std::ptr::null_mut;

use neon::prelude::*;
use neon::sys::bindings as napi;

use crate::error::{Error, Result};
use crate::node::environment::in_scope;
use crate::node::symbols::{symbols, OK};

/// A JavaScript function that is called from the event loop. It must not outlive its environment.
pub struct Function {
    env: napi::Env,
    reference: napi::Ref,
}

impl Function {
    pub fn new<'cx>(cx: &mut impl Context<'cx>, function: Handle<JsFunction>) -> Result<Self> {
        let env = cx.to_raw();
        let mut reference: napi::Ref = null_mut();
        // SAFETY: `function` is a live value of this environment, `reference` a local to write to.
        unsafe { napi::create_reference(env, function.to_raw(), 1, &raw mut reference) }
            .map_err(|status| Error::Callback(status as i32))?;
        Ok(Self { env, reference })
    }

    /// Calls it with two numbers, and has everything done that JavaScript does after a call from the
    /// event loop: promises' continuations run, and what it throws is an uncaught exception. Does
    /// nothing if JavaScript cannot run any more.
    pub fn call(&self, arguments: [f64; 2]) {
        // SAFETY: there is a handle scope, and it is that of its environment's thread, which `self`
        // cannot leave.
        in_scope(self.env, || unsafe { self.call_in_scope(arguments) });
    }

    /// # Safety
    /// A handle scope must be open.
    unsafe fn call_in_scope(&self, arguments: [f64; 2]) -> Option<()> {
        let (env, no_context) = (self.env, null_mut());
        let make_callback = symbols().make_callback?;
        let fatal_exception = symbols().fatal_exception?;
        let [mut function, mut receiver, mut result] = [null_mut(); 3];
        let mut values = [null_mut(); 2];
        // SAFETY: the pointers are to locals, the reference was made in this environment, and the
        // caller has opened a scope for the values.
        unsafe {
            napi::get_reference_value(env, self.reference, &raw mut function).ok()?;
            napi::get_global(env, &raw mut receiver).ok()?;
            for (value, argument) in values.iter_mut().zip(arguments) {
                napi::create_double(env, argument, value).ok()?;
            }
            let (count, first) = (values.len(), values.as_ptr());
            let status = make_callback(
                env,
                no_context,
                receiver,
                function,
                count,
                first,
                &raw mut result,
            );
            let mut has_thrown = false;
            if status != OK {
                napi::is_exception_pending(env, &raw mut has_thrown).ok()?;
            }
            if has_thrown {
                napi::get_and_clear_last_exception(env, &raw mut result).ok()?;
                fatal_exception(env, result);
            }
        }
        Some(())
    }
}
