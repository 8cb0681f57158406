//! Waiting for a child process, with what it used.

use std::io;
use std::mem::MaybeUninit;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::time::Duration;

/// What a child used, together with all descendants that were waited for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChildUsage {
    /// CPU time outside the kernel.
    pub user: Duration,
    /// CPU time in the kernel.
    pub system: Duration,
    /// The most memory that one process of them ever had resident.
    pub peak_rss_bytes: u64,
    /// Page faults, with and without reading from a disk.
    pub page_faults: u64,
    /// How often the kernel took the processor away from one of them.
    pub involuntary_switches: u64,
}

/// Waits for a child to end, or with `block` off only looks whether it has: `None` where it goes on.
///
/// # Errors
///
/// When this process has no such child, or another thread has waited for it.
pub fn reap(pid: u32, block: bool) -> io::Result<Option<(ExitStatus, ChildUsage)>> {
    let pid = libc::pid_t::try_from(pid).map_err(io::Error::other)?;
    let options = if block { 0 } else { libc::WNOHANG };
    let (mut status, mut usage) = (0, MaybeUninit::<libc::rusage>::uninit());
    loop {
        // SAFETY: both pointers are to memory that may be written, and live through the call.
        let reaped = unsafe { libc::wait4(pid, &raw mut status, options, usage.as_mut_ptr()) };
        match reaped {
            0 => return Ok(None),
            -1 => {
                let error = io::Error::last_os_error();
                if error.kind() != io::ErrorKind::Interrupted {
                    return Err(error);
                }
            }
            _ => break,
        }
    }
    // SAFETY: the kernel has filled the struct in, as it does for every child that it reports.
    let usage = unsafe { usage.assume_init() };
    let time = |time: libc::timeval| {
        Duration::from_secs(time.tv_sec.try_into().unwrap_or(0))
            + Duration::from_micros(time.tv_usec.try_into().unwrap_or(0))
    };
    let count = |count: libc::c_long| u64::try_from(count).unwrap_or(0);
    let usage = ChildUsage {
        user: time(usage.ru_utime),
        system: time(usage.ru_stime),
        // Linux counts in KiB: getrusage(2).
        peak_rss_bytes: count(usage.ru_maxrss) << 10,
        page_faults: count(usage.ru_minflt) + count(usage.ru_majflt),
        involuntary_switches: count(usage.ru_nivcsw),
    };
    Ok(Some((ExitStatus::from_raw(status), usage)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    /// Starts a child that `reap` is to wait for; its process id.
    fn start(script: &str) -> u32 {
        Command::new("sh").args(["-c", script]).spawn().unwrap().id()
    }

    #[test]
    fn a_child_is_reaped_once_with_its_status_and_what_it_used() {
        let child = start("exit 7");
        let (status, usage) = reap(child, true).unwrap().unwrap();
        assert_eq!(status.code(), Some(7));
        assert!(usage.peak_rss_bytes > 0 && usage.page_faults > 0);
        assert!(reap(child, true).is_err(), "there is no such child any more");
    }

    #[test]
    fn a_child_that_goes_on_is_left_alone() {
        let child = start("exec sleep 1000");
        assert!(reap(child, false).unwrap().is_none());
        let pid = rustix::process::Pid::from_raw(i32::try_from(child).unwrap()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
        let (status, _) = reap(child, true).unwrap().unwrap();
        assert_eq!(status.signal(), Some(9));
    }
}
