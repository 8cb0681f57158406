//! The sentences of an answer.

mod measurements;

use insta::assert_snapshot;
use measurements::{after, crossed, tutorial};
use wordhash::bench::result::{Answer, Comparison, Measurement, Stopped, Verdict};
use wordhash::report::answer;

/// A measurement with this answer in place of its own.
fn with_answer(run: &Measurement, fastest: &[usize], recommended: usize) -> Measurement {
    let answer = Answer {
        iterations: 1,
        reference: Some(0),
        fastest: fastest.to_vec(),
        recommended,
        detectable_difference: None,
    };
    Measurement { answers: vec![answer], ..run.clone() }
}

fn first_answer(run: &Measurement) -> String {
    answer::sentences(&run.answers[0], run).join(" ")
}

#[test]
fn the_answer_names_what_may_be_as_fast_and_repeats_nothing() {
    let tutorial = tutorial();
    let crossed = crossed();
    let said: Vec<_> = [
        with_answer(&tutorial, &[3], 3),
        with_answer(&tutorial, &[2, 3], 3),
        with_answer(&tutorial, &[0, 2, 3, 4], 3),
        with_answer(&tutorial, &[0, 1, 2, 3, 4, 5, 6, 7], 3),
        with_answer(&tutorial, &[0], 0),
        with_answer(&tutorial, &[7], 7),
        with_answer(&crossed, &[2, 3, 4], 3),
        with_answer(&crossed, &[3, 4, 10, 17], 3),
    ]
    .iter()
    .map(first_answer)
    .collect();
    assert_snapshot!(said.join("\n"), @"
    Recommended: chunk size 50000 (60.1 ms), 1.83 times (1.81–1.86) as fast as serial. All other rows are slower.
    Recommended: chunk size 50000 (60.1 ms), 1.83 times (1.81–1.86) as fast as serial. 1 other row may be just as fast: chunk size 100000.
    Recommended: chunk size 50000 (60.1 ms), 1.83 times (1.81–1.86) as fast as serial. 3 other rows may be just as fast: serial; chunk sizes 100000 and 10000.
    Recommended: chunk size 50000 (60.1 ms), 1.83 times (1.81–1.86) as fast as serial. 7 other rows may be just as fast; those with the shortest medians: chunk sizes 10000, 100000, 5000, 262485, 1000 and 500.
    Recommended: serial (110.2 ms). All other rows are slower.
    Recommended: chunk size 500 (108.0 ms), 1.02 times (1.01–1.03) as fast as serial. All other rows are slower.
    Recommended: processes, 4 workers, chunksize 50000, shared (60.1 ms), 1.84 times (1.74–1.94) as fast as serial. 2 other rows may be just as fast: chunk sizes 100000 and 10000.
    Recommended: processes, 4 workers, chunksize 50000, shared (60.1 ms), 1.84 times (1.74–1.94) as fast as serial. 3 other rows may be just as fast: processes, chunksize 10000, shared; processes, chunksize 50000, pipe; threads, chunksize 50000.
    ");
    let of_another_run = with_answer(&tutorial, &[99], 99);
    assert_eq!(first_answer(&of_another_run), "");
}

#[test]
fn the_answer_says_how_the_recommended_row_compares_with_the_reference() {
    let mut run = tutorial();
    let said: Vec<_> = [Verdict::Faster, Verdict::Slower, Verdict::Same, Verdict::Unclear]
        .into_iter()
        .flat_map(|verdict| [(verdict, Some([1.7, 1.8])), (verdict, None)])
        .map(|(verdict, interval)| {
            let found = Comparison { rounds: 25, wins: 20, speedup: 1.75, interval, verdict };
            let recommended = run.answers[0].recommended;
            run.results[recommended].against_reference = Some(found);
            answer::sentences(&run.answers[0], &run).swap_remove(0)
        })
        .collect();
    assert_snapshot!(said.join("\n"), @"
    Recommended: chunk size 50000 (60.1 ms), 1.75 times (1.70–1.80) as fast as serial.
    Recommended: chunk size 50000 (60.1 ms), 1.75 times as fast as serial.
    Recommended: chunk size 50000 (60.1 ms), 1.75 times (1.70–1.80) as fast as serial.
    Recommended: chunk size 50000 (60.1 ms), 1.75 times as fast as serial.
    Recommended: chunk size 50000 (60.1 ms), the same as serial to within 2%: 1.75 times (1.70–1.80) as fast.
    Recommended: chunk size 50000 (60.1 ms), the same as serial to within 2%: 1.75 times as fast.
    Recommended: chunk size 50000 (60.1 ms), not shown to differ from serial: 1.75 times (1.70–1.80) as fast.
    Recommended: chunk size 50000 (60.1 ms), not shown to differ from serial: 1.75 times as fast.
    ");
}

#[test]
fn why_measuring_stopped_and_how_sure_it_is_are_said() {
    let mut run = tutorial();
    let causes = [
        Stopped::Decided,
        Stopped::Runs,
        Stopped::Precision,
        Stopped::MaxTime,
        Stopped::MaxRounds,
        Stopped::Interrupted,
        Stopped::Failed,
    ];
    let mut said: Vec<_> = causes
        .into_iter()
        .map(|stopped| {
            run.stopped = stopped;
            answer::how_sure(&run).unwrap()
        })
        .collect();
    let few = after(1, &run);
    said.extend(answer::paragraphs(&few));
    assert_snapshot!(said.join("\n"), @"
    Stopped after 25 rounds: every row is decided. All verdicts and intervals hold together with 95% confidence.
    Stopped after 25 rounds, as --runs asked. All verdicts and intervals hold together with 95% confidence.
    Stopped after 25 rounds: all intervals are as narrow as --precision asked. All verdicts and intervals hold together with 95% confidence.
    Stopped after 25 rounds: the time was up (--max-time). All verdicts and intervals hold together with 95% confidence.
    Stopped after 25 rounds: more are made only if --runs asks for them. All verdicts and intervals hold together with 95% confidence.
    Interrupted after 25 rounds. All verdicts and intervals hold together with 95% confidence.
    Stopped after 25 rounds by an error. All verdicts and intervals hold together with 95% confidence.
    Recommended: chunk size 50000 (60.0 ms), not shown to differ from serial: 1.85 times as fast. 7 other rows may be just as fast; those with the shortest medians: chunk sizes 10000, 100000, 5000, 262485, 1000 and 500.
    Stopped after 1 round: every row is decided.
    ");
    assert_eq!(answer::how_sure(&after(0, &run)), None);
}
