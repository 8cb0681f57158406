//! The reports that a person reads on a terminal or in a pull request.

mod support;

use insta::assert_snapshot;
use support::{processes, run, serial, threads, tutorial};
use wordhash::bench::result::{Chunksize, ResultRow};
use wordhash::report::table::{Layout, render};
use wordhash::report::{Report, label, plain};

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
    (no room here for: Mword/s, start)
    ");
}

#[test]
fn the_table_of_a_comparison_has_a_column_for_each_thing_that_varies() {
    let run =
        run(vec![serial(110_200), threads(2, 5000, 58_000), processes(2, 10_000, "pipe", 109_000)]);
    assert_snapshot!(render(&Report::new(&run), Layout::default()), @r"
    1,049,938 words from 1m_words.txt; medians of 3 runs
    2 workers, pipe, spawn, avx512

    backend    chunksize  tasks   median ms  start   map   set           speed-up  verdict              Mword/s
    serial                       110.2 ±1.1    6.9  55.1  27.6          reference                           9.5
    threads         5000    210   58.0 ±0.6    3.6  29.0  14.5  1.90× (1.83–1.98)  faster                  18.1
    processes      10000    105  109.0 ±1.1    6.8  54.5  27.2  1.01× (0.97–1.05)  no clear difference      9.6
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
