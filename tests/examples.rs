//! Every program in `examples/` runs and prints what it should.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking; clippy only knows #[test]")]

use std::process::Command;

/// What an example prints; it must succeed and say nothing on standard error.
#[track_caller]
fn output_of(example: &str) -> String {
    let test = std::env::current_exe().unwrap();
    let program = test.ancestors().nth(2).unwrap().join("examples").join(example);
    assert!(program.exists(), "{example} is not built: `cargo test` or `cargo build --examples`");
    let output = Command::new(program).output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && errors.is_empty(), "{}: {errors}", output.status);
    String::from_utf8(output.stdout).unwrap()
}

/// Lines with what varies (times, process ids) cut off from `cut` on.
fn lines<'a>(output: &'a str, cut: &str) -> Vec<&'a str> {
    output.lines().map(|line| line.split(cut).next().unwrap_or_default()).collect()
}

#[test]
fn squares_are_right_and_say_who_computed_them() {
    let output = output_of("squares");
    let squares = [
        "0² = 0",
        "1² = 1",
        "2² = 4",
        "3² = 9",
        "4² = 16",
        "5² = 25",
        "6² = 36",
        "7² = 49",
        "8² = 64",
        "9² = 81",
        "their sum is 285",
    ];
    assert_eq!(lines(&output, ", by process"), squares);
}

#[test]
fn a_heavy_function_gives_the_same_serially_and_in_parallel() {
    let output = output_of("heavy");
    let last = output.lines().last().unwrap();
    assert_eq!(last, "longest sequences: [262, 279, 308, 324, 324, 340, 340, 351], equal: true");
    assert_eq!(lines(&output, ":")[..2], ["serial", "parallel"]);
}

#[test]
fn primes_below_a_million_are_all_counted() {
    assert_eq!(output_of("primes"), "78498 primes below a million\n");
}

#[test]
fn pi_does_not_depend_on_which_worker_throws() {
    let first = output_of("pi");
    assert!(first.starts_with("pi is about 3.14"), "{first}");
    assert_eq!(first, output_of("pi"));
}

#[test]
fn factors_are_found_for_every_number() {
    let output = output_of("factors");
    let mut found: Vec<_> = output.lines().collect();
    found.sort_unstable();
    assert_eq!(found.len(), 10);
    for line in found {
        if let Some((number, factors)) = line.split_once(" = ") {
            let product = factors.split(" · ").map(|factor| factor.parse::<u64>().unwrap());
            assert_eq!(product.product::<u64>().to_string(), number);
        } else {
            assert!(line.ends_with(" is prime"), "{line}");
        }
    }
}

#[test]
fn sleeping_tasks_sleep_side_by_side() {
    let output = output_of("sleeps");
    assert!(output.starts_with("10 tasks, 4 workers, "), "{output}");
}

#[test]
fn failures_are_named_and_the_other_results_kept() {
    let output = output_of("failures");
    let lines: Vec<_> = output.lines().collect();
    assert_eq!(lines[0], "two: invalid digit found in string");
    assert!(lines[1].starts_with("panic: panic: this text is too much (examples/failures.rs:"));
    assert!(lines[2].starts_with("abort: the worker was killed by SIGABRT"), "{}", lines[2]);
    assert_eq!(lines[3..], ["the sum of the others is 16"]);
}

#[test]
fn a_table_is_loaded_once() {
    let expected = "XIV = 14 (lookup 1 in one table)\n\
                    MCMXCIX = 1999 (lookup 2 in one table)\n\
                    MMXXVI = 2026 (lookup 3 in one table)\n\
                    IV = 4 (lookup 4 in one table)\n";
    assert_eq!(output_of("initializer"), expected);
}

#[test]
fn two_pools_work_in_one_program() {
    let output = output_of("two_pools");
    let lines: Vec<_> = output.lines().collect();
    assert_eq!(lines[..5], ["four-zero", "four-two", "four-four", "four-six", "four-eight"]);
    assert!(lines[5].ends_with("did 5 tasks"), "{output}");
    assert_eq!(lines.len(), 8, "three workers");
}

#[test]
fn the_mistake_and_the_right_way_both_end() {
    assert_eq!(lines(&output_of("one_at_a_time"), ":"), ["one at a time", "all at once"]);
}

#[test]
fn a_sum_of_cubes_is_the_square_of_the_sum() {
    assert_eq!(output_of("sum_of_cubes"), "the sum is 250000500000250000000000\n");
}

#[test]
fn several_arguments_arrive_together() {
    let expected = "2^10 = 1024\n3^9 = 19683\n4^8 = 65536\n5^7 = 78125\n6^6 = 46656\n";
    assert_eq!(output_of("several_arguments"), expected);
}

#[test]
fn a_pool_and_a_clock_share_an_event_loop() {
    let output = output_of("event_loop");
    let mut lines: Vec<_> = output.lines().collect();
    assert_eq!(lines.pop(), Some("the clock ticked meanwhile: true"));
    lines.sort_unstable();
    assert_eq!(lines, ["1² = 1", "2² = 4", "3² = 9", "4² = 16", "5² = 25", "6² = 36"]);
}
