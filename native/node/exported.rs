//! The functions that JavaScript calls.

use neon::prelude::*;

/// All are of one type. So what Neon does around each call, which makes panics and errors JavaScript's, is
/// compiled once: for 40 types of functions it would be a tenth of the addon.
type Exported = Box<dyn for<'f> Fn(FunctionContext<'f>) -> JsResult<'f, JsValue>>;

/// A function for JavaScript.
pub fn function<'cx, T: Value>(
    cx: &mut impl Context<'cx>,
    call: impl for<'f> Fn(FunctionContext<'f>) -> JsResult<'f, T> + 'static,
) -> JsResult<'cx, JsFunction> {
    let exported: Exported = Box::new(move |cx| Ok(call(cx)?.upcast()));
    JsFunction::new(cx, exported)
}

/// Exports a function to one JavaScript thread.
pub fn export<T: Value>(
    cx: &mut ModuleContext,
    name: &str,
    call: impl for<'f> Fn(FunctionContext<'f>) -> JsResult<'f, T> + 'static,
) -> NeonResult<()> {
    let exported = function(cx, call)?;
    cx.export_value(name, exported)
}
