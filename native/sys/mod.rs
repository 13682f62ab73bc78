//! The one place where systems are told apart. Each system's folder offers the same functions and types;
//! docs/architecture.md lists them. `unix` is what Linux and macOS have alike.

mod address;
mod hints;
mod object;

#[cfg(unix)]
mod unix;

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
pub use linux::*;

#[cfg(target_os = "macos")]
mod macos;
#[cfg(target_os = "macos")]
pub use macos::*;

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
compile_error!("shm-typed-array runs on Linux and macOS");

pub use address::Address;
pub use hints::{explain, facts_of_room, Doing};
pub use object::{Identity, Name, NAME_MAX};

/// The two kinds of shared memory, where a system treats them differently.
#[derive(Clone, Copy)]
pub enum Kind {
    Segment,
    Object,
}

/// Whose addresses are given zero pages.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Zeros {
    /// The addresses are ours and are unmapped soon.
    Own,
    /// The engine has allocated them and goes on using them: they must become one mapping with
    /// their neighbours again.
    Engine,
}

/// What a program can tell the system of mapped memory, without changing what is in it.
#[derive(Clone, Copy)]
pub enum Advice {
    Normal,
    Random,
    Sequential,
    WillNeed,
    /// Keep it out of core dumps.
    DontDump,
}
