//! What goes wrong around a pool, and that nothing is left after it.
//!
//! Every case runs in a process of its own: with one thread, so that it can fork, and with a
//! deadline. It ends by proving that no child, no descriptor and no shared memory is left.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking; clippy only knows #[test]")]

use std::os::fd::AsFd;
use std::process::{Command, ExitCode, Stdio};

use libtest_mimic::{Arguments, Failed, Trial};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{
    Pid, PidfdFlags, Resource, Rlimit, Signal, WaitId, WaitIdOptions, pidfd_open, setrlimit, waitid,
};

mod endings;
mod faults;
mod limits;
mod matrix;

const DEADLINE_MS: u32 = 40_000;

/// Something that is run in a process of its own.
pub(crate) struct Case {
    name: String,
    run: Box<dyn Fn()>,
}

impl Case {
    pub(crate) fn new(name: String, run: impl Fn() + 'static) -> Self {
        Self { name, run: Box::new(run) }
    }
}

fn cases() -> Vec<Case> {
    let mut cases = matrix::cases();
    cases.extend(endings::cases());
    cases.extend(limits::cases());
    cases
}

/// Whether a process ends in time.
pub(crate) fn ends_within_ms(pidfd: impl AsFd, milliseconds: u32) -> bool {
    let timeout = Timespec {
        tv_sec: i64::from(milliseconds / 1000),
        tv_nsec: i64::from(milliseconds % 1000) * 1_000_000,
    };
    poll(&mut [PollFd::new(&pidfd, PollFlags::IN)], Some(&timeout)).unwrap() > 0
}

pub(crate) fn trial(name: String, run: impl Fn() + Send + 'static) -> Trial {
    Trial::test(name, move || {
        run();
        Ok(())
    })
}

/// Runs a case in a process of its own and fails with what it printed.
fn run_alone(name: &str) -> Result<(), Failed> {
    let child = Command::new("/proc/self/exe")
        .args(["--case", name])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let pid = Pid::from_child(&child);
    let in_time = ends_within_ms(pidfd_open(pid, PidfdFlags::empty())?, DEADLINE_MS);
    if !in_time {
        rustix::process::kill_process(pid, Signal::KILL)?;
    }
    let output = child.wait_with_output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let late = if in_time { "" } else { " (it missed its deadline)" };
    Err(format!("{}{late}\n{said}", output.status).into())
}

fn open_descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

fn run_case(name: &str) {
    let case = cases().into_iter().find(|case| case.name == name).expect("a case of that name");
    // Crashes are wanted here; their core files are not.
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }).unwrap();
    let before = open_descriptors();
    (case.run)();
    let children = waitid(WaitId::All, WaitIdOptions::EXITED | WaitIdOptions::NOHANG);
    assert_eq!(children.err(), Some(rustix::io::Errno::CHILD), "a child is left");
    assert_eq!(open_descriptors(), before, "a descriptor is left");
    let mappings = std::fs::read_to_string("/proc/self/maps").unwrap();
    assert!(!mappings.contains("memfd:"), "shared memory is left");
}

fn main() -> ExitCode {
    wordhash::pool::init();
    let arguments: Vec<String> = std::env::args().collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[1..] {
        ["--case", name] => run_case(name),
        ["--be-stopped", phase, transport, method] => {
            let (transport, method) = (transport.parse().unwrap(), method.parse().unwrap());
            return ExitCode::from(endings::be_stopped(phase, transport, method));
        }
        ["--be-in-storm", transport, method] => {
            endings::be_in_storm(transport.parse().unwrap(), method.parse().unwrap());
        }
        _ => {
            let mut trials: Vec<Trial> = cases()
                .into_iter()
                .map(|case| {
                    let name = case.name;
                    Trial::test(name.clone(), move || run_alone(&name))
                })
                .collect();
            trials.extend(endings::stops());
            trials.extend(endings::storms());
            return libtest_mimic::run(&Arguments::from_args(), trials).exit_code();
        }
    }
    ExitCode::SUCCESS
}
