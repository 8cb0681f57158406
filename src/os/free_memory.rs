//! How much memory is free for this process: on the machine and in its cgroups.

use std::fs;
use std::path::{Path, PathBuf};

use crate::size::Size;

/// Of what is free, a tenth is left to others, and at least so much.
const LEAST_MARGIN_BYTES: u64 = 256 << 20;

/// The limit of a run that was given none: what the machine and the cgroups (of both versions) of
/// this process have free, less a tenth and at least 256 MiB. No limit where the system does not
/// tell.
///
/// Pages of the file cache that can be had back count as free: by the kernel's own estimate for
/// the machine; in a cgroup all inactive ones and half of the active ones, which somebody may
/// still need.
#[must_use]
pub fn default_limit() -> Size {
    let free = System { root: PathBuf::from("/") }.free_bytes();
    Size(free.map_or(u64::MAX, less_a_margin))
}

fn less_a_margin(free: u64) -> u64 {
    free.saturating_sub((free / 10).max(LEAST_MARGIN_BYTES))
}

/// Where a system's files are.
struct System {
    root: PathBuf,
}

/// The files in which a version of the cgroups tells of memory.
struct Names {
    limits: &'static [&'static str],
    used: &'static str,
    inactive_file: &'static str,
    active_file: &'static str,
}

const VERSION_1: Names = Names {
    limits: &["memory.limit_in_bytes"],
    used: "memory.usage_in_bytes",
    inactive_file: "total_inactive_file",
    active_file: "total_active_file",
};

/// Above `memory.high` a group is slowed down until it hardly runs: as good as a limit.
const VERSION_2: Names = Names {
    limits: &["memory.max", "memory.high"],
    used: "memory.current",
    inactive_file: "inactive_file",
    active_file: "active_file",
};

impl System {
    fn text(&self, path: impl AsRef<Path>) -> Option<String> {
        fs::read_to_string(self.root.join(path)).ok()
    }

    fn free_bytes(&self) -> Option<u64> {
        self.machine().into_iter().chain(self.groups()).min()
    }

    /// What the kernel says that programs can have without swapping.
    fn machine(&self) -> Option<u64> {
        let table = self.text("proc/meminfo")?;
        let line = table.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
        let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        kibibytes.checked_mul(1024)
    }

    /// What the groups of the process, and those above them, leave.
    fn groups(&self) -> Option<u64> {
        let groups = self.text("proc/self/cgroup")?;
        let free_in = |line: &str| {
            let (_, rest) = line.split_once(':')?;
            let (controllers, path) = rest.split_once(":/")?;
            match controllers {
                "" => self.least_above(Path::new("sys/fs/cgroup"), path, &VERSION_2),
                controllers if controllers.split(',').any(|name| name == "memory") => {
                    self.least_above(Path::new("sys/fs/cgroup/memory"), path, &VERSION_1)
                }
                _ => None,
            }
        };
        groups.lines().filter_map(free_in).min()
    }

    fn least_above(&self, mount: &Path, group: &str, names: &Names) -> Option<u64> {
        // In a container the path may be that of the host and lead nowhere; the last ancestor,
        // the mount itself, is the container's own group then.
        let groups = Path::new(group).ancestors().map(|group| mount.join(group));
        groups.filter_map(|group| self.free_in_group(&group, names)).min()
    }

    fn free_in_group(&self, group: &Path, names: &Names) -> Option<u64> {
        let number = |name: &str| self.text(group.join(name))?.trim().parse::<u64>().ok();
        let limit = names.limits.iter().filter_map(|name| number(name)).min()?;
        let used = number(names.used)?;
        let statistics = self.text(group.join("memory.stat")).unwrap_or_default();
        let count = |name: &str| {
            let mut lines = statistics.lines().filter_map(|line| line.split_once(' '));
            lines.find(|(key, _)| *key == name).and_then(|(_, value)| value.parse().ok())
        };
        let reclaimable: u64 =
            count(names.inactive_file).unwrap_or(0) + count(names.active_file).unwrap_or(0) / 2;
        Some(limit.saturating_sub(used.saturating_sub(reclaimable)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(files: &[(&str, &str)], free: Option<u64>) {
        let folder = tempfile::tempdir().unwrap();
        for (path, contents) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, contents).unwrap();
        }
        let system = System { root: folder.path().to_owned() };
        assert_eq!(system.free_bytes(), free, "{files:?}");
    }

    const MACHINE: (&str, &str) = ("proc/meminfo", "MemFree: 1 kB\nMemAvailable:  100 kB\n");

    #[test]
    fn a_system_that_tells_nothing_sets_no_limit() {
        check(&[], None);
        check(&[("proc/meminfo", "MemTotal: 5 kB\n"), ("proc/self/cgroup", "0::/x\n")], None);
    }

    #[test]
    fn the_machine_counts_where_no_group_has_less() {
        check(&[MACHINE], Some(102_400));
        let max = ("sys/fs/cgroup/a/memory.max", "max\n");
        let used = ("sys/fs/cgroup/a/memory.current", "5\n");
        check(&[MACHINE, ("proc/self/cgroup", "0::/a\n"), max, used], Some(102_400));
    }

    #[test]
    fn every_group_of_version_2_above_counts_less_what_it_uses() {
        let files = [
            MACHINE,
            ("proc/self/cgroup", "0::/a/b\n"),
            ("sys/fs/cgroup/a/memory.max", "10000\n"),
            ("sys/fs/cgroup/a/memory.current", "9000\n"),
            ("sys/fs/cgroup/a/memory.stat", "anon 5\ninactive_file 300\nactive_file 100\n"),
            ("sys/fs/cgroup/a/b/memory.max", "max\n"),
            ("sys/fs/cgroup/a/b/memory.high", "4000\n"),
            ("sys/fs/cgroup/a/b/memory.current", "100\n"),
        ];
        check(&files, Some(1350));
        check(&[&files[..2], &files[5..]].concat(), Some(3900));
    }

    #[test]
    fn a_group_of_version_1_counts_and_may_be_the_mount_itself() {
        let groups = "4:cpu,memory:/from/the/host\n1:cpu:/x\n";
        let files = [
            MACHINE,
            ("proc/self/cgroup", groups),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "5000\n"),
            ("sys/fs/cgroup/memory/memory.usage_in_bytes", "6000\n"),
            ("sys/fs/cgroup/memory/memory.stat", "cache 7\ntotal_inactive_file 2000\n"),
        ];
        check(&files, Some(1000));
        check(&files[..4], Some(0));
    }

    #[test]
    fn a_tenth_is_left_to_others_and_256_mib_at_least() {
        for (free, limit) in [(100, 0), (512 << 20, 256 << 20), (100 << 30, 90 << 30)] {
            assert_eq!(less_a_margin(free), limit);
        }
    }
}
