//! The reports that a person reads on a terminal or in a pull request.

mod measurements;

use insta::assert_snapshot;
use measurements::{
    after, blocked, crossed, micros, processes, run, serial, threads, timeline, tutorial,
};
use wordhash::bench::result::{Chunksize, Measurement, ResultRow};
use wordhash::report::chart::{Curve, svg, text};
use wordhash::report::table::{Layout, render};
use wordhash::report::{Report, html, label, markdown, plain};

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
    let svg = svg::render(&curve, svg::Frame::default());
    for part in ["Medians of 25 rounds", "95% confidence", "recommended: ", ">\nmaybe as fast\n<"] {
        assert!(svg.contains(part), "{part} in {svg}");
    }
    let html = html::render(&report);
    for part in ["<span class=\"mark\">recommended<", "<span class=\"mark\">maybe as fast<"] {
        assert!(html.contains(part), "{part}");
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
