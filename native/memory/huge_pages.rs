//! When memory is in huge pages.

use crate::error::Result;
use crate::memory::options::Options;
use crate::sys::{self, Kind};

/// What is smaller has no page that could be huge.
const SMALLEST: usize = 2 << 20;

/// Whether a mapping of that size is to ask for huge pages.
pub fn wanted(size: usize, options: Options) -> bool {
    options.huge_pages() || (options.huge_pages_auto() && size >= SMALLEST)
}

/// Asks for huge pages in a range; `false` if there are none, and the options do not demand them.
pub fn ask(base: *mut u8, size: usize, kind: Kind, options: Options) -> Result<bool> {
    match sys::advise_huge_pages(base, size, kind) {
        Err(error) if options.huge_pages() => Err(error),
        asked => Ok(asked.is_ok()),
    }
}
