//! How many bytes of memory there may still be for this process. The kernel kills whoever fills more of a tmpfs than
//! its control group or the machine has memory for, where it refuses what is more than the tmpfs may hold.
//!
//! What is told here is never less than there is: a cache counts as free, though the kernel may not give it up.

use std::fs;
use std::path::{Path, PathBuf};

/// Where control groups are, and what their files are called: of version 2 and of version 1
/// ([cgroups(7)](https://man7.org/linux/man-pages/man7/cgroups.7.html)).
struct Version {
    /// What the line of /proc/self/cgroup has between its colons, be it among others.
    controller: &'static str,
    folder: &'static str,
    limit: &'static str,
    usage: &'static str,
    /// The limit and the usage of swap, where these are files of their own.
    swap: Option<(&'static str, &'static str)>,
    /// What of the usage is a cache, in memory.stat.
    caches: &'static [&'static str],
}

const VERSIONS: [Version; 2] = [
    Version {
        controller: "",
        folder: "sys/fs/cgroup",
        limit: "memory.max",
        usage: "memory.current",
        swap: Some(("memory.swap.max", "memory.swap.current")),
        caches: &["active_file", "inactive_file", "slab_reclaimable"],
    },
    Version {
        controller: "memory",
        folder: "sys/fs/cgroup/memory",
        limit: "memory.limit_in_bytes",
        usage: "memory.usage_in_bytes",
        swap: None,
        caches: &["total_active_file", "total_inactive_file"],
    },
];

/// Whether the kernel could have so much memory for this process; if not, how much it has.
pub fn check_memory(bytes: u64) -> Result<(), u64> {
    check_memory_of(Path::new("/"), bytes)
}

/// The same of a system whose /proc and /sys are in that folder.
fn check_memory_of(root: &Path, bytes: u64) -> Result<(), u64> {
    let meminfo = fs::read_to_string(root.join("proc/meminfo")).unwrap_or_default();
    // A number of /proc/meminfo may be that of another machine (lxcfs), so what is missing means nothing.
    let sum = |names| sum_of(&meminfo, names).map(|kibibytes| kibibytes.saturating_mul(1024));
    let swap = sum(&["SwapFree:"]).unwrap_or(0);
    let machine = sum(&["MemFree:", "Buffers:", "Cached:", "SReclaimable:"])
        .map(|free| free.saturating_sub(sum(&["Shmem:"]).unwrap_or(0)))
        .map(|free| free.saturating_add(swap));
    let groups = groups(root).into_iter();
    let left = groups.filter_map(|(version, folder)| free_in_group(version, &folder, bytes, swap));
    match left.chain(machine).min() {
        Some(free) if free < bytes => Err(free),
        _ => Ok(()),
    }
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
fn groups(root: &Path) -> Vec<(&'static Version, PathBuf)> {
    let text = fs::read_to_string(root.join("proc/self/cgroup")).unwrap_or_default();
    let group_of = |version: &'static Version| {
        let mut lines = text.lines().map(|line| line.splitn(3, ':').skip(1));
        let path = lines.find_map(|mut line| {
            let mut controllers = line.next()?.split(',');
            controllers.find(|name| *name == version.controller)?;
            line.next()
        })?;
        let topmost = root.join(version.folder);
        let folder = topmost.join(path.trim_start_matches('/'));
        Some((version, topmost, folder))
    };
    let own = VERSIONS.iter().filter_map(group_of);
    let with_parents = own.flat_map(|(version, topmost, folder)| {
        let mut folders: Vec<PathBuf> = folder.ancestors().map(Path::to_path_buf).collect();
        folders.retain(|folder| folder.starts_with(&topmost));
        folders.into_iter().map(move |folder| (version, folder))
    });
    with_parents.collect()
}

/// What a group has left, in memory and in swap, of which the machine has `swap`; `None` if it has no limit, or room
/// for so many bytes anyway: to ask for the size of its caches takes long.
fn free_in_group(version: &Version, folder: &Path, bytes: u64, swap: u64) -> Option<u64> {
    let read = |name: &str| fs::read_to_string(folder.join(name)).ok();
    let number = |name: &str| read(name)?.trim().parse::<u64>().ok();
    let left = |limit, usage| Some(number(limit)?.saturating_sub(number(usage)?));
    let in_memory = left(version.limit, version.usage)?;
    let of_swap = version.swap.and_then(|(limit, usage)| left(limit, usage));
    let free = in_memory.saturating_add(of_swap.map_or(swap, |left| left.min(swap)));
    if free >= bytes {
        return None;
    }
    let caches = sum_of(&read("memory.stat")?, version.caches)?;
    Some(free.saturating_add(caches))
}

#[cfg(test)]
mod tests;
