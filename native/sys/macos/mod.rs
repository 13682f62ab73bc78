//! macOS.

mod futex;
mod locks;
mod objects;
mod pages;
mod place;
mod ring;
mod segments;

pub use futex::*;
pub use locks::*;
pub use objects::*;
pub use pages::{advise_huge_pages, map_over, move_pages, populate};
pub use place::PREFIX;
pub use ring::{ring, AnyReadable, Completed, Completions, Requests};
pub use segments::*;
