//! Running the program as a user would, with a deadline, and proof that nothing of it is left.
#![allow(dead_code, reason = "every test file uses its own part")]

use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// No run of a test takes this long, on the slowest machine.
pub(crate) const DEADLINE: Duration = Duration::from_mins(1);

/// A run of the program that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) command: String,
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Ended {
    /// Standard output as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard output as JSON, without the product's own types.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}\n{}", self.shown()))
    }

    /// The exit status is `code`, or the test fails and shows the run.
    #[track_caller]
    pub(crate) fn exits_with(self, code: i32) -> Self {
        assert_eq!(self.status.code(), Some(code), "\n{}", self.shown());
        self
    }

    /// It ended well and had nothing to say on standard error.
    #[track_caller]
    pub(crate) fn succeeds_quietly(self) -> Self {
        let ended = self.exits_with(0);
        assert_eq!(ended.stderr, "", "\n{}", ended.shown());
        ended
    }

    /// It ended with 2, and the one line on standard error holds all of `parts`.
    #[track_caller]
    pub(crate) fn fails_saying(self, parts: &[&str]) -> Self {
        let ended = self.exits_with(2);
        let lines: Vec<&str> = ended.stderr.lines().collect();
        assert_eq!(lines.len(), 1, "one line of error\n{}", ended.shown());
        assert!(lines[0].starts_with("wordhash: "), "\n{}", ended.shown());
        for part in parts {
            assert!(lines[0].contains(part), "{part:?} is not in the error\n{}", ended.shown());
        }
        ended
    }

    fn shown(&self) -> String {
        format!(
            "$ {}\n{}\n--- standard output\n{}\n--- standard error\n{}",
            self.command,
            self.status,
            self.text(),
            self.stderr
        )
    }
}

/// A run of the program that goes on.
pub(crate) struct Running {
    child: Child,
    command: String,
    mark: String,
}

static RUNS: AtomicU32 = AtomicU32::new(0);

/// The variable by which a run's processes, its workers included, are known.
const MARK: &str = "WORDHASH_TEST_RUN";

/// The program with these arguments, both outputs read, standard input closed.
pub(crate) fn program<S: AsRef<OsStr>>(arguments: &[S]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wordhash"));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs the program with these arguments to its end.
#[track_caller]
pub(crate) fn wordhash<S: AsRef<OsStr>>(arguments: &[S]) -> Ended {
    start(program(arguments)).end()
}

/// Runs the program with this on standard input.
#[track_caller]
pub(crate) fn wordhash_reading<S: AsRef<OsStr>>(input: &[u8], arguments: &[S]) -> Ended {
    let mut command = program(arguments);
    command.stdin(Stdio::piped());
    let mut running = start(command);
    let mut stdin = running.child.stdin.take().expect("piped above");
    let input = input.to_vec();
    let writer = std::thread::spawn(move || {
        // A program that ends before it has read everything is for the test to judge.
        let _ = stdin.write_all(&input);
    });
    let ended = running.end();
    writer.join().expect("the writer does not panic");
    ended
}

/// Starts a run.
pub(crate) fn start(mut command: Command) -> Running {
    let mark = format!("{}-{}", std::process::id(), RUNS.fetch_add(1, Ordering::Relaxed));
    let shown = format!("{command:?}");
    let child = command.env(MARK, &mark).spawn().expect("the program starts");
    Running { child, command: shown, mark }
}

impl Running {
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Waits for the end and reads the outputs; then no process of the run may be left.
    #[track_caller]
    pub(crate) fn end(mut self) -> Ended {
        let stdout = self.child.stdout.take().map(read_in_background);
        let stderr = self.child.stderr.take().map(read_in_background);
        let status = self.wait();
        let read = |reader: Option<std::thread::JoinHandle<Vec<u8>>>| {
            reader.map_or_else(Vec::new, |reader| reader.join().expect("the reader does not panic"))
        };
        let ended = Ended {
            command: self.command.clone(),
            status,
            stdout: read(stdout),
            stderr: String::from_utf8_lossy(&read(stderr)).into_owned(),
        };
        self.leaves_nothing();
        ended
    }

    /// Waits for the end of the program itself.
    #[track_caller]
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let child = &mut self.child;
        let mut status = None;
        let ended = within(DEADLINE, || {
            status = child.try_wait().expect("a child can be waited for");
            status.is_some()
        });
        if !ended {
            let _ = child.kill();
            // Whatever it has started would slow the other tests down.
            for pid in marked_processes(&self.mark) {
                signal(pid, 9);
            }
            panic!("no end within {DEADLINE:?}: {}", self.command);
        }
        status.expect("it has ended")
    }

    /// The worker processes of the run.
    pub(crate) fn workers(&self) -> Vec<u32> {
        let mut marked = marked_processes(&self.mark);
        marked.retain(|&pid| pid != self.child.id());
        marked
    }

    /// Waits until the run has so many workers.
    #[track_caller]
    pub(crate) fn await_workers(&self, count: usize) -> Vec<u32> {
        let mut workers = Vec::new();
        assert!(
            within(DEADLINE, || {
                workers = self.workers();
                workers.len() >= count
            }),
            "{count} workers never came up: {}",
            self.command
        );
        workers
    }

    /// No process of the run is alive, or will not be within a second.
    #[track_caller]
    pub(crate) fn leaves_nothing(&self) {
        let mut left = Vec::new();
        let gone = within(Duration::from_secs(1), || {
            left = marked_processes(&self.mark);
            left.is_empty()
        });
        assert!(gone, "processes {left:?} are left of {}", self.command);
    }
}

/// Sends a signal, by its number.
pub(crate) fn signal(pid: u32, number: i32) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).expect("a pid")).expect("not 0");
    let signal = rustix::process::Signal::from_named_raw(number).expect("a signal");
    // The process may be gone already, which is what most signals are for.
    let _ = rustix::process::kill_process(pid, signal);
}

/// Looks again and again until it is so; `false` when it is not so in time.
pub(crate) fn within(limit: Duration, mut so: impl FnMut() -> bool) -> bool {
    let begin = Instant::now();
    loop {
        if so() {
            return true;
        }
        if begin.elapsed() > limit {
            return false;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn read_in_background(
    mut stream: impl std::io::Read + Send + 'static,
) -> std::thread::JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).expect("a pipe can be read");
        bytes
    })
}

/// The processes, zombies left out, that have the mark in their environment.
fn marked_processes(mark: &str) -> Vec<u32> {
    let wanted = format!("{MARK}={mark}");
    let entries = std::fs::read_dir("/proc").expect("/proc is there");
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|pid: &u32| {
            let environ = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environ.split(|&byte| byte == 0).any(|variable| variable == wanted.as_bytes())
        })
        .collect()
}

/// A file of the sample lists that come with the project.
pub(crate) fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("words").join(name)
}

/// A fresh folder with a file of these bytes in it.
pub(crate) fn file_of(bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("words.txt");
    std::fs::write(&path, bytes).expect("a file in it");
    (folder, path)
}

/// Runs a command to its end with both outputs at a terminal of 80 columns: what it writes there is
/// its standard output, with CRLF for each LF.
#[track_caller]
pub(crate) fn at_a_terminal(mut command: Command) -> Ended {
    use rustix::fs::{Mode, OFlags};
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pseudo-terminal");
    grantpt(&terminal).expect("it may be opened");
    unlockpt(&terminal).expect("it may be opened");
    let name = ptsname(&terminal, Vec::new()).expect("it has a name");
    let size = rustix::termios::Winsize { ws_row: 25, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
    rustix::termios::tcsetwinsize(&terminal, size).expect("it has a size");
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    let output = || rustix::fs::open(&name, flags, Mode::empty()).expect("the program's end");
    command.stdout(output()).stderr(output());
    let running = start(command);
    let reader = std::thread::spawn(move || {
        let mut written = Vec::new();
        // Reading fails once the program's end is closed.
        let _ = File::from(terminal).read_to_end(&mut written);
        written
    });
    let ended = running.end();
    Ended { stdout: reader.join().expect("the reader does not panic"), ..ended }
}
