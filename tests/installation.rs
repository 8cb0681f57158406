//! What an installation consists of besides the program: help and manual pages. The completions
//! are the subject of `completions.rs`.

mod judges;
mod program;

use std::io::Write as _;
use std::process::{Command, Stdio};

use judges::{Judge, MAN, MANDOC};
use program::{Ended, wordhash};
use wordhash::cli::Cli;

/// The commands that the program's help names.
fn commands() -> Vec<String> {
    let text = wordhash(&["--help"]).succeeds_quietly().text();
    let section = text.split_once("\nCommands:\n").expect("a section of commands").1;
    let section = section.split_once("\n\n").expect("another section follows").0;
    // The second line of a description is indented further.
    let names = section.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.filter_map(|line| Some(line.split_whitespace().next()?.to_owned())).collect()
}

/// No command, then each of them.
fn all_commands() -> Vec<Option<String>> {
    std::iter::once(None).chain(commands().into_iter().map(Some)).collect()
}

fn help(command: Option<&str>, option: &str) -> String {
    let arguments: Vec<&str> = command.into_iter().chain([option]).collect();
    wordhash(&arguments).succeeds_quietly().text()
}

#[test]
fn the_help_names_every_command() {
    use clap::CommandFactory as _;
    let known = Cli::command();
    let known: Vec<_> = known.get_subcommands().map(clap::Command::get_name).collect();
    assert_eq!(commands(), known);
    assert!(["sweep", "compare", "diff", "digest"].iter().all(|name| known.contains(name)));
}

#[test]
fn every_help_fits_eighty_columns_and_has_examples() {
    for command in all_commands() {
        for option in ["--help", "-h"] {
            let text = help(command.as_deref(), option);
            for line in text.lines() {
                assert!(line.chars().count() <= 80, "{command:?} {option}: {line:?}");
            }
            let begin = ["Usage: wordhash", command.as_deref().unwrap_or("[OPTIONS]")].join(" ");
            assert!(text.contains(&begin), "{text}");
            let examples = text.split_once("\nExamples:\n").expect("examples").1;
            // A line that is too long is wrapped: what is left of it is no command.
            let whole = |line: &str| line.contains("wordhash ");
            let mut lines = examples.lines().take_while(|line| line.starts_with("  "));
            assert!(lines.next().is_some_and(whole) && lines.all(whole), "{text}");
        }
    }
}

/// The command lines of this program among the examples of a help, without what goes in or out.
fn examples(text: &str) -> Vec<Vec<String>> {
    let section = text.split_once("\nExamples:\n").expect("examples").1;
    let lines = section.lines().take_while(|line| line.starts_with("  "));
    let mut found = Vec::new();
    for line in lines {
        // What a line means stands behind spaces.
        let line = line.trim_start().split("  ").next().unwrap_or_default();
        for part in line.split(['|', '(', ')']) {
            let part = part.split_once('>').map_or(part, |(before, _)| before);
            let words = shlex::split(part).unwrap_or_default();
            let own = words.iter().position(|word| word == "wordhash");
            // `taskset … wordhash …` is one, `… > wordhash-sweep.1` is none.
            found.extend(own.map(|at| words[at..].to_vec()));
        }
    }
    found
}

#[test]
fn every_example_is_a_command_line_of_the_command_that_it_is_for() {
    use clap::Parser as _;
    for command in all_commands() {
        let examples = examples(&help(command.as_deref(), "--help"));
        let own = |example: &&Vec<String>| command.is_none() || example.get(1) == command.as_ref();
        assert!(examples.iter().any(|example| own(&example)), "{command:?}: {examples:?}");
        for example in examples {
            if let Err(error) = Cli::try_parse_from(&example) {
                panic!("{example:?}: {error}");
            }
        }
    }
}

#[test]
fn the_options_of_what_hashes_are_grouped() {
    let measuring = ["Input:", "How to run:", "Memory:", "Measuring:", "Output:", "Examples:"];
    let once = ["Input:", "How to run:", "Memory:", "Output:", "Examples:"];
    for (command, headings) in [
        (None, &once[..]),
        (Some("digest"), &once),
        (Some("sweep"), &measuring),
        (Some("compare"), &measuring),
    ] {
        for option in ["--help", "-h"] {
            let text = help(command, option);
            let place = |heading: &&str| text.find(&format!("\n{heading}\n"));
            let places: Vec<_> = headings.iter().map(place).collect();
            assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?}\n{text}");
        }
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

/// The page of a command, or the program's own.
fn manual_page(command: Option<&str>) -> Ended {
    let arguments: Vec<&str> = std::iter::once("man").chain(command).collect();
    wordhash(&arguments).succeeds_quietly()
}

/// What a manual page is called.
fn page_name(command: Option<&str>) -> String {
    command.map_or("wordhash".to_owned(), |command| format!("wordhash-{command}"))
}

/// What a formatter makes of a page, of which it has nothing to complain.
#[track_caller]
fn formatted(mut formatter: Command, page: &[u8]) -> String {
    formatter.env("MANWIDTH", "100").env("LC_ALL", "C.UTF-8");
    formatter.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = formatter.spawn().expect("it can be run");
    child.stdin.take().expect("piped above").write_all(page).expect("it reads the page");
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{formatter:?}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn every_command_has_a_manual_page() {
    for command in all_commands() {
        let page = manual_page(command.as_deref());
        let title = format!(".TH {}", page_name(command.as_deref()).to_uppercase());
        assert!(page.text().contains(&title), "{title}\n{}", page.text());
    }
    wordhash(&["man", "sleep"]).fails_saying(&["`sleep`", "sweep"]);
}

/// Has a formatter read all manual pages, where it is installed.
#[track_caller]
fn every_page_is_formatted_by(formatter: &Judge, options: &[&str]) {
    for command in all_commands() {
        let Some(mut formatter) = formatter.command() else { return };
        formatter.args(options);
        let text = formatted(formatter, &manual_page(command.as_deref()).stdout);
        let name = page_name(command.as_deref());
        assert!(text.contains(&name), "{name}\n{text}");
    }
}

#[test]
fn man_formats_the_manual_pages_without_warnings() {
    every_page_is_formatted_by(&MAN, &["--warnings", "-l", "-"]);
}

#[test]
fn mandoc_formats_the_manual_pages_without_warnings() {
    every_page_is_formatted_by(&MANDOC, &["-W", "warning"]);
}
