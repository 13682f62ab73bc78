//! The program that this addon is loaded into: its functions, its end.

use std::ffi::{c_void, CStr};
use std::mem::{transmute, zeroed};
use std::process;
use std::ptr::null_mut;
use std::sync::OnceLock;

/// What has that name in this process: a function of the host, say
/// ([dlsym(3)](https://man7.org/linux/man-pages/man3/dlsym.3.html)).
pub fn symbol(name: &CStr) -> Option<*mut c_void> {
    // SAFETY: the name is NUL-terminated; looking a symbol up has no other effect.
    let symbol = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
    (!symbol.is_null()).then_some(symbol)
}

/// Keeps this addon loaded as long as the process lives
/// ([dlopen(3)](https://man7.org/linux/man-pages/man3/dlopen.3.html), `RTLD_NODELETE`). Node unloads
/// it with the last worker that has it, and loads it again for the next one: whatever the addon
/// holds for all threads would be lost each time, and code of a thread that still runs be gone.
pub fn stay_loaded() {
    // SAFETY: a structure of pointers and numbers, for which zeros are valid.
    let mut place: libc::Dl_info = unsafe { zeroed() };
    let address = stay_loaded as *const c_void;
    // SAFETY: `place` is a local to write to. The name that is told lives as long as the addon is
    // loaded, and what is loaded already runs no code when it is opened again. The handle is not
    // needed; if this fails, nothing changes.
    unsafe {
        if libc::dladdr(address, &raw mut place) != 0 {
            let flags = libc::RTLD_LAZY | libc::RTLD_NOLOAD | libc::RTLD_NODELETE;
            libc::dlopen(place.dli_fname, flags);
        }
    }
}

/// Has the process's own exit handlers call `action`, whichever thread ends it; the first call counts
/// ([atexit(3)](https://man7.org/linux/man-pages/man3/atexit.3.html)).
pub fn at_process_exit(action: fn()) {
    static REGISTERED: OnceLock<(u32, fn())> = OnceLock::new();
    extern "C" fn at_exit() {
        // What the process has forked without starting a program inherits its handlers, not its memory.
        if let Some((owner, action)) = REGISTERED.get() {
            if *owner == process::id() {
                action();
            }
        }
    }
    REGISTERED.get_or_init(|| {
        // SAFETY: the function stays where it is, for the addon is never unloaded.
        unsafe { libc::atexit(at_exit) };
        at_quick_exit(at_exit);
        (process::id(), action)
    });
}

/// The same for a process that ends by `quick_exit`, which calls no other handlers: so does Bun on Linux
/// ([at_quick_exit(3)](https://man7.org/linux/man-pages/man3/at_quick_exit.3p.html)). Where a system has no
/// such end, nothing is registered.
fn at_quick_exit(handler: extern "C" fn()) {
    // glibc has `at_quick_exit` in each program, and in the library only what that calls.
    if let Some(of_glibc) = symbol(c"__cxa_at_quick_exit") {
        type Register = extern "C" fn(extern "C" fn(), *mut c_void) -> libc::c_int;
        // SAFETY: that is its type but for the handler's parameter, a null that a C function may leave unread.
        let register = unsafe { transmute::<*mut c_void, Register>(of_glibc) };
        register(handler, null_mut());
    } else if let Some(of_others) = symbol(c"at_quick_exit") {
        type Register = extern "C" fn(extern "C" fn()) -> libc::c_int;
        // SAFETY: that is its type.
        let register = unsafe { transmute::<*mut c_void, Register>(of_others) };
        register(handler);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::io::Read;
    use std::os::fd::{AsRawFd, FromRawFd};
    use std::sync::atomic::{AtomicI32, Ordering};

    static PIPE: AtomicI32 = AtomicI32::new(-1);

    #[test]
    fn what_a_fork_inherits_is_not_called_at_its_end() {
        let mut ends = [0; 2];
        // SAFETY: room for two descriptors, which are this test's alone from then on.
        let (mut reader, writer) = unsafe {
            assert_eq!(libc::pipe(ends.as_mut_ptr()), 0);
            (File::from_raw_fd(ends[0]), File::from_raw_fd(ends[1]))
        };
        PIPE.store(writer.as_raw_fd(), Ordering::Relaxed);
        at_process_exit(|| {
            // SAFETY: a byte of a constant; where the pipe is closed by then, nothing is written.
            unsafe { libc::write(PIPE.load(Ordering::Relaxed), c"x".as_ptr().cast(), 1) };
        });
        let mut status = 0;
        // SAFETY: the child does nothing but exit, which calls the handlers; `status` is a local.
        unsafe {
            let child = libc::fork();
            if child == 0 {
                libc::exit(0);
            }
            assert_eq!(libc::waitpid(child, &raw mut status, 0), child);
        }
        assert_eq!(status, 0);
        drop(writer);
        let mut written = Vec::new();
        reader.read_to_end(&mut written).unwrap();
        assert!(written.is_empty());
    }
}
