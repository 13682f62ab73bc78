//! The limits of this system, as [hints](crate::sys::explain) tell of them.

use std::ffi::{CStr, CString};
use std::mem::size_of;
use std::ptr::{addr_of_mut, null_mut};

use rustix::process::{getrlimit, Resource};

use crate::sys::unix::owners_files;

/// What a hint calls by that name; `None` if there is no such limit.
pub fn limit(name: &str) -> Option<String> {
    Some(match name {
        "shmmax" | "shmmni" | "shmall" | "shmseg" => setting(name)?,
        "mappings" => "this system tells no limit".to_string(),
        "nofile" => getrlimit(Resource::Nofile).current?.to_string(),
        "fsize" => getrlimit(Resource::Fsize).current?.to_string(),
        "namemax" => "31".to_string(),
        "place" => "this system".to_string(),
        "owners" => owners_files().join(" or "),
        _ => return None,
    })
}

/// `kern.sysv.shmmax = 4194304`.
fn setting(name: &str) -> Option<String> {
    let name = format!("kern.sysv.{name}");
    let value = value_of(&CString::new(name.as_str()).ok()?);
    Some(format!("{name} = {value}"))
}

fn value_of(name: &CStr) -> u64 {
    let mut value = 0_u64;
    let mut size = size_of::<u64>();
    // SAFETY: the name is NUL-terminated, and `size` tells how much room `value` has.
    unsafe {
        libc::sysctlbyname(
            name.as_ptr(),
            addr_of_mut!(value).cast(),
            &mut size,
            null_mut(),
            0,
        )
    };
    value
}
