//! Segments that other programs have made of huge pages (`SHM_HUGETLB`). Their mappings reach to the
//! end of a huge page, and can be replaced and unmapped as a whole only.

use std::fs;
use std::sync::OnceLock;

use rustix::mm::Advice;

use crate::sys::unix::madvise;

/// How many bytes `shmat` has mapped at `base` for a segment of `len` bytes.
pub fn mapped_len(base: *const u8, len: usize) -> usize {
    let start = base as usize;
    match smallest_huge_page() {
        // Reading /proc costs more than all the rest, so it is for the few that look huge.
        Some(page) if start % page == 0 && refuses_advice(base) => {
            end_of_mapping(start).map_or(len, |end| end - start)
        }
        _ => len,
    }
}

/// Whether the pages refuse to be called cold: huge ones do, and in kernels before 5.4 all do. To
/// pages that have not been touched yet the advice means nothing.
fn refuses_advice(base: *const u8) -> bool {
    madvise(base.cast_mut(), 1, Advice::LinuxCold).is_err()
}

/// Bytes of the smallest huge page that this system has.
fn smallest_huge_page() -> Option<usize> {
    static SIZE: OnceLock<Option<usize>> = OnceLock::new();
    *SIZE.get_or_init(|| {
        let kinds = fs::read_dir("/sys/kernel/mm/hugepages").ok()?;
        let sizes = kinds.filter_map(|kind| {
            let name = kind.ok()?.file_name().into_string().ok()?;
            let kibibytes = name.strip_prefix("hugepages-")?.strip_suffix("kB")?;
            kibibytes.parse::<usize>().ok()?.checked_mul(1024)
        });
        sizes.min()
    })
}

/// Where the mapping that begins at `start` ends.
fn end_of_mapping(start: usize) -> Option<usize> {
    let maps = fs::read_to_string("/proc/self/maps").ok()?;
    let beginning = format!("{start:x}-");
    let line = maps.lines().find(|line| line.starts_with(&beginning))?;
    let end = line[beginning.len()..].split(' ').next()?;
    usize::from_str_radix(end, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapping_ends_where_the_system_says() {
        let text = fs::read_to_string("/proc/self/maps").unwrap();
        let (start, rest) = text.lines().next().unwrap().split_once('-').unwrap();
        let end = rest.split(' ').next().unwrap();
        let number = |digits| usize::from_str_radix(digits, 16).unwrap();
        assert_eq!(end_of_mapping(number(start)), Some(number(end)));
        assert_eq!(end_of_mapping(1), None);
    }
}
