//! How many bytes of memory there may still be for this process. The kernel kills whoever fills more of a tmpfs than
//! its control group or the machine has memory for, where it refuses what is more than the tmpfs may hold.
//!
//! What is told here is never less than there is: a cache counts as free, though the kernel may not give it up.

use std::fs;
use std::path::{Path, PathBuf};

/// Where control groups are, and what their files are called: of version 2 and of version 1
/// ([cgroups(7)](https://man7.org/linux/man-pages/man7/cgroups.7.html)).
struct Version {
    /// What the line of /proc/self/cgroup has between its first colon and its last.
    controller: &'static str,
    folder: &'static str,
    limit: &'static str,
    usage: &'static str,
    /// What of the usage is a cache, in memory.stat.
    caches: &'static [&'static str],
}

const VERSIONS: [Version; 2] = [
    Version {
        controller: "",
        folder: "/sys/fs/cgroup",
        limit: "memory.max",
        usage: "memory.current",
        caches: &["active_file", "inactive_file", "slab_reclaimable"],
    },
    Version {
        controller: "memory",
        folder: "/sys/fs/cgroup/memory",
        limit: "memory.limit_in_bytes",
        usage: "memory.usage_in_bytes",
        caches: &["total_active_file", "total_inactive_file"],
    },
];

/// Whether the kernel could have so much memory for this process; if not, how much it has.
pub fn check_memory(bytes: u64) -> Result<(), u64> {
    let swap = in_meminfo(&["SwapFree:"]).unwrap_or(0);
    // A number of /proc/meminfo may be that of another machine (lxcfs), so what is missing means nothing.
    let machine = in_meminfo(&["MemFree:", "Buffers:", "Cached:", "SReclaimable:"])
        .map(|free| free.saturating_sub(in_meminfo(&["Shmem:"]).unwrap_or(0)));
    let groups = groups().into_iter().filter_map(|(version, folder)| {
        free_in_group(version, &folder, bytes.saturating_sub(swap))
    });
    let least = groups.chain(machine).min();
    match least.map(|free| free.saturating_add(swap)) {
        Some(free) if free < bytes => Err(free),
        _ => Ok(()),
    }
}

/// The sum of what /proc/meminfo tells of these; `None` if one is missing.
fn in_meminfo(names: &[&str]) -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    sum_of(&text, names).map(|kibibytes| kibibytes.saturating_mul(1024))
}

/// The sum of the numbers on the lines that begin with these words; `None` if there is no such line.
fn sum_of(text: &str, names: &[&str]) -> Option<u64> {
    names.iter().try_fold(0_u64, |sum, name| {
        let mut lines = text.lines().map(str::split_whitespace);
        let mut line = lines.find_map(|mut words| (words.next() == Some(name)).then_some(words))?;
        Some(sum.saturating_add(line.next()?.parse().ok()?))
    })
}

/// The control groups that count this process's memory: its own and those above. Where a container cannot see the
/// path to its own, the topmost folder is that group.
fn groups() -> Vec<(&'static Version, PathBuf)> {
    let text = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let group_of = |version: &'static Version| {
        let mut lines = text.lines().filter_map(|line| line.split_once(':'));
        let path =
            lines.find_map(|(_, line)| line.strip_prefix(version.controller)?.strip_prefix(':'))?;
        Some((
            version,
            Path::new(version.folder).join(path.trim_start_matches('/')),
        ))
    };
    let own = VERSIONS.iter().filter_map(group_of);
    let with_parents = own.flat_map(|(version, folder)| {
        let mut folders: Vec<PathBuf> = folder.ancestors().map(Path::to_path_buf).collect();
        folders.retain(|folder| folder.starts_with(version.folder));
        folders.into_iter().map(move |folder| (version, folder))
    });
    with_parents.collect()
}

/// What a group has left besides swap; `None` if it has no limit, or room for so many bytes anyway: to ask for the
/// size of its caches takes long.
fn free_in_group(version: &Version, folder: &Path, bytes: u64) -> Option<u64> {
    let read = |name: &str| fs::read_to_string(folder.join(name)).ok();
    let number = |name: &str| read(name)?.trim().parse::<u64>().ok();
    let free = number(version.limit)?.saturating_sub(number(version.usage)?);
    if free >= bytes {
        return None;
    }
    let caches = sum_of(&read("memory.stat")?, version.caches)?;
    Some(free.saturating_add(caches))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_their_lines() {
        let text = "Cached: 7 kB\nSwapCached: 9 kB\nMemFree:  5 kB\n";
        assert_eq!(sum_of(text, &["Cached:", "MemFree:"]), Some(12));
        assert_eq!(sum_of(text, &["Cached:", "Shmem:"]), None);
    }

    #[test]
    fn a_page_fits_and_more_than_any_machine_has_does_not() {
        assert_eq!(check_memory(4096), Ok(()));
        assert!(check_memory(1 << 62).is_err_and(|free| free < 1 << 62));
    }
}
