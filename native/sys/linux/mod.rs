//! Linux.

mod claims;
mod epoll;
mod files;
mod futex;
mod hugetlb;
mod lease;
mod limits;
mod locks;
mod mark;
mod nameless;
mod objects;
mod overmap;
mod pages;
mod place;
mod reserve;
mod ring;
mod room;
mod segments;
mod users;

pub use claims::{destroy, remove_unused, usage_of, Usage};
pub use epoll::{sleep_until_readable, AnyReadable};
pub use files::*;
pub use futex::*;
pub use limits::limit;
pub use locks::is_byte_locked_anywhere;
pub use nameless::Nameless;
pub use objects::*;
pub use overmap::map_over;
pub use pages::*;
pub use place::{prefix, USUAL_PLACES};
pub use reserve::{
    check_holes, check_populated, check_room, fill_holes, free_bytes, reserve, reserve_file,
    set_size,
};
pub use ring::{ring, Completed, Completions, Requests, Ring};
pub use segments::*;
pub use users::{open_as_user, transient_draft, Hold};

pub use super::unix::*;
