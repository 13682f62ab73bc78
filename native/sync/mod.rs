//! Threads and processes wait for each other. No Node-API here.

pub mod owner;
pub mod queued_wait;
pub mod ring_waits;
pub mod table;
pub mod waits;
pub mod watch;
pub mod watchers;
pub mod word;
