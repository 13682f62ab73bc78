//! Threads and processes wait for each other. No Node-API here.

pub mod exact;
pub mod owner;
pub mod patient;
pub mod table;
pub mod waits;
pub mod watchers;
pub mod word;
