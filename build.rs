//! Makes the commit known to `--version`, where the source is a checkout of its own repository.
//!
//! In release builds only: the tests would be compiled anew after every commit, for a line that
//! none of them needs. Without `git`, in a source archive, or inside somebody else's repository
//! the commit is not known, and nothing fails. `WORDHASH_COMMIT` in the environment comes first.

use std::env;
use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=WORDHASH_COMMIT");
    let is_release = env::var_os("PROFILE").is_some_and(|profile| profile == "release");
    let is_own = Path::new(".git").exists();
    if !is_release || !is_own || env::var_os("WORDHASH_COMMIT").is_some() {
        return;
    }
    let Some(commit) = git(&["describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"])
    else {
        return;
    };
    println!("cargo::rustc-env=WORDHASH_COMMIT={commit}");
    // What moves with a new commit or another branch, and what makes the tree another than the
    // commit's. To name a file that is not there would run this script in every build.
    let moving = git(&["rev-parse", "--git-path", "HEAD", "--git-path", "logs/HEAD"]);
    let watched = ["src", "Cargo.toml", "Cargo.lock"];
    for path in moving.iter().flat_map(|paths| paths.lines()).chain(watched) {
        if Path::new(path).exists() {
            println!("cargo::rerun-if-changed={path}");
        }
    }
}

/// What git prints, if there is a git and it succeeds.
fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned()).filter(|text| !text.is_empty())
}
