//! Threads and processes wait for each other. No Node-API here.

#[cfg(target_os = "linux")]
pub mod exact;
pub mod owner;
#[cfg(target_os = "linux")]
mod ring;
pub mod waits;
pub mod watchers;
pub mod word;

#[cfg(target_os = "macos")]
pub use crate::sys::exact_waits;
#[cfg(target_os = "linux")]
pub use exact::exact_waits;
