//! The limits of this system, as [hints](crate::sys::explain) tell of them.

use std::fs;

use rustix::process::{getrlimit, Resource};

use super::place::directory;
use crate::sys::unix::owners_files;

/// What a hint calls by that name; `None` if there is no such limit.
pub fn limit(name: &str) -> Option<String> {
    Some(match name {
        "shmmax" | "shmmni" | "shmall" => setting("kernel", name),
        "mappings" => setting("vm", "max_map_count"),
        "nofile" => getrlimit(Resource::Nofile).current?.to_string(),
        "fsize" => getrlimit(Resource::Fsize).current?.to_string(),
        "namemax" => "255".to_string(),
        "place" => directory().to_string(),
        "owners" => owners_files().join(" or "),
        _ => return None,
    })
}

/// `kernel.shmmax = 68719476736`, or the name alone where there is no /proc.
fn setting(folder: &str, name: &str) -> String {
    match fs::read_to_string(format!("/proc/sys/{folder}/{name}")) {
        Ok(value) => format!("{folder}.{name} = {}", value.trim()),
        Err(_) => format!("{folder}.{name}"),
    }
}
