//! The reports that a person reads on a terminal or in a pull request.

mod measurements;

use std::time::Duration;

use insta::assert_snapshot;
use measurements::{
    after, blocked, crossed, micros, processes, run, serial, threads, timeline, tutorial,
};
use proptest::prelude::*;
use wordhash::bench::diff::{Change, Difference, Pair};
use wordhash::bench::result::{
    Answer, Chunksize, Comparison, Measurement, ResultRow, Stopped, Verdict,
};
use wordhash::bench::stats::summarise;
use wordhash::report::chart::{Curve, text};
use wordhash::report::table::{Layout, render};
use wordhash::report::{Report, answer, diff, html, label, markdown, plain};

const NARROW: Layout = Layout { width: Some(80), colour: false };

fn wide(run: &Measurement) -> String {
    render(&Report::new(run), Layout::default())
}

fn labels_of(rows: &[ResultRow]) -> Vec<String> {
    label::labels(rows)
}

#[test]
fn a_label_names_what_varies_and_no_more() {
    let guided = ResultRow {
        chunksize: Some(Chunksize::Schedule("guided:500".to_owned())),
        ..threads(4, 500, 1)
    };
    let [mut heavier, mut other_engine] = [serial(1), serial(1)];
    heavier.setting.iterations = 100;
    "sha2".clone_into(&mut other_engine.setting.engine);
    for (rows, expected) in [
        (vec![], vec![]),
        (vec![serial(1), threads(4, 500, 1), guided], vec!["serial", "500", "guided:500"]),
        (
            vec![serial(1), processes(1, 500, "pipe", 1), threads(2, 500, 1)],
            vec![
                "serial",
                "processes, 1 worker, chunksize 500",
                "threads, 2 workers, chunksize 500",
            ],
        ),
        (
            vec![serial(1), processes(2, 500, "pipe", 1), processes(2, 500, "shared", 1)],
            vec![
                "serial",
                "processes, 2 workers, chunksize 500, pipe",
                "processes, 2 workers, chunksize 500, shared",
            ],
        ),
        (
            vec![serial(1), heavier, other_engine],
            vec!["serial, avx512, 1 round", "serial, avx512, 100 rounds", "serial, sha2, 1 round"],
        ),
    ] {
        assert_eq!(labels_of(&rows), expected);
    }
}

#[test]
fn a_row_that_stands_alone_has_the_long_label() {
    for (row, expected) in [
        (serial(1), "serial"),
        (threads(2, 5000, 1), "threads, 2 workers, chunksize 5000"),
        (processes(4, 5000, "pipe", 1), "processes, 4 workers, chunksize 5000"),
    ] {
        assert_eq!(label::long(&row), expected);
    }
}

#[test]
fn plain_is_one_fact_a_line_and_leaves_out_what_was_not_measured() {
    let mut run = tutorial();
    run.results[3].summary = None;
    assert_snapshot!(plain::render(&Report::new(&run)), @r"
    Loaded 1049938 words from 1m_words.txt
    serial: 0.110 seconds
    262485: 0.064 seconds
    100000: 0.061 seconds
    10000: 0.060 seconds
    5000: 0.062 seconds
    1000: 0.075 seconds
    500: 0.108 seconds
    ");
    assert_eq!(plain::done_line(979_250), "Done, with 979250 hashes");
}

#[test]
fn a_line_end_or_an_escape_sequence_in_a_path_stays_on_its_line() {
    assert_eq!(plain::loaded_line(3, "a\nb\u{1b}[31m ü"), r"Loaded 3 words from a\nb\u{1b}[31m ü");
}

#[test]
fn the_table_of_a_sweep_fits_eighty_columns() {
    let table = render(&Report::new(&tutorial()), NARROW);
    assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
    assert_snapshot!(table, @"
    1,049,938 words from 1m_words.txt; medians of 25 rounds
    processes, 4 workers, shared, spawn, avx512

      chunksize  tasks  median ms           speed-up  verdict               vs best
         serial             110.2          reference           +83.4% (+81.0…+85.8)
         262485      4       64.0  1.72× (1.70–1.75)  faster      +6.5% (+5.4…+7.6)
         100000     11       61.4  1.79× (1.79–1.83)  faster      +2.2% (+1.0…+3.3)
    *     50000     21       60.1  1.83× (1.81–1.86)  faster            recommended
    ~     10000    105       60.3  1.83× (1.80–1.85)  faster      +0.3% (−0.8…+1.3)
           5000    210       62.1  1.77× (1.76–1.80)  faster      +3.4% (+1.9…+4.5)
           1000   1050       75.0  1.47× (1.47–1.47)  faster   +24.8% (+23.2…+26.4)
            500   2100      108.0  1.02× (1.01–1.03)  faster   +79.7% (+77.2…+82.1)
    * recommended; ~ may be just as fast
    (hidden at this width: quartiles, start, map, set, end, M words/s)

    Recommended: chunk size 50000 (60.1 ms), 1.83 times (1.81–1.86) as fast as
    serial. 1 other row may be just as fast: chunk size 10000. With 25 rounds, a
    difference of 1.3% would be found nine times in ten.

    Stopped after 25 rounds: every row is decided. All verdicts and intervals hold
    together with 95% confidence.
    ");
}

#[test]
fn a_wide_table_has_every_column() {
    assert_snapshot!(wide(&tutorial()), @"
    1,049,938 words from 1m_words.txt; medians of 25 rounds
    processes, 4 workers, shared, spawn, avx512

      chunksize  tasks  median ms    quartiles  start   map   set   end           speed-up  verdict               vs best  M words/s
         serial             110.2  109.5–110.9         77.2  22.0  11.0          reference           +83.4% (+81.0…+85.8)        9.5
         262485      4       64.0    63.6–64.4    4.0  44.8  12.8   2.4  1.72× (1.70–1.75)  faster      +6.5% (+5.4…+7.6)       16.4
         100000     11       61.4    61.0–61.8    3.8  43.0  12.3   2.3  1.79× (1.79–1.83)  faster      +2.2% (+1.0…+3.3)       17.1
    *     50000     21       60.1    59.7–60.5    3.8  42.1  12.0   2.2  1.83× (1.81–1.86)  faster            recommended       17.5
    ~     10000    105       60.3    59.9–60.7    3.8  42.2  12.0   2.3  1.83× (1.80–1.85)  faster      +0.3% (−0.8…+1.3)       17.4
           5000    210       62.1    61.7–62.5    3.9  43.5  12.4   2.3  1.77× (1.76–1.80)  faster      +3.4% (+1.9…+4.5)       16.9
           1000   1050       75.0    74.6–75.5    4.7  52.5  15.0   2.8  1.47× (1.47–1.47)  faster   +24.8% (+23.2…+26.4)       14.0
            500   2100      108.0  107.4–108.6    6.7  75.6  21.6   4.1  1.02× (1.01–1.03)  faster   +79.7% (+77.2…+82.1)        9.7
    * recommended; ~ may be just as fast

    Recommended: chunk size 50000 (60.1 ms), 1.83 times (1.81–1.86) as fast as serial. 1 other row may be just as fast: chunk size 10000. With 25 rounds, a difference of 1.3% would be found nine times in ten.

    Stopped after 25 rounds: every row is decided. All verdicts and intervals hold together with 95% confidence.
    ");
}

#[test]
fn the_table_of_a_comparison_has_a_column_for_each_thing_that_varies() {
    let run =
        run(vec![serial(110_200), threads(2, 5000, 58_000), processes(2, 10_000, "pipe", 109_000)]);
    assert_snapshot!(wide(&run), @"
    1,049,938 words from 1m_words.txt; medians of 25 rounds
    2 workers, pipe, spawn, avx512

      backend    chunksize  tasks  median ms    quartiles  start   map   set   end           speed-up  verdict               vs best  M words/s
      serial                           110.2  109.5–110.9         77.2  22.0  11.0          reference           +90.0% (+88.5…+91.5)        9.5
    * threads         5000    210       58.0    57.7–58.3    3.6  40.6  11.6   2.2  1.90× (1.88–1.92)  faster            recommended       18.1
      processes      10000    105      109.0  108.3–109.7    6.8  76.3  21.8   4.1  1.01× (1.00–1.02)  faster   +87.9% (+85.9…+89.8)        9.6
    * recommended

    Recommended: threads, 2 workers, chunksize 5000 (58.0 ms), 1.90 times (1.88–1.92) as fast as serial. All other rows are slower. With 25 rounds, a difference of 1.3% would be found nine times in ten.

    Stopped after 25 rounds: every row is decided. All verdicts and intervals hold together with 95% confidence.
    ");
}

#[test]
fn each_amount_of_work_has_an_answer_of_its_own() {
    let with = |iterations: u32, row: ResultRow| {
        let mut row = row;
        row.setting.iterations = iterations;
        row
    };
    let rows = [(1, 110_200, 60_000), (20, 1_900_000, 990_000)].into_iter().flat_map(
        |(iterations, alone, together)| {
            [with(iterations, serial(alone)), with(iterations, threads(2, 5000, together))]
        },
    );
    let run = run(rows.collect());
    assert_snapshot!(wide(&run), @"
    1,049,938 words from 1m_words.txt; medians of 25 rounds
    threads, 2 workers, chunksize 5000, avx512

      backend  hashes a word  tasks  median ms      quartiles  start     map    set    end           speed-up  verdict               vs best  M words/s
      serial               1             110.2    109.5–110.9           77.2   22.0   11.0          reference           +83.7% (+81.7…+85.5)        9.5
    * threads              1    210       60.0      59.6–60.4    3.7    42.0   12.0    2.3  1.84× (1.82–1.86)  faster            recommended       17.5
      serial              20            1900.0  1888.6–1911.4         1330.0  380.0  190.0          reference           +91.9% (+90.0…+93.9)        0.6
    * threads             20    210      990.0    984.1–995.9   61.9   693.0  198.0   37.1  1.92× (1.90–1.94)  faster            recommended        1.1
    * recommended

    With --rounds 1, recommended: threads, 2 workers, chunksize 5000 (60.0 ms), 1.84 times (1.82–1.86) as fast as serial. All other rows are slower. With 25 rounds, a difference of 1.3% would be found nine times in ten.

    With --rounds 20, recommended: threads, 2 workers, chunksize 5000 (990.0 ms), 1.92 times (1.90–1.94) as fast as serial. All other rows are slower. With 25 rounds, a difference of 1.5% would be found nine times in ten.

    Stopped after 25 rounds: every row is decided. All verdicts and intervals hold together with 95% confidence.
    ");
    let curve = Curve::new(&Report::new(&run)).unwrap();
    assert!(curve.has_other_work);
    assert_eq!(curve.series.iter().map(|series| series.points.len()).sum::<usize>(), 1);
}

#[test]
fn rows_in_blocked_order_have_no_verdicts_and_the_table_says_why() {
    let run = blocked(vec![serial(110_200), threads(2, 5000, 58_000)]);
    let table = wide(&run);
    assert_snapshot!(table, @"
    1,049,938 words from 1m_words.txt; medians of 25 runs
    threads, 2 workers, chunksize 5000, avx512

    backend  tasks  median ms    quartiles  start   map   set   end  M words/s
    serial              110.2  109.5–110.9         77.2  22.0  11.0        9.5
    threads    210       58.0    57.7–58.3    3.6  40.6  11.6   2.2       18.1

    The rows were measured one after the other (--order blocked), so a change of the machine looks like a difference between rows: there are no verdicts.
    ");
    for format in [table, markdown::render(&Report::new(&run)), html::render(&Report::new(&run))] {
        assert!(format.contains("there are no verdicts"), "{format}");
        for column in ["verdict<", "speed-up", "vs best", "| verdict"] {
            assert!(!format.contains(column), "{column} in {format}");
        }
    }
}

#[test]
fn disturbed_runs_are_counted_where_there_are_any() {
    let mut run = run(vec![serial(110_200), threads(2, 5000, 58_000)]);
    assert!(!wide(&run).contains("disturbed"));
    for round in [0, 7] {
        run.results[1].samples[round].disturbance.disturbed = true;
    }
    let counts: Vec<_> = wide(&run)
        .lines()
        .filter(|line| {
            line.contains("M words/s") || line.contains("reference") || line.contains("faster")
        })
        .map(|line| line.rsplit("  ").next().unwrap().trim().to_owned())
        .collect();
    assert_eq!(counts, ["disturbed runs", "0", "2"]);
}

#[test]
fn colours_are_used_only_when_asked_for() {
    let run = tutorial();
    let report = Report::new(&run);
    let plain = render(&report, Layout::default());
    let coloured = render(&report, Layout { colour: true, width: None });
    assert!(!plain.contains('\u{1b}'));
    assert!(coloured.contains("\u{1b}[32mfaster\u{1b}[0m"), "{coloured}");
    let bare = ["\u{1b}[1m", "\u{1b}[2m", "\u{1b}[31m", "\u{1b}[32m", "\u{1b}[0m"]
        .into_iter()
        .fold(coloured, |text, code| text.replace(code, ""));
    assert_eq!(bare, plain);
}

#[test]
fn a_measurement_without_samples_is_a_table_without_rows() {
    let run = after(0, &tutorial());
    assert_snapshot!(wide(&run), @"
    1,049,938 words from 1m_words.txt; nothing measured yet
    processes, 4 workers, shared, spawn, avx512
    ");
}

#[test]
fn the_curve_is_drawn_in_characters() {
    let mut run = crossed();
    run.results.truncate(15);
    let run = measurements::run(run.results);
    let curve = Curve::new(&Report::new(&run)).unwrap();
    let drawn = text::render(&curve, 72);
    assert!(drawn.lines().all(|line| line.chars().count() <= 72), "{drawn}");
    assert_snapshot!(drawn, @"
     ms
    150 ┤
        │   x
        │    ··
        │      ··
        │╌╌╌o╌╌╌╌··╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌
    100 ┤    ··    x···
     90 ┤      ··      ·······
     80 ┤        ··           ···x·····x··············x·····x········x
     70 ┤          o···
        │              ·······                                   ····o
     60 ┤                     ···o·····o··············◆·····o····
        │
        └──────────┬───────────────────┬────────────────────┬────────────
                 1000                 10k                 100k
         words in a task

         o processes, shared
         x processes, pipe
         ╌ serial, 110.2 ms
         ◆ recommended: 50000, 60.1 ms
    ");
}

#[test]
fn a_schedule_has_no_place_on_the_curve_and_is_listed() {
    let guided = ResultRow {
        chunksize: Some(Chunksize::Schedule("guided:500".to_owned())),
        ..threads(4, 500, 61_000)
    };
    let run = run(vec![serial(110_200), threads(4, 500, 90_000), guided]);
    let curve = Curve::new(&Report::new(&run)).unwrap();
    assert_eq!(curve.unplaced, [("guided:500".to_owned(), micros(61_000))]);
    assert!(text::render(&curve, 72).ends_with("guided:500: 61.0 ms\n"));
    let alone = measurements::run(vec![serial(110_200)]);
    assert_eq!(Curve::new(&Report::new(&alone)), None);
}

#[test]
fn the_markdown_holds_marks_answer_warnings_machine_and_command() {
    let mut rows = tutorial().results;
    rows.drain(4..7);
    let mut run = run(rows);
    run.warnings = vec!["built without optimisation".to_owned()];
    assert_snapshot!(markdown::render(&Report::new(&run)), @r"
    1,049,938 words from `1m_words.txt`; medians of 25 rounds; processes, 4 workers, shared, spawn, avx512

    |  | chunksize | tasks | median ms | quartiles | start | map | set | end | speed-up | verdict | vs best | M words/s |
    | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- | ---: | ---: |
    |  | serial |  | 110.2 | 109.5–110.9 |  | 77.2 | 22.0 | 11.0 | reference |  | +83.4% (+81.0…+85.8) | 9.5 |
    |  | 262485 | 4 | 64.0 | 63.6–64.4 | 4.0 | 44.8 | 12.8 | 2.4 | 1.72× (1.70–1.75) | faster | +6.5% (+5.4…+7.6) | 16.4 |
    |  | 100000 | 11 | 61.4 | 61.0–61.8 | 3.8 | 43.0 | 12.3 | 2.3 | 1.79× (1.79–1.83) | faster | +2.2% (+1.0…+3.3) | 17.1 |
    | \* | 50000 | 21 | 60.1 | 59.7–60.5 | 3.8 | 42.1 | 12.0 | 2.2 | 1.83× (1.81–1.86) | faster | recommended | 17.5 |
    |  | 500 | 2100 | 108.0 | 107.4–108.6 | 6.7 | 75.6 | 21.6 | 4.1 | 1.02× (1.01–1.03) | faster | +79.7% (+77.2…+82.1) | 9.7 |

    \* recommended

    Recommended: chunk size 50000 (60.1 ms), 1.83 times (1.81–1.86) as fast as serial. All other rows are slower. With 25 rounds, a difference of 1.6% would be found nine times in ten.

    Stopped after 25 rounds: every row is decided. All verdicts and intervals hold together with 95% confidence.

    - built without optimisation

    wordhash 0.2.0 on AMD EPYC 9R14 (2 of 2 cores usable), Linux 6.1.0, engine avx512

    ```sh
    wordhash sweep --workers 4 1m_words.txt
    ```
    ");
}

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

#[test]
fn every_format_with_room_says_the_rounds_and_the_level_and_marks_rows() {
    let run = tutorial();
    let report = Report::new(&run);
    let curve = Curve::new(&report).unwrap();
    for text in [
        render(&report, NARROW).replace('\n', " "),
        markdown::render(&report),
        html::render(&report),
        curve.description(),
    ] {
        for part in ["edians of 25 rounds", "95% confidence"] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }
    let svg = wordhash::report::chart::svg::render(&curve, Default::default());
    for part in ["Medians of 25 rounds", "95% confidence", "recommended: ", ">\nmaybe as fast\n<"] {
        assert!(svg.contains(part), "{part} in {svg}");
    }
    let html = html::render(&report);
    for part in ["<span class=\"mark\">recommended<", "<span class=\"mark\">maybe as fast<"] {
        assert!(html.contains(part), "{part}");
    }
}

/// The figures of all columns from the median to the last part, in tenths, row by row.
fn median_and_parts(headings: &[&str], rows: &[Vec<String>]) -> Vec<(u128, Vec<u128>)> {
    let column = |name: &str| headings.iter().position(|heading| *heading == name);
    let figure = |row: &Vec<String>, column: usize| {
        row[column].replace('.', "").parse::<u128>().unwrap_or_default()
    };
    let median = headings.iter().position(|heading| heading.starts_with("median")).unwrap();
    let parts = ["start", "map", "exchange", "set", "end"].into_iter().filter_map(column);
    let parts: Vec<usize> = parts.collect();
    assert!(parts.len() >= 4, "{headings:?}");
    rows.iter()
        .map(|row| (figure(row, median), parts.iter().map(|&part| figure(row, part)).collect()))
        .collect()
}

/// Headings and rows of the Markdown.
fn markdown_table(text: &str) -> (Vec<&str>, Vec<Vec<String>>) {
    let cells = |line: &str| -> Vec<String> {
        line.trim_matches('|').split(" |").map(|cell| cell.trim().to_owned()).collect()
    };
    let mut lines = text.lines().filter(|line| line.starts_with('|'));
    let headings = lines.next().unwrap().trim_matches('|').split(" |").map(str::trim).collect();
    (headings, lines.skip(1).map(cells).collect())
}

/// Headings and rows of the page.
fn html_table(text: &str) -> (Vec<&str>, Vec<Vec<String>>) {
    let (head, body) = text.split_once("</thead>").unwrap();
    let body = body.split_once("</tbody>").unwrap().0;
    let shown = |cell: &str| cell.split_once('>').unwrap().1.split('<').next().unwrap().to_owned();
    let headings = head.split("<th scope=\"col\"").skip(1);
    let headings = headings.map(|cell| cell.split_once('>').unwrap().1.split('<').next().unwrap());
    let rows = body
        .split("<tr")
        .skip(1)
        .map(|row| row.split("<t").skip(1).map(|cell| shown(cell)).collect());
    (headings.collect(), rows.collect())
}

/// Headings and rows of the table: a column is as wide as its heading or its widest figure, and
/// numbers stand at its right, so a cell ends where its heading does.
fn terminal_table(text: &str) -> (Vec<&str>, Vec<Vec<String>>) {
    let mut lines = text.lines().skip_while(|line| !line.contains(" median "));
    let head = lines.next().unwrap();
    let names = ["median ms", "median µs", "median s", "start", "map", "exchange", "set", "end"];
    let ends: Vec<(&str, usize)> = names
        .into_iter()
        .filter_map(|name| {
            let at = head.find(&format!("  {name}  "))? + 2 + name.len();
            Some((name, head[..at].chars().count()))
        })
        .collect();
    let rows = lines.take_while(|line| line.contains("words") || line.trim().len() > 40);
    let rows = rows.map(|line| {
        let cell = |&(_, end): &(&str, usize)| {
            let until: String = line.chars().take(end).collect();
            until.rsplit(' ').next().unwrap_or_default().to_owned()
        };
        ends.iter().map(cell).collect()
    });
    (ends.iter().map(|(name, _)| *name).collect(), rows.collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_parts_add_up_to_the_printed_median_in_every_format(
        rows in prop::collection::vec(
            prop::collection::vec(prop::array::uniform5(1_000..90_000_000_u64), 1..8), 2..5
        ),
        scale in prop::sample::select(vec![1_u64, 30, 5_000]),
    ) {
        let results = rows.iter().enumerate().map(|(index, runs)| {
            let row = processes(2, 10 + index, "shared", 1_000_000);
            let samples: Vec<_> = runs
                .iter()
                .zip(&row.samples)
                .map(|(parts, sample)| {
                    let [start, map, exchange, set, end] =
                        parts.map(|nanos| Some(Duration::from_nanos(nanos * scale)));
                    let total = [start, map, exchange, set, end].into_iter().flatten().sum();
                    wordhash::bench::result::Sample { total, start, map, exchange, set, end, ..*sample }
                })
                .collect();
            ResultRow { summary: summarise(&samples), samples, ..row }
        });
        let run = run(results.collect());
        let report = Report::new(&run);
        let (markdown, html, table) =
            (markdown::render(&report), html::render(&report), wide(&run));
        for (name, (headings, cells)) in [
            ("Markdown", markdown_table(&markdown)),
            ("HTML", html_table(&html)),
            ("table", terminal_table(&table)),
        ] {
            prop_assert_eq!(cells.len(), rows.len(), "{} {}", name, table);
            for (median, parts) in median_and_parts(&headings, &cells) {
                prop_assert!(median > 0 || scale == 1);
                prop_assert_eq!(parts.iter().sum::<u128>(), median, "{}: {:?}", name, parts);
            }
        }
    }
}

#[test]
fn a_row_that_spilled_is_seen_in_every_table() {
    let mut run = tutorial();
    run.results.drain(2..);
    let mut run = measurements::run(run.results);
    assert!(!wide(&run).contains("spilled"));
    run.results[1].spilled_bytes = Some(67_196_032);
    let report = Report::new(&run);
    let table = wide(&run);
    assert!(table.contains("  spilled\n") && table.contains("  64.1 MiB\n"), "{table}");
    let markdown = markdown::render(&report);
    assert!(markdown.contains("| spilled |") && markdown.contains("| 64.1 MiB |"), "{markdown}");
    let html = html::render(&report);
    assert!(html.contains("<td class=\"number\" data-value=\"67196032\">64.1 MiB</td>"), "{html}");
}

#[test]
fn a_page_has_rows_without_a_place_on_the_axis_in_its_table_only() {
    let mut run = tutorial();
    assert!(!html::render(&Report::new(&run)).contains("only in the table"));
    run.results[2].chunksize = Some(Chunksize::Schedule("guided:7".to_owned()));
    let html = html::render(&Report::new(&run));
    assert!(html.contains("have no single chunk size and appear only in the table."));
    assert_eq!(html.matches(">guided:7<").count(), 1, "{html}");
}

#[test]
fn a_page_without_timelines_has_no_section_for_them() {
    let run = tutorial();
    let timelines = [timeline("5000", 21, 5000)];
    let with = html::render(&Report { timelines: &timelines, ..Report::new(&run) });
    assert!(with.contains("What the workers did"));
    assert!(!html::render(&Report::new(&run)).contains("What the workers did"));
}

fn comparison(speedup: f64, interval: Option<[f64; 2]>) -> Option<Comparison> {
    Some(Comparison { rounds: 25, wins: 25, speedup, interval, verdict: Verdict::Faster })
}

fn pair(label: &str, old: Option<Comparison>, new: Option<Comparison>) -> Pair {
    Pair {
        label: label.to_owned(),
        old: micros(60_000),
        new: micros(64_800),
        is_reference: label == "serial",
        old_comparison: old,
        new_comparison: new,
    }
}

#[test]
fn two_measurements_stand_side_by_side() {
    let (old, new) = (comparison(1.8, Some([1.78, 1.82])), comparison(1.6, Some([1.58, 1.62])));
    let difference = Difference {
        pairs: vec![
            pair("serial", None, None),
            pair("5000", old, new),
            pair("10000", new, old),
            pair("50000", old, old),
            pair("100000", old, comparison(1.7, None)),
            pair("guided:500", None, None),
        ],
        only_old: vec!["500".to_owned()],
        only_new: vec![],
        changed: vec![Change { what: "kernel", old: "6.1".to_owned(), new: "6.2".to_owned() }],
        blocked: vec![],
        level: 0.9,
    };
    assert_snapshot!(diff::render(&difference, Some(80)), @"
                old ms  new ms       old speed-up       new speed-up               change  verdict
    serial        60.0    64.8          reference          reference
    5000          60.0    64.8  1.80× (1.78–1.82)  1.60× (1.58–1.62)  +12.5% (+9.9…+15.2)  slower
    10000         60.0    64.8  1.60× (1.58–1.62)  1.80× (1.78–1.82)  −11.1% (−13.2…−9.0)  faster
    50000         60.0    64.8  1.80× (1.78–1.82)  1.80× (1.78–1.82)    +0.0% (−2.2…+2.2)  unclear
    100000        60.0    64.8  1.80× (1.78–1.82)              1.70×                +5.9%  unclear
    guided:500    60.0    64.8

    The change is that of a row's time relative to the reference of its own session,
    with 90% confidence for all rows together: the machine may differ between two
    sessions by more than either of them shows, so times alone show no change.
    Rows that the two results do not compare with the same reference are shown as
    times only.
    only in the old result: 500
    kernel changed: 6.1, then 6.2
    ");
}

#[test]
fn measurements_in_blocked_order_are_shown_as_times_only() {
    let difference = Difference {
        pairs: vec![pair("serial", None, None), pair("5000", None, None)],
        only_old: vec![],
        only_new: vec![],
        changed: vec![],
        blocked: vec!["old"],
        level: 0.9,
    };
    assert_snapshot!(diff::render(&difference, Some(80)), @"
            old ms  new ms
    serial    60.0    64.8
    5000      60.0    64.8

    The old result was measured in blocked order, so its rows have no speed-up over
    their reference: nothing can be compared.
    ");
}
