//! Linux.

mod epoll;
mod files;
mod futex;
mod hugetlb;
mod lease;
mod limits;
mod locks;
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
pub use reserve::{check_room, fill_holes, free_bytes, reserve, reserve_file, set_size};
pub use ring::{ring, Completed, Completions, Requests, Ring};
pub use segments::*;
pub use users::{destroy, open_as_user, remove_unused, transient_draft, usage_of, Hold, Usage};

pub use super::unix::{
    at_process_exit, choose_places, copy_segment, create_segment, find_segment, flush, has_holes,
    is_all_data, is_segment_gone, mapping_error, open_file, page_size, provide_spares,
    put_zero_pages, remove_segment, segment_status, stay_loaded, symbol, unmap, unmap_later,
    Descriptor, FileId, ObjectStatus, Owners, SegmentId, SegmentStatus, Turn, PLACE_MAX,
};
