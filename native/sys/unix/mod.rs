//! What Linux and macOS have alike. Their folders offer what is public here as their own.

mod byte_locks;
mod files;
mod host;
mod mapping_reserve;
mod owners;
mod pages;
mod places;
mod segments;
mod temporary;
mod turn;
#[cfg(feature = "no-backtraces")]
mod unwinder;
mod zeros;

pub use files::{is_all_data, missing, open_file, Descriptor, FileId, ObjectStatus};
pub use host::{at_process_exit, stay_loaded, symbol};
pub use mapping_reserve::{mapping_error, refill_reserves};
pub use owners::Owners;
pub use pages::{flush, unmap};
pub use places::{choose_places, PLACE_MAX};
pub use rustix::param::page_size;
pub use segments::{
    copy_segment, create_segment, find_segment, is_segment_gone, remove_segment, segment_start,
    segment_status, SegmentId, SegmentStatus,
};
pub use turn::Turn;
pub use zeros::put_zero_pages;

// For the systems' folders alone.
#[cfg(test)]
pub(super) use byte_locks::lock_byte;
#[cfg(target_os = "linux")]
pub(super) use byte_locks::refuses;
pub(super) use byte_locks::{lock_bytes, refusing, unlock_bytes, Lock};
pub(super) use pages::madvise;
#[cfg(target_os = "linux")]
pub(super) use places::chosen_directory;
pub(super) use places::owners_files;
pub(super) use temporary::create_temporary;
