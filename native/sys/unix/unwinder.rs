//! Keeps the printer of backtraces, 200 KB of the standard library, out of the prebuilt addons.
//!
//! What panics here becomes a JavaScript error, and a backtrace of it would name nothing, as the
//! addons are stripped. Yet the standard library prints one if `RUST_BACKTRACE` says so, and has no
//! option to leave that out. It gets every frame from `_Unwind_Backtrace`: where the optimizer sees
//! that this one has none to give, it drops what would have read, inflated and printed the debug
//! information. A panic unwinds the stack without it.
//!
//! On Linux, zig links an unwinder statically, in which `_Unwind_Backtrace` is in one piece with the
//! rest of what GCC added to the interface: who brings the one must bring all that the standard
//! library calls, or the linker finds two of it. None of them is visible outside the addon.

use std::arch::global_asm;
use std::ffi::{c_int, c_void};

#[cfg(target_os = "linux")]
global_asm!(
    ".hidden _Unwind_Backtrace",
    ".hidden _Unwind_GetIPInfo",
    ".hidden _Unwind_GetDataRelBase",
    ".hidden _Unwind_GetTextRelBase",
);
#[cfg(target_os = "macos")]
global_asm!(".private_extern __Unwind_Backtrace");

const END_OF_STACK: c_int = 5;

/// Would call `step` for each frame.
#[no_mangle]
extern "C" fn _Unwind_Backtrace(_step: *const c_void, _argument: *mut c_void) -> c_int {
    END_OF_STACK
}

#[cfg(target_os = "linux")]
mod linux {
    use super::{c_int, c_void};

    extern "C" {
        fn _Unwind_GetIP(context: *mut c_void) -> usize;
    }

    /// Where a frame is, and whether that is `before` the instruction rather than after a call, as
    /// only where a signal has interrupted it. No panic comes through a signal handler.
    ///
    /// # Safety
    /// `context` must come from the unwinder, and `before` be writable.
    #[no_mangle]
    unsafe extern "C" fn _Unwind_GetIPInfo(context: *mut c_void, before: *mut c_int) -> usize {
        // SAFETY: the caller vouches for both.
        unsafe {
            before.write(0);
            _Unwind_GetIP(context)
        }
    }

    /// For tables with addresses relative to this, of which Rust makes none.
    #[no_mangle]
    extern "C" fn _Unwind_GetDataRelBase(_context: *mut c_void) -> usize {
        0
    }

    /// As [`_Unwind_GetDataRelBase`].
    #[no_mangle]
    extern "C" fn _Unwind_GetTextRelBase(_context: *mut c_void) -> usize {
        0
    }
}
