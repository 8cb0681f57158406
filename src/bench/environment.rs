//! The machine that measures: what it is, how much of it this process may use, and how busy it is.
//!
//! Everything is read from the files in which Linux tells it. A file that is missing (a container
//! without `/sys`, a kernel without frequency scaling) leaves its figure `None`. The module does
//! not know which hash engines there are; it is told their names.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::thread::{CpuSet, sched_getaffinity};

use super::clock::{self, Clock};
use super::result::Environment;

/// How many processors there are, and how many of them this process may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cores {
    /// Physical cores of the machine; `None` where the kernel does not tell.
    pub physical: Option<usize>,
    /// Physical cores that the process may use: by its affinity mask, and no more than the CPU
    /// quota of its cgroup, rounded up. At least 1.
    pub usable: usize,
    /// The same for logical processors, of which a core may run several.
    pub cpus_usable: usize,
}

/// Counts the processors.
#[must_use]
pub fn cores() -> Cores {
    Machine::this().cores()
}

/// Describes this machine, now.
#[must_use]
pub fn environment(engine: &str, engines: &[&str], clock: &dyn Clock) -> Environment {
    let machine = Machine::this();
    let cores = machine.cores();
    Environment {
        cpu: machine.cpu(),
        cores_physical: cores.physical,
        cores_usable: cores.usable,
        os: machine.os(),
        kernel: machine.kernel(),
        engine: engine.to_owned(),
        engines: engines.iter().map(|&engine| engine.to_owned()).collect(),
        debug_build: cfg!(debug_assertions),
        governor: machine.text("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        cpus_usable: Some(cores.cpus_usable),
        architecture: Some(std::env::consts::ARCH.to_owned()),
        memory_bytes: machine.memory_bytes(),
        started_at: SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .ok()
            .map(|since| rfc3339_utc(since.as_secs())),
        clock_precision: clock::precision(clock),
    }
}

/// Where a machine's files are, and what cannot be read from files.
struct Machine {
    root: PathBuf,
    /// The logical processors in the affinity mask of the process, by number.
    allowed: BTreeSet<usize>,
    /// What the `num_cpus` crate makes of affinity and quota.
    counted: usize,
}

impl Machine {
    fn this() -> Self {
        let mask = sched_getaffinity(None).ok();
        let allowed = mask
            .into_iter()
            .flat_map(|mask| (0..CpuSet::MAX_CPU).filter(move |&cpu| mask.is_set(cpu)))
            .collect();
        Self { root: PathBuf::from("/"), allowed, counted: num_cpus::get() }
    }

    /// The contents of a file, without the white space around it.
    fn text(&self, path: impl AsRef<Path>) -> Option<String> {
        let text = fs::read_to_string(self.root.join(path)).ok()?;
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    fn cores(&self) -> Cores {
        // A mask that could not be read restricts nothing that is known.
        let allowed = (!self.allowed.is_empty()).then_some(&self.allowed);
        let usable = self.physical(allowed).unwrap_or(self.counted).min(self.counted);
        Cores {
            physical: self.physical(None),
            usable: usable.max(1),
            cpus_usable: self.counted.max(1),
        }
    }

    /// The number of physical cores among some logical processors, or among all: processors of one
    /// core name the same siblings. `None` where the kernel tells nothing of them.
    fn physical(&self, among: Option<&BTreeSet<usize>>) -> Option<usize> {
        let folder = Path::new("sys/devices/system/cpu");
        let all = fs::read_dir(self.root.join(folder)).ok()?.filter_map(Result::ok);
        let cores: BTreeSet<String> = all
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter(|name| {
                let number = name.strip_prefix("cpu").and_then(|number| number.parse().ok());
                number.is_some_and(|number: usize| among.is_none_or(|cpus| cpus.contains(&number)))
            })
            .filter_map(|name| {
                let topology = folder.join(name).join("topology");
                // The second name is the one that kernels before 5.3 use.
                self.text(topology.join("core_cpus_list"))
                    .or_else(|| self.text(topology.join("thread_siblings_list")))
            })
            .collect();
        (!cores.is_empty()).then_some(cores.len())
    }

    fn cpu(&self) -> Option<String> {
        let of_cpuinfo = self.text("proc/cpuinfo").and_then(|cpuinfo| {
            let mut lines = cpuinfo.lines().filter_map(|line| line.split_once(':'));
            let (_, name) = lines.find(|(key, _)| key.trim() == "model name")?;
            Some(name.trim().to_owned())
        });
        // The 64-bit Arm kernel gives processors no name; many boards have one.
        of_cpuinfo.or_else(|| {
            let board = self.text("proc/device-tree/model")?;
            Some(board.trim_end_matches('\0').to_owned())
        })
    }

    fn os(&self) -> Option<String> {
        let release = self.text("etc/os-release")?;
        let name = release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
        Some(name.trim_matches('"').to_owned())
    }

    fn kernel(&self) -> Option<String> {
        let [name, release] =
            ["ostype", "osrelease"].map(|file| self.text(Path::new("proc/sys/kernel").join(file)));
        Some(format!("{} {}", name?, release?))
    }

    fn memory_bytes(&self) -> Option<u64> {
        let table = self.text("proc/meminfo")?;
        let total = table.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
        let kibibytes: u64 = total.trim().strip_suffix("kB")?.trim().parse().ok()?;
        kibibytes.checked_mul(1024)
    }
}

/// A point in time, given in seconds since 1970 began in UTC, as RFC 3339 writes it.
///
/// The calendar is computed as in Hinnant, "chrono-Compatible Low-Level Date Algorithms": years
/// begin in March, so that the leap day is the last of its year.
fn rfc3339_utc(seconds: u64) -> String {
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::clock::MonotonicClock;
    use tempfile::TempDir;

    /// A machine that has these files and nothing else.
    fn machine(files: &[(&str, &str)], allowed: &[usize], counted: usize) -> (TempDir, Machine) {
        let folder = tempfile::tempdir().unwrap();
        for (path, contents) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, contents).unwrap();
        }
        let root = folder.path().to_owned();
        (folder, Machine { root, allowed: allowed.iter().copied().collect(), counted })
    }

    /// Two cores of two hardware threads each.
    const FOUR_THREADS: [(&str, &str); 5] = [
        ("sys/devices/system/cpu/cpu0/topology/core_cpus_list", "0,2\n"),
        ("sys/devices/system/cpu/cpu1/topology/core_cpus_list", "1,3\n"),
        ("sys/devices/system/cpu/cpu2/topology/core_cpus_list", "0,2\n"),
        ("sys/devices/system/cpu/cpu3/topology/thread_siblings_list", "1,3\n"),
        ("sys/devices/system/cpu/cpufreq/policy0", ""),
    ];

    #[test]
    fn usable_cores_are_those_that_are_allowed_and_no_more_than_were_counted() {
        // (allowed, counted; usable, logical processors usable)
        for (allowed, counted, usable, cpus_usable) in [
            (&[0, 1, 2, 3][..], 4, 2, 4),
            (&[0, 2], 2, 1, 2),
            (&[0, 1], 2, 2, 2),
            (&[], 4, 2, 4),
            // A quota of one processor.
            (&[0, 1, 2, 3], 1, 1, 1),
        ] {
            let (_folder, machine) = machine(&FOUR_THREADS, allowed, counted);
            let expected = Cores { physical: Some(2), usable, cpus_usable };
            assert_eq!(machine.cores(), expected, "{allowed:?} {counted}");
        }
    }

    #[test]
    fn a_machine_that_tells_nothing_has_the_processors_that_were_counted() {
        let (_folder, machine) = machine(&[], &[], 3);
        let expected = Cores { physical: None, usable: 3, cpus_usable: 3 };
        assert_eq!(machine.cores(), expected);
        let told = (machine.cpu(), machine.os(), machine.kernel());
        assert_eq!(told, (None, None, None));
        assert_eq!(machine.memory_bytes(), None);
    }

    #[test]
    fn what_linux_tells_is_read() {
        let files = [
            ("proc/cpuinfo", "processor\t: 0\nmodel name\t: AMD EPYC\nmodel name\t: other\n"),
            ("etc/os-release", "NAME=\"Debian\"\nPRETTY_NAME=\"Debian 13 (trixie)\"\n"),
            ("proc/sys/kernel/ostype", "Linux\n"),
            ("proc/sys/kernel/osrelease", "6.1.0\n"),
            ("proc/meminfo", "MemTotal:        2048 kB\nMemFree: 1 kB\n"),
        ];
        let (_folder, machine) = machine(&files, &[0], 1);
        assert_eq!(machine.cpu().as_deref(), Some("AMD EPYC"));
        assert_eq!(machine.os().as_deref(), Some("Debian 13 (trixie)"));
        assert_eq!(machine.kernel().as_deref(), Some("Linux 6.1.0"));
        assert_eq!(machine.memory_bytes(), Some(2_097_152));
    }

    #[test]
    fn a_processor_without_a_name_is_called_after_its_board() {
        let files = [
            ("proc/cpuinfo", "processor\t: 0\nCPU implementer\t: 0x41\n"),
            ("proc/device-tree/model", "Raspberry Pi 5\0"),
        ];
        let (_folder, machine) = machine(&files, &[0], 1);
        assert_eq!(machine.cpu().as_deref(), Some("Raspberry Pi 5"));
    }

    #[test]
    fn this_machine_has_processors_and_a_kernel() {
        let environment = environment("b", &["a", "b"], &MonotonicClock::new());
        assert!(environment.cores_usable >= 1);
        assert!(environment.cpus_usable >= Some(environment.cores_usable));
        assert!(environment.kernel.is_some_and(|kernel| kernel.starts_with("Linux ")));
        assert_eq!((environment.engine.as_str(), environment.engines.len()), ("b", 2));
    }

    #[test]
    fn seconds_become_dates() {
        // From `date -u -d @SECONDS`.
        for (seconds, date) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_799, "2000-02-29T23:59:59Z"),
            (1_709_251_200, "2024-03-01T00:00:00Z"),
            (1_767_225_599, "2025-12-31T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(rfc3339_utc(seconds), date);
        }
    }
}
