//! Has Node's own event loop watch a descriptor, by
//! [libuv's poll handle](https://docs.libuv.org/en/v1.x/poll.html): nothing is faster than what the
//! loop sleeps for itself.
//!
//! A handle has to be closed before its loop ends, or Node aborts, and that takes the loop another
//! turn. An asynchronous cleanup hook has the end of the environment wait for it.

use std::cell::{Cell, UnsafeCell};
use std::ffi::c_void;
use std::mem::size_of;
use std::ptr::null_mut;
use std::rc::Rc;
use std::sync::{Arc, OnceLock};

use neon::prelude::*;
use neon::sys::bindings as napi;

use crate::node::callback::{called_from_c, Deliver};
use crate::node::symbols::{find, OK};
use crate::sys::Descriptor;

/// The version of Node-API that has asynchronous cleanup hooks as they are used here.
const NODE_API: u32 = 8;
const UV_POLL: i32 = 8;
const UV_READABLE: i32 = 1;

type Hook = *mut c_void;
type OnEnd = extern "C" fn(Hook, *mut Handle);
type OnReadable = extern "C" fn(*mut Handle, i32, i32);

/// What is needed of libuv, and of Node-API about it.
struct Symbols {
    version: unsafe extern "C" fn(napi::Env, *mut u32) -> i32,
    get_loop: unsafe extern "C" fn(napi::Env, *mut *mut c_void) -> i32,
    add_hook: unsafe extern "C" fn(napi::Env, OnEnd, *mut Handle, *mut Hook) -> i32,
    remove_hook: unsafe extern "C" fn(Hook) -> i32,
    handle_size: unsafe extern "C" fn(i32) -> usize,
    init: unsafe extern "C" fn(*mut c_void, *mut Handle, i32) -> i32,
    start: unsafe extern "C" fn(*mut Handle, i32, OnReadable) -> i32,
    close: unsafe extern "C" fn(*mut Handle, extern "C" fn(*mut Handle)),
    uv_ref: unsafe extern "C" fn(*mut Handle),
    uv_unref: unsafe extern "C" fn(*mut Handle),
}

fn symbols() -> Option<&'static Symbols> {
    static SYMBOLS: OnceLock<Option<Symbols>> = OnceLock::new();
    // SAFETY: libuv's functions have had these signatures since its version 1, Node-API's hooks
    // since the version that `Watch::new` asks for, and its other two since the first one.
    let find_all = || unsafe {
        Some(Symbols {
            version: find(c"napi_get_version")?,
            get_loop: find(c"napi_get_uv_event_loop")?,
            add_hook: find(c"napi_add_async_cleanup_hook")?,
            remove_hook: find(c"napi_remove_async_cleanup_hook")?,
            handle_size: find(c"uv_handle_size")?,
            init: find(c"uv_poll_init")?,
            start: find(c"uv_poll_start")?,
            close: find(c"uv_close")?,
            uv_ref: find(c"uv_ref")?,
            uv_unref: find(c"uv_unref")?,
        })
    };
    SYMBOLS.get_or_init(find_all).as_ref()
}

/// libuv's handle with room to spare, and what belongs to it. libuv has a share in it until it has
/// closed it.
#[repr(C)]
struct Handle {
    libuv: UnsafeCell<[u64; 64]>,
    symbols: &'static Symbols,
    env: napi::Env,
    deliver: Deliver,
    /// Open until the loop has forgotten it.
    _descriptor: Arc<dyn Descriptor>,
    hook: Cell<Hook>,
    is_closing: Cell<bool>,
}

/// Calls a function from this thread's event loop whenever a descriptor is readable.
pub struct Watch(Rc<Handle>);

impl Watch {
    /// `None` where the runtime has no libuv, or would not wait for the end of a handle. Some have
    /// its functions, but end the process when one is called: they are not to be asked.
    pub fn new<'cx>(
        cx: &mut impl Context<'cx>,
        descriptor: Arc<dyn Descriptor>,
        deliver: Deliver,
    ) -> Option<Self> {
        let symbols = symbols()?;
        let env = cx.to_raw();
        let (mut version, mut event_loop, mut hook) = (0, null_mut(), null_mut());
        // SAFETY: the pointers are to locals.
        let is_known = unsafe {
            (symbols.version)(env, &raw mut version) == OK
                && version >= NODE_API
                && (symbols.get_loop)(env, &raw mut event_loop) == OK
                && (symbols.handle_size)(UV_POLL) <= size_of::<[u64; 64]>()
        };
        if !is_known {
            return None;
        }
        let fd = descriptor.number();
        let handle = Rc::new(Handle {
            libuv: UnsafeCell::new([0; 64]),
            symbols,
            env,
            deliver,
            _descriptor: descriptor,
            hook: Cell::new(null_mut()),
            is_closing: Cell::new(false),
        });
        let shared = Rc::into_raw(Rc::clone(&handle)).cast_mut();
        // SAFETY: the handle is large enough and stays where it is until `closed` gives libuv's
        // share back, or it is taken back here, where libuv has refused it. What libuv is given is
        // of this thread.
        unsafe {
            if (symbols.add_hook)(env, end, shared, &raw mut hook) != OK {
                drop(Rc::from_raw(shared));
                return None;
            }
            handle.hook.set(hook);
            if (symbols.init)(event_loop, shared, fd) != 0 {
                (symbols.remove_hook)(hook);
                drop(Rc::from_raw(shared));
                return None;
            }
            // From here on dropping it closes it.
            let watch = Self(handle);
            (symbols.uv_unref)(shared);
            let started = (symbols.start)(shared, UV_READABLE, readable);
            (started == 0).then_some(watch)
        }
    }

    /// Whether the process stays alive because the descriptor could become readable.
    pub fn set_ref(&self, is_ref: bool) {
        let symbols = self.0.symbols;
        let set = if is_ref {
            symbols.uv_ref
        } else {
            symbols.uv_unref
        };
        if !self.0.is_closing.get() {
            // SAFETY: libuv has not closed the handle, and this is its thread.
            unsafe { set(Rc::as_ptr(&self.0).cast_mut()) };
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Handle {
    fn close(&self) {
        if !self.is_closing.replace(true) {
            // SAFETY: libuv has a share in the handle, which it gives back once, in `closed`.
            unsafe { (self.symbols.close)(std::ptr::from_ref(self).cast_mut(), closed) };
        }
    }
}

extern "C" fn readable(handle: *mut Handle, _status: i32, _events: i32) {
    // SAFETY: libuv has a share in the handle.
    let handle = unsafe { &*handle };
    called_from_c(|| (handle.deliver)(handle.env));
}

/// The environment ends, when `closed` says that it may.
extern "C" fn end(_hook: Hook, handle: *mut Handle) {
    // SAFETY: the hook is removed before libuv's share in the handle is given back.
    let handle = unsafe { &*handle };
    called_from_c(|| handle.close());
}

extern "C" fn closed(handle: *mut Handle) {
    // SAFETY: it was libuv's share in the handle, which libuv does not use any more.
    let handle = unsafe { Rc::from_raw(handle.cast_const()) };
    // SAFETY: the hook was added with the handle, and is removed once.
    called_from_c(|| unsafe {
        (handle.symbols.remove_hook)(handle.hook.get());
        drop(handle);
    });
}
