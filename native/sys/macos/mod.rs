//! macOS.

mod files;
mod futex;
mod lease;
mod locks;
mod nameless;
mod objects;
mod pages;
mod place;
mod ring;
mod segments;

pub use files::*;
pub use futex::*;
pub use lease::{usage_of, Usage};
pub use locks::*;
pub use nameless::Nameless;
pub use objects::*;
pub use pages::{advise_huge_pages, map_over, move_pages, populate};
pub use place::PREFIX;
pub use ring::{ring, sleep_until_readable, AnyReadable, Completed, Completions, Requests, Ring};
pub use segments::*;
