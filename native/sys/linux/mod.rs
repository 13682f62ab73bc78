//! Linux.

mod epoll;
mod futex;
mod hugetlb;
mod locks;
mod objects;
mod overmap;
mod pages;
mod place;
mod reserve;
mod ring;
mod segments;

pub use epoll::AnyReadable;
pub use futex::*;
pub use locks::*;
pub use objects::*;
pub use overmap::map_over;
pub use pages::*;
pub use place::PREFIX;
pub use reserve::{reserve, set_size};
pub use ring::{ring, Completed, Completions, Requests};
pub use segments::*;
