//! macOS.

mod files;
mod futex;
mod limits;
mod locks;
mod nameless;
mod objects;
mod pages;
mod place;
mod ring;
mod segments;
mod users;

pub use files::*;
pub use futex::*;
pub use limits::limit;
pub use locks::is_byte_locked_anywhere;
pub use nameless::Nameless;
pub use objects::*;
pub use pages::{advise, advise_huge_pages, map_over, move_pages, populate};
pub use place::{prefix, USUAL_PLACES};
pub use ring::{ring, sleep_until_readable, AnyReadable, Completed, Completions, Requests, Ring};
pub use segments::*;
pub use users::{destroy, open_as_user, remove_unused, transient_draft, usage_of, Hold, Usage};

pub use super::unix::*;
