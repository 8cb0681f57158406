//! Judges: programs that the project did not write and that check what it writes.
//!
//! A test whose judge is not installed says so on standard error and passes. Where the environment
//! has `WORDHASH_REQUIRE_JUDGES`, as in continuous integration, such a test fails instead.
#![allow(dead_code, reason = "every test file uses its own part")]

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// Unless it is empty, a missing judge is an error.
const REQUIRE: &str = "WORDHASH_REQUIRE_JUDGES";

pub(crate) const PYTHON: Judge = Judge { names: &["python3"], package: "python3" };
pub(crate) const GZIP: Judge = Judge { names: &["gzip"], package: "gzip" };
pub(crate) const ZSTD: Judge = Judge { names: &["zstd"], package: "zstd" };
pub(crate) const SHA512SUM: Judge = Judge { names: &["sha512sum"], package: "coreutils" };
pub(crate) const ZSH: Judge = Judge { names: &["zsh"], package: "zsh" };
pub(crate) const FISH: Judge = Judge { names: &["fish"], package: "fish" };
pub(crate) const MAN: Judge = Judge { names: &["man"], package: "man-db" };
pub(crate) const MANDOC: Judge = Judge { names: &["mandoc"], package: "mandoc" };
pub(crate) const CHROMIUM: Judge =
    Judge { names: &["chromium", "chromium-browser", "google-chrome"], package: "chromium" };

/// A program that judges.
#[derive(Debug)]
pub(crate) struct Judge {
    /// What the program may be called, the usual name first.
    names: &'static [&'static str],
    /// Debian's package of it.
    package: &'static str,
}

impl Judge {
    /// A command that runs the judge; `None`, with a note, where it is not installed.
    #[track_caller]
    pub(crate) fn command(&self) -> Option<Command> {
        let found = self.names.iter().find_map(|name| in_path(name));
        if found.is_none() {
            missing(&format!("no {} in PATH", self.names[0]), self.package);
        }
        found.map(Command::new)
    }
}

/// What Python prints for a program and its arguments; `None`, with a note, where there is none.
#[track_caller]
pub(crate) fn python(program: &str, arguments: &[&OsStr]) -> Option<String> {
    let output = PYTHON.command()?.arg("-c").arg(program).args(arguments).output();
    let output = output.expect("it can be run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).expect("text"))
}

/// A word list that a package of Debian installs in `/usr/share/dict`; `None`, with a note, where it
/// is not installed.
#[track_caller]
pub(crate) fn debian_word_list(name: &str, package: &str) -> Option<PathBuf> {
    let path = PathBuf::from("/usr/share/dict").join(name);
    if path.exists() {
        return Some(path);
    }
    missing(&format!("no {}", path.display()), package);
    None
}

/// The first program of this name in `PATH`.
fn in_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut candidates = std::env::split_paths(&path).map(|folder| folder.join(name));
    candidates.find(|candidate| {
        let metadata = candidate.metadata();
        metadata.is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
    })
}

/// Says what is missing and which package has it, or fails where nothing may be missing.
#[track_caller]
fn missing(what: &str, package: &str) {
    let what = format!("{what} (Debian: apt-get install {package})");
    let required = std::env::var_os(REQUIRE).is_some_and(|value| !value.is_empty());
    assert!(!required, "{what}, and {REQUIRE} is set");
    not_tested(&what);
}

/// Says on standard error, once, what a test leaves out and why; the test is named.
pub(crate) fn not_tested(why: &str) {
    static SAID: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    let thread = std::thread::current();
    // libtest calls a thread by its test, unless one thread runs all tests.
    let test = thread.name().filter(|&name| name != "main");
    let test = test.map_or(String::new(), |name| format!(": {name}"));
    // Not println!, which the test harness swallows where a test passes.
    let note = format!("NOT TESTED: {why}{test}\n");
    let mut said = SAID.lock().unwrap_or_else(PoisonError::into_inner);
    if said.insert(note.clone()) {
        std::io::stderr().write_all(note.as_bytes()).expect("standard error");
    }
}
