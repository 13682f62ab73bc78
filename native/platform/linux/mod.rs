//! Linux.

mod event_loop;
mod exact;
mod futex;
mod hugetlb;
mod objects;
mod pages;
mod ring;
mod segments;

pub use exact::exact_waits;
pub use futex::*;
pub use objects::*;
pub use pages::*;
pub use segments::*;
