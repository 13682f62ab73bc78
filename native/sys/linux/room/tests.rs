use super::*;
use std::sync::atomic::{AtomicU32, Ordering};

const MIB: u64 = 1 << 20;

/// A system of files in a folder of its own, which goes with it.
struct System(PathBuf);

impl System {
    /// 10 GiB of free memory and no swap, and these further files.
    fn with(files: &[(&str, &str)]) -> Self {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let count = COUNTER.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("shm-room-{}-{count}", std::process::id()));
        let system = Self(folder);
        let meminfo = "MemFree: 10485760 kB\nBuffers: 0 kB\nCached: 0 kB\nSReclaimable: 0 kB\nShmem: 0 kB\nSwapFree: 0 kB\n";
        system.write("proc/meminfo", meminfo);
        for (path, text) in files {
            system.write(path, text);
        }
        system
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn check(&self, mebibytes: u64) -> Result<(), u64> {
        check_memory_of(&self.0, mebibytes * MIB).map_err(|free| free / MIB)
    }
}

impl Drop for System {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

const NO_CACHES: &str = "anon 5\nfile 7\nactive_file 0\ninactive_file 0\nslab_reclaimable 0\n";

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

#[test]
fn a_system_that_tells_nothing_refuses_nothing() {
    let nowhere = Path::new("/nonexistent");
    assert_eq!(check_memory_of(nowhere, 1 << 62), Ok(()));
    let system = System::with(&[("proc/meminfo", "MemFree: 1 kB\n")]);
    assert_eq!(system.check(1 << 20), Ok(()));
}

#[test]
fn without_groups_the_machine_decides() {
    let system = System::with(&[]);
    assert_eq!(system.check(10240), Ok(()));
    assert_eq!(system.check(10241), Err(10240));
    system.write("proc/meminfo", "MemFree: 1024 kB\nBuffers: 1024 kB\nCached: 4096 kB\nSReclaimable: 0 kB\nShmem: 3072 kB\nSwapFree: 2048 kB\n");
    assert_eq!(system.check(5), Ok(()));
    assert_eq!(system.check(6), Err(5));
}

#[test]
fn a_group_of_version_2_decides_and_its_caches_are_free() {
    let system = System::with(&[
        ("proc/self/cgroup", "0::/app\n"),
        ("sys/fs/cgroup/app/memory.max", "104857600\n"),
        ("sys/fs/cgroup/app/memory.current", "94371840\n"),
        ("sys/fs/cgroup/app/memory.stat", NO_CACHES),
    ]);
    assert_eq!(system.check(10), Ok(()));
    assert_eq!(system.check(11), Err(10));
    let caches = "active_file 1048576\ninactive_file 2097152\nslab_reclaimable 3145728\n";
    system.write("sys/fs/cgroup/app/memory.stat", caches);
    assert_eq!(system.check(16), Ok(()));
    assert_eq!(system.check(17), Err(16));
}

#[test]
fn a_group_without_a_limit_is_none() {
    let system = System::with(&[
        ("proc/self/cgroup", "0::/app\n"),
        ("sys/fs/cgroup/app/memory.max", "max\n"),
        ("sys/fs/cgroup/app/memory.current", "94371840\n"),
        ("sys/fs/cgroup/app/memory.stat", NO_CACHES),
    ]);
    assert_eq!(system.check(10241), Err(10240));
}

#[test]
fn of_nested_groups_the_one_with_the_least_decides() {
    let system = System::with(&[
        ("proc/self/cgroup", "0::/pod/app\n"),
        ("sys/fs/cgroup/pod/app/memory.max", "104857600\n"),
        ("sys/fs/cgroup/pod/app/memory.current", "0\n"),
        ("sys/fs/cgroup/pod/app/memory.stat", NO_CACHES),
        ("sys/fs/cgroup/pod/memory.max", "52428800\n"),
        ("sys/fs/cgroup/pod/memory.current", "10485760\n"),
        ("sys/fs/cgroup/pod/memory.stat", NO_CACHES),
    ]);
    assert_eq!(system.check(41), Err(40));
    system.write("sys/fs/cgroup/pod/memory.max", "max\n");
    assert_eq!(system.check(101), Err(100));
}

#[test]
fn a_container_finds_its_group_at_the_top_whatever_its_path_is() {
    let of_container = [
        ("sys/fs/cgroup/memory.max", "104857600\n"),
        ("sys/fs/cgroup/memory.current", "0\n"),
        ("sys/fs/cgroup/memory.stat", NO_CACHES),
    ];
    let system = System::with(&of_container);
    for own in ["0::/\n", "0::/docker/4711\n", "0::/../elsewhere\n"] {
        system.write("proc/self/cgroup", own);
        assert_eq!(system.check(101), Err(100), "{own}");
    }
}

#[test]
fn a_group_may_have_less_swap_than_the_machine() {
    let system = System::with(&[
        ("proc/self/cgroup", "0::/app\n"),
        ("sys/fs/cgroup/app/memory.max", "104857600\n"),
        ("sys/fs/cgroup/app/memory.current", "0\n"),
        ("sys/fs/cgroup/app/memory.stat", NO_CACHES),
    ]);
    let meminfo = "MemFree: 10485760 kB\nBuffers: 0 kB\nCached: 0 kB\nSReclaimable: 0 kB\nSwapFree: 20480 kB\n";
    system.write("proc/meminfo", meminfo);
    assert_eq!(system.check(121), Err(120), "all of the machine's");
    for (limit, used, free) in [
        ("max", "0", 120),
        ("0", "0", 100),
        ("10485760", "4194304", 106),
    ] {
        system.write("sys/fs/cgroup/app/memory.swap.max", limit);
        system.write("sys/fs/cgroup/app/memory.swap.current", used);
        assert_eq!(system.check(free), Ok(()), "{limit}");
        assert_eq!(system.check(free + 1), Err(free), "{limit}");
    }
}

#[test]
fn in_a_hybrid_the_group_of_version_1_decides() {
    let system = System::with(&[
        (
            "proc/self/cgroup",
            "12:cpu,cpuacct:/a\n5:hugetlb,memory:/docker/app\n1:name=systemd:/b\n0::/c\n",
        ),
        (
            "sys/fs/cgroup/memory/docker/app/memory.limit_in_bytes",
            "104857600\n",
        ),
        (
            "sys/fs/cgroup/memory/docker/app/memory.usage_in_bytes",
            "1048576\n",
        ),
        (
            "sys/fs/cgroup/memory/docker/app/memory.stat",
            "active_file 1\ntotal_active_file 1048576\ntotal_inactive_file 0\n",
        ),
        (
            "sys/fs/cgroup/memory/memory.limit_in_bytes",
            "9223372036854771712\n",
        ),
        ("sys/fs/cgroup/memory/memory.usage_in_bytes", "7\n"),
        (
            "sys/fs/cgroup/memory/memory.stat",
            "total_active_file 0\ntotal_inactive_file 0\n",
        ),
        ("sys/fs/cgroup/unified/c/cgroup.procs", "1\n"),
    ]);
    assert_eq!(system.check(100), Ok(()));
    assert_eq!(system.check(101), Err(100));
}
