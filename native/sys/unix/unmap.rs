//! Addresses that are given back.

use std::mem::{replace, take};
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use super::page_size;

/// Ranges next to each other that nobody uses any more and that are still mapped.
///
/// Mappings end in crowds, when garbage is collected, and those that were made one after the other lie
/// side by side. Unmapping them one by one makes a create and a detach take a tenth longer.
static WAITING: Mutex<Range<usize>> = Mutex::new(0..0);

/// So many bytes may wait. They are addresses of zero pages, and take no memory.
const MAY_WAIT: usize = 1 << 20;

/// Gives a range of addresses back
/// ([munmap(2)](https://man7.org/linux/man-pages/man2/munmap.2.html)). It can fail only for want of
/// memory to split a range; then addresses are lost, and nothing else.
///
/// # Safety
/// The range must be the caller's, and nobody may look at it any more.
pub unsafe fn unmap(base: *mut u8, size: usize) {
    // SAFETY: the caller vouches for the range.
    unsafe { libc::munmap(base.cast(), size) };
}

/// As [`unmap`], now or together with the range's neighbours.
///
/// # Safety
/// As for [`unmap`]. The range must be zero pages by now.
pub unsafe fn unmap_later(base: *mut u8, size: usize) {
    let start = base as usize;
    let range = start..start + size.next_multiple_of(page_size());
    let mut waiting = WAITING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(joined) = join(&waiting, &range) {
        *waiting = joined;
    } else {
        unmap_range(&replace(&mut *waiting, range));
    }
    if waiting.len() >= MAY_WAIT {
        unmap_range(&take(&mut *waiting));
    }
}

/// The range of both, if they lie side by side.
fn join(one: &Range<usize>, other: &Range<usize>) -> Option<Range<usize>> {
    if other.end == one.start {
        Some(other.start..one.end)
    } else {
        (one.end == other.start).then_some(one.start..other.end)
    }
}

fn unmap_range(range: &Range<usize>) {
    if !range.is_empty() {
        // SAFETY: the range consists of those that callers of `unmap_later` have vouched for.
        unsafe { unmap(range.start as *mut u8, range.len()) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_side_by_side_are_joined() {
        assert_eq!(join(&(4..6), &(6..9)), Some(4..9));
        assert_eq!(join(&(4..6), &(1..4)), Some(1..6));
        assert_eq!(join(&(4..6), &(7..9)), None);
        assert_eq!(join(&(0..0), &(7..9)), None);
    }
}
