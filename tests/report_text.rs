//! The reports that a person reads on a terminal or in a pull request.

mod support;

use insta::assert_snapshot;
use support::{answer as answer_of, crossed, micros, processes, run, serial, threads, tutorial};
use wordhash::bench::answer::Answer;
use wordhash::bench::diff::{Change, Difference, Pair};
use wordhash::bench::result::{Chunksize, Comparison, ResultRow, Verdict};
use wordhash::report::chart::{Curve, text};
use wordhash::report::table::{Layout, render};
use wordhash::report::{Report, answer, csv, diff, html, label, markdown, plain};

fn labels_of(rows: &[ResultRow]) -> Vec<String> {
    label::labels(rows)
}

#[test]
fn a_label_names_what_varies_and_no_more() {
    let guided = ResultRow {
        chunksize: Some(Chunksize::Schedule("guided:500".to_owned())),
        ..threads(4, 500, 1)
    };
    let heavier = ResultRow { rounds: 100, ..serial(1) };
    let other_engine = ResultRow { engine: "sha2".to_owned(), ..serial(1) };
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
    let run = tutorial();
    let table = render(&Report::new(&run), Layout { width: Some(80), colour: false });
    assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
    assert_snapshot!(table, @r"
    1,049,938 words from 1m_words.txt; medians of 3 runs
    processes, 4 workers, shared, spawn, avx512

    chunksize  tasks   median ms   map   set           speed-up  verdict
       serial         110.2 ±1.1  55.1  27.6          reference
       262485      4   64.0 ±0.6  32.0  16.0  1.72× (1.66–1.79)  faster
       100000     11   61.4 ±0.6  30.7  15.4  1.79× (1.73–1.87)  faster
        50000     21   60.1 ±0.6  30.1  15.0  1.83× (1.76–1.91)  faster
        10000    105   60.3 ±0.6  30.1  15.1  1.83× (1.76–1.90)  faster
         5000    210   62.1 ±0.6  31.1  15.5  1.77× (1.71–1.85)  faster
         1000   1050   75.0 ±0.8  37.5  18.8  1.47× (1.41–1.53)  faster
          500   2100  108.0 ±1.1  54.0  27.0  1.02× (0.98–1.06)  no clear difference
    (no room here for: M words/s, start)
    ");
}

#[test]
fn the_table_of_a_comparison_has_a_column_for_each_thing_that_varies() {
    let run =
        run(vec![serial(110_200), threads(2, 5000, 58_000), processes(2, 10_000, "pipe", 109_000)]);
    assert_snapshot!(render(&Report::new(&run), Layout::default()), @r"
    1,049,938 words from 1m_words.txt; medians of 3 runs
    2 workers, pipe, spawn, avx512

    backend    chunksize  tasks   median ms  start   map   set           speed-up  verdict              M words/s
    serial                       110.2 ±1.1    6.9  55.1  27.6          reference                             9.5
    threads         5000    210   58.0 ±0.6    3.6  29.0  14.5  1.90× (1.83–1.98)  faster                    18.1
    processes      10000    105  109.0 ±1.1    6.8  54.5  27.2  1.01× (0.97–1.05)  no clear difference        9.6
    ");
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
    let mut run = tutorial();
    for row in &mut run.results {
        row.summary = None;
        row.samples.clear();
    }
    assert_snapshot!(render(&Report::new(&run), Layout::default()), @r"
    1,049,938 words from 1m_words.txt; nothing measured yet
    processes, 4 workers, shared, spawn, avx512
    ");
}

#[test]
fn the_curve_is_drawn_in_characters() {
    let mut run = crossed();
    run.results.truncate(15);
    let answer = answer_of(&run);
    let report = Report { answer: Some(&answer), ..Report::new(&run) };
    let curve = Curve::new(&report).unwrap();
    let drawn = text::render(&curve, 72);
    assert!(drawn.lines().all(|line| line.chars().count() <= 72), "{drawn}");
    assert_snapshot!(drawn, @r"
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
     60 ┤                     ···o·····◆··············o·····o····
        │
        └──────────┬───────────────────┬────────────────────┬────────────
                 1000                 10k                 100k
         words in a task

         o processes, shared
         x processes, pipe
         ╌ serial, 110.2 ms
         ◆ recommended: 10000, 60.3 ms
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
    assert_eq!(Curve::new(&Report::new(&support::run(vec![serial(110_200)]))), None);
}

#[test]
fn the_markdown_holds_answer_notes_machine_and_command() {
    let mut run = tutorial();
    run.results.drain(3..7);
    let answer = Answer {
        fastest: 2,
        indistinguishable: vec![1, 2],
        recommended: 2,
        against_serial: run.results[2].against_serial,
        smallest_difference: Some(0.123),
    };
    let report = Report {
        answer: Some(&answer),
        answer_note: Some("3 runs of each show differences from about 12 % on."),
        warnings: &["Built without optimisation.".to_owned()],
        command: Some("wordhash sweep 1m_words.txt"),
        ..Report::new(&run)
    };
    assert_snapshot!(markdown::render(&report), @r"
    1,049,938 words from `1m_words.txt`; processes, 4 workers, shared, spawn, avx512

    | chunksize | tasks | median ms | start | map | set | speed-up | verdict | M words/s |
    | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- | ---: |
    | serial |  | 110.2 ±1.1 | 6.9 | 55.1 | 27.6 | reference |  | 9.5 |
    | 262485 | 4 | 64.0 ±0.6 | 4.0 | 32.0 | 16.0 | 1.72× (1.66–1.79) | faster | 16.4 |
    | 100000 | 11 | 61.4 ±0.6 | 3.8 | 30.7 | 15.4 | 1.79× (1.73–1.87) | faster | 17.1 |
    | 500 | 2100 | 108.0 ±1.1 | 6.8 | 54.0 | 27.0 | 1.02× (0.98–1.06) | no clear difference | 9.7 |

    Recommended: chunk size 100000 (61.4 ms), 1.79 times (1.73–1.87) as fast as the serial run. It is the fastest; not to be told from it: chunk size 262485.

    3 runs of each show differences from about 12 % on.

    - Built without optimisation.

    wordhash 0.1.0 on AMD EPYC 9R14 (2 of 2 cores usable), Linux 6.1.0, engine avx512

    ```sh
    wordhash sweep 1m_words.txt
    ```
    ");
}

#[test]
fn the_answer_says_what_the_samples_allow_and_no_more() {
    let run = tutorial();
    let rows = &run.results;
    let with = |fastest, indistinguishable: &[usize], recommended: usize| Answer {
        fastest,
        indistinguishable: indistinguishable.to_vec(),
        recommended,
        against_serial: rows[recommended].against_serial,
        smallest_difference: None,
    };
    for (answer, expected) in [
        (
            with(3, &[3], 3),
            "Recommended: chunk size 50000 (60.1 ms), 1.83 times (1.76–1.91) as fast as the serial \
             run. Every other row is clearly slower.",
        ),
        (
            with(3, &[2, 3, 4], 3),
            "Recommended: chunk size 50000 (60.1 ms), 1.83 times (1.76–1.91) as fast as the serial \
             run. It is the fastest; not to be told from it: chunk size 100000, chunk size 10000.",
        ),
        (
            with(3, &[2, 3, 4], 4),
            "Recommended: chunk size 10000 (60.3 ms), 1.83 times (1.76–1.90) as fast as the serial \
             run. It cannot be told from the fastest, chunk size 50000 (60.1 ms); nor can: chunk \
             size 100000.",
        ),
        (
            with(7, &[7], 7),
            "Recommended: chunk size 500 (108.0 ms), no clear difference from the serial run \
             (0.98–1.06 times as fast). Every other row is clearly slower.",
        ),
        (
            with(3, &[1, 2, 3, 4, 5, 6, 7], 3),
            "Recommended: chunk size 50000 (60.1 ms), 1.83 times (1.76–1.91) as fast as the serial \
             run. It is the fastest; not to be told from it: 6 rows, from chunk size 10000 (60.3 \
             ms) to chunk size 500 (108.0 ms).",
        ),
        (with(0, &[0], 0), "Recommended: serial (110.2 ms). Every other row is clearly slower."),
    ] {
        assert_eq!(answer::sentences(&answer, rows), expected);
    }
    let of_another_run = Answer { fastest: 99, ..with(0, &[0], 0) };
    assert_eq!(answer::sentences(&of_another_run, rows), "");
}

#[test]
fn what_the_runs_can_show_is_said_and_never_an_option_that_is_in_use() {
    let run = tutorial();
    let with = |smallest_difference| Answer { smallest_difference, ..support::answer(&run) };
    let advice = "; with --precision 2% it runs on for smaller ones";
    for (smallest, said) in [
        (0.123, "3 runs of each show differences from about 12.3 % on"),
        (3.5, "3 runs of each do not even show a difference of twice the time"),
    ] {
        for (in_use, advice) in [(false, advice), (true, "")] {
            let found = answer::what_can_be_seen(&with(Some(smallest)), &run.results, in_use);
            assert_eq!(found, Some(format!("{said}{advice}.")));
        }
    }
    let little = answer::what_can_be_seen(&with(Some(0.03)), &run.results, false);
    assert_eq!(little.as_deref(), Some("3 runs of each show differences from about 3.0 % on."));
    assert_eq!(answer::what_can_be_seen(&with(None), &run.results, false), None);
}

#[test]
fn a_row_that_spilled_is_seen_in_every_table_and_in_the_csv() {
    let mut run = tutorial();
    run.results.drain(2..);
    assert!(!render(&Report::new(&run), Layout::default()).contains("spilled"));
    run.results[1].spilled_bytes = Some(67_196_032);
    let report = Report::new(&run);
    assert_snapshot!(render(&report, Layout::default()), @r"
    1,049,938 words from 1m_words.txt; medians of 3 runs
    processes, 4 workers, chunksize 262485, shared, spawn, avx512

    backend    tasks   median ms  start   map   set           speed-up  verdict  M words/s   spilled
    serial            110.2 ±1.1    6.9  55.1  27.6          reference                 9.5
    processes      4   64.0 ±0.6    4.0  32.0  16.0  1.72× (1.66–1.79)  faster        16.4  64.1 MiB
    ");
    let markdown = markdown::render(&report);
    assert!(markdown.contains("| M words/s | spilled |"), "{markdown}");
    assert!(markdown.contains("| 16.4 | 64.1 MiB |"), "{markdown}");
    let html = html::render(&report);
    assert!(html.contains("<td class=\"number\" data-value=\"67196032\">64.1 MiB</td>"), "{html}");
    let csv = csv::render(&run);
    let ends: Vec<_> = csv.lines().map(|line| line.rsplit_once(',').map(|(_, end)| end)).collect();
    let expected = ["spilled_bytes", "", "", "", "67196032", "67196032", "67196032"];
    assert_eq!(ends, expected.map(Some));
}

#[test]
fn a_page_has_rows_without_a_place_on_the_axis_in_its_table_only() {
    let mut run = tutorial();
    assert!(!html::render(&Report::new(&run)).contains("in the table only"));
    run.results[2].chunksize = Some(Chunksize::Schedule("guided:7".to_owned()));
    let html = html::render(&Report::new(&run));
    assert!(html.contains("Rows whose chunk size changes on the way are in the table only."));
    assert_eq!(html.matches("guided:7").count(), 1, "{html}");
}

#[test]
fn two_measurements_stand_side_by_side() {
    let comparison = Comparison { ratio: 1.08, low: 1.05, high: 1.11, verdict: Verdict::Slower };
    let pair = |label: &str, comparison| Pair {
        label: label.to_owned(),
        old: micros(60_000),
        new: micros(64_800),
        comparison,
    };
    let difference = Difference {
        pairs: vec![pair("5000", Some(comparison)), pair("100000", None)],
        only_old: vec!["500".to_owned()],
        only_new: vec![],
        changed: vec![Change { what: "kernel", old: "6.1".to_owned(), new: "6.2".to_owned() }],
    };
    assert_snapshot!(diff::render(&difference), @r"
            old ms  new ms                        time  verdict
    5000      60.0    64.8  +8.0 % (+5.0 % to +11.0 %)  slower
    100000    60.0    64.8                              too few runs to say
    only in the old result: 500
    kernel changed: 6.1, then 6.2
    ");
}
