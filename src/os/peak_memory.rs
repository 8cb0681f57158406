//! How much memory processes had resident at most, as the kernel counts it.

use std::fs;

/// A measurement of the most memory that this process has resident.
#[derive(Debug)]
pub struct Peak {
    starts_afresh: bool,
}

impl Peak {
    /// Begins: what was resident earlier does not count, where the system allows to forget it.
    #[must_use]
    pub fn begin() -> Self {
        // "5" resets the high-water mark: proc(5), /proc/pid/clear_refs.
        Self { starts_afresh: fs::write("/proc/self/clear_refs", "5").is_ok() }
    }

    /// The most that was resident since the beginning, shared memory that this process touched
    /// included; `None` where the system does not tell.
    #[must_use]
    pub fn bytes(&self) -> Option<u64> {
        let status = fs::read_to_string("/proc/self/status").ok()?;
        self.starts_afresh.then(|| field_bytes(&status, "VmHWM:"))?
    }
}

/// A field of a `/proc/PID/status` in bytes.
pub(crate) fn field_bytes(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn fields_are_read_in_bytes() {
        let status = "Name:\tx\nVmHWM:\t    1234 kB\n";
        assert_eq!(field_bytes(status, "VmHWM:"), Some(1234 * 1024));
        assert_eq!(field_bytes(status, "RssFile:"), None);
        assert_eq!(field_bytes("VmHWM: x kB", "VmHWM:"), None);
    }

    #[test]
    fn memory_that_was_touched_is_in_the_peak() {
        let peak = Peak::begin();
        let touched = vec![1_u8; 8 << 20];
        assert!(touched.iter().all(|&byte| byte == 1));
        drop(touched);
        let Some(bytes) = peak.bytes() else {
            // Not println!, which the test harness swallows where a test passes.
            let note = b"NOT TESTED: the peak of memory: this system does not tell it\n";
            std::io::stderr().write_all(note).unwrap();
            return;
        };
        assert!(bytes >= 8 << 20);
    }
}
