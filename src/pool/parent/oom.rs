//! Whether the kernel has been ending processes because memory ran out.
//!
//! SIGKILL does not say who sent it; the kernel's own counters do: `memory.events` of this
//! process's control group (version 2), else `/proc/vmstat` for the whole machine.

use std::fs;

/// Remembers how often it had happened.
#[derive(Debug)]
pub(super) struct OomWatch {
    kills: Option<u64>,
}

impl OomWatch {
    pub(super) fn new() -> Self {
        Self { kills: kills() }
    }

    /// Whether it happened since this was asked last. `false` where the kernel does not tell.
    pub(super) fn killed_since(&mut self) -> bool {
        let now = kills();
        let before = std::mem::replace(&mut self.kills, now);
        matches!((before, now), (Some(before), Some(now)) if now > before)
    }
}

fn kills() -> Option<u64> {
    let group = fs::read_to_string("/proc/self/cgroup").ok();
    let group =
        group.as_deref().and_then(|group| group.lines().find_map(|l| l.strip_prefix("0::")));
    let events = group
        .and_then(|group| fs::read_to_string(format!("/sys/fs/cgroup{group}/memory.events")).ok())
        .and_then(|events| counter(&events));
    events.or_else(|| counter(&fs::read_to_string("/proc/vmstat").ok()?))
}

/// The figure of the line `oom_kill N`.
fn counter(text: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix("oom_kill "))?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counter_is_found_among_its_neighbours() {
        let events = "low 0\nhigh 3\nmax 1\noom 7\noom_kill 5\noom_group_kill 2\n";
        assert_eq!(counter(events), Some(5));
        assert_eq!(counter("oom 7\n"), None);
        assert_eq!(counter("oom_kill many\n"), None);
    }
}
