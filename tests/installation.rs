//! What an installation consists of besides the program: help, completions, manual pages.

mod program;

use std::io::Write as _;
use std::process::{Command, Stdio};

use program::wordhash;

const COMMANDS: [&str; 9] =
    ["sweep", "compare", "diff", "digest", "check", "generate", "info", "completions", "man"];

#[test]
fn every_help_fits_eighty_columns() {
    for command in std::iter::once(None).chain(COMMANDS.map(Some)) {
        for option in ["--help", "-h"] {
            let arguments: Vec<&str> = command.into_iter().chain([option]).collect();
            let text = wordhash(&arguments).succeeds_quietly().text();
            for line in text.lines() {
                assert!(line.chars().count() <= 80, "{arguments:?}: {line:?}");
            }
            assert!(text.contains("Usage: wordhash"), "{text}");
        }
    }
}

#[test]
fn the_help_is_grouped_and_has_examples() {
    let text = wordhash(&["--help"]).succeeds_quietly().text();
    let headings = ["Commands:", "Input:", "How to run:", "Memory:", "Output:", "Examples:"];
    let places: Vec<_> = headings.iter().map(|heading| text.find(heading)).collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?}\n{text}");
    for command in COMMANDS {
        assert!(text.contains(&format!("\n  {command} ")), "{command}\n{text}");
    }
}

#[test]
fn the_version_names_the_engines_built_in() {
    let text = wordhash(&["--version"]).succeeds_quietly().text();
    assert!(text.starts_with(concat!("wordhash ", env!("CARGO_PKG_VERSION"))), "{text}");
    assert!(text.lines().any(|line| line.starts_with("engines: sha2")), "{text}");
    let short = wordhash(&["-V"]).succeeds_quietly().text();
    assert_eq!(short, concat!("wordhash ", env!("CARGO_PKG_VERSION"), "\n"));
}

/// What bash offers for the last of these words.
#[track_caller]
fn offered(line: &[&str]) -> Vec<String> {
    let script = r#"
        set -u
        source <("$PROGRAM" completions bash)
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
        function=$(complete -p wordhash | sed 's/.*-F \([^ ]*\).*/\1/')
        "$function" wordhash "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        printf '%s\n' "${COMPREPLY[@]}"
    "#;
    let output = Command::new("bash")
        .args(["--norc", "-c", script, "bash"])
        .args(line)
        .env("PROGRAM", env!("CARGO_BIN_EXE_wordhash"))
        .output()
        .expect("bash is there");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}");
    String::from_utf8(output.stdout).expect("text").lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_options_and_values() {
    for (line, wanted) in [
        (&["wordhash", "sw"][..], &["sweep"][..]),
        (&["wordhash", "co"], &["compare", "completions"]),
        (&["wordhash", "digest", "--verif"], &["--verify"]),
        (&["wordhash", "check", "--kn"], &["--known"]),
        (&["wordhash", "check", "--format", "m"], &["marked"]),
        (&["wordhash", "--ser"], &["--serial"]),
        (&["wordhash", "sweep", "--order", "b"], &["blocked"]),
        (&["wordhash", "completions", "z"], &["zsh"]),
    ] {
        assert_eq!(offered(line), wanted, "{line:?}");
    }
}

#[test]
fn every_shell_has_its_script() {
    for (shell, part) in [
        ("bash", "complete -F"),
        ("zsh", "#compdef wordhash"),
        ("fish", "complete -c wordhash"),
        ("powershell", "Register-ArgumentCompleter"),
    ] {
        let text = wordhash(&["completions", shell]).succeeds_quietly().text();
        assert!(text.contains(part) && text.contains("digest"), "{shell}\n{text}");
    }
    wordhash(&["completions", "cmd"]).fails_saying(&["'cmd'", "bash"]);
}

/// What a formatter makes of a page, if it is installed and has nothing to complain of.
#[track_caller]
fn formatted(formatter: &[&str], page: &[u8]) -> Option<String> {
    let mut command = Command::new(formatter[0]);
    command.args(&formatter[1..]).env("MANWIDTH", "100").env("LC_ALL", "C.UTF-8");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().ok()?;
    child.stdin.take()?.write_all(page).expect("it reads the page");
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{formatter:?}: {said}");
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn the_manual_pages_are_formatted_without_warnings() {
    for command in std::iter::once(None).chain(COMMANDS.map(Some)) {
        let arguments: Vec<&str> = std::iter::once("man").chain(command).collect();
        let page = wordhash(&arguments).succeeds_quietly();
        let name = command.map_or("wordhash".to_owned(), |command| format!("wordhash-{command}"));
        let title = format!(".TH {}", name.to_uppercase());
        assert!(page.text().contains(&title), "{title}\n{}", page.text());
        for formatter in [&["man", "--warnings", "-l", "-"][..], &["mandoc", "-W", "warning"]] {
            if let Some(text) = formatted(formatter, &page.stdout) {
                assert!(text.contains(&name), "{formatter:?}\n{text}");
            }
        }
    }
    wordhash(&["man", "sleep"]).fails_saying(&["`sleep`", "sweep"]);
}
