//! Linux.

mod epoll;
mod files;
mod futex;
mod hugetlb;
mod lease;
mod locks;
mod nameless;
mod objects;
mod overmap;
mod pages;
mod place;
mod reserve;
mod ring;
mod segments;

pub use epoll::{sleep_until_readable, AnyReadable};
pub use files::*;
pub use futex::*;
pub use lease::{usage_of, Usage};
pub use locks::*;
pub use nameless::Nameless;
pub use objects::*;
pub use overmap::map_over;
pub use pages::*;
pub use place::PREFIX;
pub use reserve::{fill_holes, free_bytes, reserve, set_size};
pub use ring::{ring, Completed, Completions, Requests, Ring};
pub use segments::*;
