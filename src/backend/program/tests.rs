use super::*;
use crate::bench::clock::MonotonicClock;
use std::time::Instant;

fn shell(script: &str) -> Program {
    let command = ["sh", "-c", script].map(OsString::from).to_vec();
    Program { command, timeout: None, compares_output: false }
}

fn run(program: &Program) -> Result<ProgramRun, ProgramError> {
    program.run(&MonotonicClock::new(), &Interrupt::manual().unwrap())
}

/// The processes, zombies left out, whose command line holds this text.
fn processes_with(text: &str) -> usize {
    let entries = std::fs::read_dir("/proc").unwrap();
    entries
        .filter_map(|entry| std::fs::read(entry.ok()?.path().join("cmdline")).ok())
        .filter(|line| String::from_utf8_lossy(line).contains(text))
        .count()
}

/// Whether no such process is left, or will be in a moment: one that was killed takes its time.
fn are_gone(text: &str) -> bool {
    let begun = Instant::now();
    while processes_with(text) > 0 && begun.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(1));
    }
    processes_with(text) == 0
}

#[test]
fn a_program_is_timed_and_its_use_of_the_machine_is_known() {
    let run = run(&shell("read line || exit 3")).unwrap();
    assert_eq!(run.status.code(), Some(3), "standard input is empty");
    assert!(run.total > Duration::ZERO && run.usage.peak_rss_bytes > 0);
    assert_eq!((run.output, run.said.as_str()), (None, ""));
}

#[test]
fn however_much_it_writes_it_is_read_and_only_the_end_of_its_errors_is_kept() {
    let program = Program {
        compares_output: true,
        ..shell("head -c 50000000 /dev/zero; yes no | head -c 3000000 >&2; echo end >&2")
    };
    let run = run(&program).unwrap();
    assert!(run.status.success());
    assert_eq!(run.output.unwrap()[..], Sha512::digest(vec![0; 50_000_000])[..]);
    assert!(run.said.ends_with("end\n") && run.said.len() <= KEPT_BYTES, "{}", run.said);
    assert_eq!(how_it_failed(&run), "status 0, saying \"end\"");
}

#[test]
fn a_program_that_is_not_there_is_an_error_that_names_it() {
    let program = Program { command: vec!["no-such-program".into()], ..shell("") };
    let error = run(&program).unwrap_err().to_string();
    assert!(error.starts_with("cannot start \"no-such-program\": "), "{error}");
}

#[test]
fn a_program_killed_by_a_signal_says_so() {
    let run = run(&shell("echo oh >&2; kill -SEGV $$")).unwrap();
    assert_eq!(how_it_failed(&run), "signal 11, saying \"oh\"");
}

#[test]
fn what_a_program_leaves_behind_is_ended_and_not_waited_for() {
    let begun = Instant::now();
    // It keeps the pipes open and does not hear SIGTERM.
    let run = run(&shell("(trap '' TERM; sleep 98760001) & exit 0")).unwrap();
    assert!(run.status.success());
    assert!(begun.elapsed() < Duration::from_mins(1));
    assert!(are_gone("98760001"));
}

#[test]
fn a_program_that_takes_too_long_is_ended_even_if_it_does_not_hear_sigterm() {
    let script = "trap '' TERM; echo still here >&2; sleep 98760002; sleep 98760002";
    let program = Program { timeout: Some(Duration::from_millis(200)), ..shell(script) };
    let error = run(&program).unwrap_err();
    assert!(matches!(error, ProgramError::TimedOut { .. }));
    let text = error.to_string();
    assert!(text.contains("--timeout") && text.contains("still here"), "{text}");
    assert!(are_gone("98760002"));
}

#[test]
fn a_request_to_stop_ends_the_program() {
    let interrupt = Interrupt::manual().unwrap();
    interrupt.raise(15);
    let error = shell("sleep 98760003").run(&MonotonicClock::new(), &interrupt).unwrap_err();
    assert!(matches!(error, ProgramError::Interrupted { signal: 15 }));
    assert!(are_gone("98760003"));
}
