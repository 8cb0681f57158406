//! Who worked: what each worker of a pool did and used.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::error::Death;

/// What one worker did, from its start to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerReport {
    /// Its process id.
    pub pid: u32,
    /// Tasks that it answered.
    pub tasks: u64,
    /// Items in those tasks, where they were counted: a task of `map` is a chunk of items. `None`
    /// when the worker died before it could say.
    pub items: Option<u64>,
    /// How long its jobs ran.
    pub busy: Duration,
    /// CPU time of the whole process; `None` when it died before it could say.
    pub cpu: Option<Duration>,
    /// The most memory that it ever had resident; `None` when it died before it could say.
    pub peak_rss_bytes: Option<u64>,
    /// The memory that it had resident and shared with nobody when it ended; `None` when it died
    /// before it could say.
    pub private_rss_bytes: Option<u64>,
    /// How it died, if it did not end when it was asked to.
    pub death: Option<Death>,
}

/// What a worker says of itself in its last frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SelfReport {
    pub(super) items: u64,
    pub(super) cpu: Duration,
    pub(super) peak_rss_bytes: Option<u64>,
    pub(super) private_rss_bytes: Option<u64>,
}

impl SelfReport {
    /// Reads this process's figures.
    ///
    /// The peak is the kernel's `VmHWM`, not `ru_maxrss`: the latter of a fresh process starts at
    /// what its parent had when it called exec.
    pub(super) fn now(items: u64) -> Self {
        let cpu = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        let cpu = Duration::try_from(cpu).unwrap_or_default();
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        Self {
            items,
            cpu,
            peak_rss_bytes: field_bytes(&status, "VmHWM:"),
            private_rss_bytes: field_bytes(&status, "RssAnon:"),
        }
    }
}

/// A field of a `/proc/PID/status`, in bytes.
fn field_bytes(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_in_bytes() {
        let status = "Name:\tx\nVmPeak:\t  9 kB\nVmHWM:\t    1234 kB\nRssAnon:\t  7 kB\n";
        assert_eq!(field_bytes(status, "VmHWM:"), Some(1234 * 1024));
        assert_eq!(field_bytes(status, "RssAnon:"), Some(7 * 1024));
        for unreadable in ["", "VmHWM:\n", "VmHWM: x kB", "VmHWM: 12 MB"] {
            assert_eq!(field_bytes(unreadable, "VmHWM:"), None, "{unreadable:?}");
        }
    }

    #[test]
    fn a_process_knows_its_own_memory() {
        let report = SelfReport::now(0);
        assert!(report.private_rss_bytes.unwrap() > 0);
        assert!(report.peak_rss_bytes > report.private_rss_bytes);
    }
}
