//! The parts of a run add up to the printed median, in every format with a table.

#![expect(clippy::unwrap_used, reason = "the helpers of a test fail as the test does")]

mod measurements;

use std::time::Duration;

use measurements::{processes, run};
use proptest::prelude::*;
use wordhash::bench::result::{ResultRow, Sample};
use wordhash::bench::stats::summarise;
use wordhash::report::table::{Layout, render};
use wordhash::report::{Report, html, markdown};

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
    let rows = body.split("<tr").skip(1).map(|row| row.split("<t").skip(1).map(shown).collect());
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
                    Sample { total, start, map, exchange, set, end, ..*sample }
                })
                .collect();
            ResultRow { summary: summarise(&samples), samples, ..row }
        });
        let run = run(results.collect());
        let report = Report::new(&run);
        let (markdown, html, table) =
            (markdown::render(&report), html::render(&report), render(&report, Layout::default()));
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
