//! What may make a measurement worth less than it seems, and what to do about it.
//!
//! Warnings come from a finished measurement alone. Each knows which options are in use already, so
//! none is advised twice.

use std::collections::BTreeMap;
use std::time::Duration;

use super::drift::drift;
use super::evidence::{SignTest, threshold};
use super::result::{Measurement, Order, ResultRow, Sample, Stopped};

/// Something that may make a measurement worth less.
#[derive(Clone, Debug, PartialEq)]
pub enum Warning {
    /// The program was built without optimisation.
    DebugBuild,
    /// Rows that were measured one after the other.
    Blocked,
    /// Too few rounds for any verdict.
    TooFewRounds {
        /// How many were made.
        rounds: usize,
        /// How many a verdict needs.
        needed: usize,
    },
    /// The time was up before all intervals were as narrow as was asked for.
    NotPrecise {
        /// The rows whose intervals are wider.
        labels: Vec<String>,
        /// How many rows have an interval.
        rows: usize,
        /// What was asked for: 0.02 is 2 % to either side.
        half_width: f64,
        /// How long was measured.
        max_time: Duration,
    },
    /// Other programs, or other guests of the host, took the processors.
    Disturbed {
        /// Runs that more than 5 % of the processors' time was taken from.
        disturbed: usize,
        /// All counted runs.
        runs: usize,
    },
    /// Workers share processors.
    MoreWorkersThanCores {
        /// The most workers of a row.
        workers: usize,
        /// The logical processors that may be used.
        cpus_usable: usize,
    },
    /// The machine became faster or slower.
    Drift {
        /// 0.08 is 8 % longer runs in the last third than in the first.
        change: f64,
    },
    /// The runs are short beside the steps of the clock.
    TooShort {
        /// The row with the shortest median.
        label: String,
        /// That median.
        median: Duration,
        /// The finest step of the clock.
        clock_precision: Duration,
    },
}

/// What was asked for, as far as warnings speak of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Asked {
    /// `--warmup` above 0.
    pub warmup: bool,
    /// `--rounds`.
    pub iterations: bool,
    /// `--precision` with the time that it had.
    pub precision: Option<(f64, Duration)>,
    /// The rows whose intervals are wider than that.
    pub wide_rows: Vec<usize>,
}

/// A drift below this share is too small to matter.
const LEAST_DRIFT: f64 = 0.02;
/// With fewer steps of the clock in a run, a step is more than 1 % of it.
const CLOCK_STEPS: u32 = 100;

/// Everything that there is to warn of.
#[must_use]
pub fn warnings(run: &Measurement, asked: &Asked) -> Vec<Warning> {
    let debug = run.environment.debug_build.then_some(Warning::DebugBuild);
    let blocked = (run.order == Order::Blocked).then_some(Warning::Blocked);
    [
        debug,
        blocked,
        too_few_rounds(run),
        not_precise(run, asked),
        disturbed(&run.results),
        more_workers_than_cores(run),
        drifting(run),
        too_short(run),
    ]
    .into_iter()
    .flatten()
    .collect()
}

impl Warning {
    /// What it is and what can be done, in one line.
    #[must_use]
    pub fn text(&self, asked: &Asked) -> String {
        let described = self.described();
        match self.remedy(asked) {
            Some(remedy) => format!("{described}; {remedy}"),
            None => described,
        }
    }

    fn described(&self) -> String {
        match self {
            Self::DebugBuild => {
                "this is a debug build, many times slower than a release build".to_owned()
            }
            Self::Blocked => {
                "--order blocked measures one row after the other, so a change of the \
                              machine looks like a difference between rows: no verdicts are given"
                    .to_owned()
            }
            Self::TooFewRounds { rounds, needed } => {
                format!(
                    "{} cannot show any difference; a verdict needs {needed}",
                    counted(*rounds, "round")
                )
            }
            Self::NotPrecise { labels, rows, half_width, max_time } => format!(
                "after {} s, {} of {} not known to ±{}%: {}",
                max_time.as_secs_f64(),
                labels.len(),
                if *rows == 1 { "1 row is".to_owned() } else { format!("{rows} rows are") },
                half_width * 100.0,
                labels.join("; ")
            ),
            Self::Disturbed { disturbed, runs } => format!(
                "{disturbed} of {} {} disturbed: more than 5% of the processors' time went to \
                 other programs or other guests of the host",
                counted(*runs, "run"),
                if *disturbed == 1 { "was" } else { "were" },
            ),
            Self::MoreWorkersThanCores { workers, cpus_usable } => format!(
                "{} on {}: workers share processors, so more of them do not run faster",
                counted(*workers, "worker"),
                counted(*cpus_usable, "processor")
            ),
            Self::Drift { change } => format!(
                "runs became {:.1}% {} from the first to the last third of the session: absolute \
                 times hold for this session only; comparisons are made within rounds and are not \
                 affected",
                change.abs() * 100.0,
                if *change < 0.0 { "shorter" } else { "longer" }
            ),
            Self::TooShort { label, median, clock_precision } => format!(
                "{label}: runs of {median:?} are short for a clock with steps of {clock_precision:?}"
            ),
        }
    }

    fn remedy(&self, asked: &Asked) -> Option<String> {
        let fixed = |text: &str| Some(text.to_owned());
        match self {
            Self::DebugBuild => fixed("build with --release"),
            Self::TooFewRounds { needed, .. } => {
                Some(format!("use --runs {needed} or more, or leave --runs out"))
            }
            Self::NotPrecise { max_time, .. } => Some(format!(
                "--max-time {:.0} would keep measuring",
                (max_time.as_secs_f64() * 4.0).ceil()
            )),
            Self::Disturbed { .. } => fixed("close other programs, or wait"),
            Self::TooShort { .. } if asked.iterations => fixed("use a longer list"),
            Self::TooShort { .. } => fixed("use a longer list, or --rounds 100"),
            Self::Blocked | Self::MoreWorkersThanCores { .. } => None,
            Self::Drift { .. } => (!asked.warmup).then(|| "--warmup 1 may help".to_owned()),
        }
    }
}

fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// Of a measurement that was not cut short: a reader who stops it knows that it was short.
fn too_few_rounds(run: &Measurement) -> Option<Warning> {
    let measured = run.results.iter().filter(|row| !row.samples.is_empty()).count();
    let rounds = run.results.iter().map(|row| row.samples.len()).max()?;
    let needed = SignTest::new(threshold(run.results.len())).first_round();
    let is_whole = matches!(run.stopped, Stopped::Runs) && run.order == Order::Random;
    (is_whole && measured > 1 && rounds < needed)
        .then_some(Warning::TooFewRounds { rounds, needed })
}

fn not_precise(run: &Measurement, asked: &Asked) -> Option<Warning> {
    let (half_width, max_time) = asked.precision?;
    let labels: Vec<String> = asked
        .wide_rows
        .iter()
        .filter_map(|&row| Some(run.results.get(row)?.label.clone()))
        .collect();
    let rows = run.results.iter().filter(|row| !row.samples.is_empty()).count();
    (!labels.is_empty() && run.stopped == Stopped::MaxTime).then_some(Warning::NotPrecise {
        labels,
        rows,
        half_width,
        max_time,
    })
}

fn disturbed(rows: &[ResultRow]) -> Option<Warning> {
    let samples = || rows.iter().flat_map(|row| &row.samples);
    let disturbed = samples().filter(|sample| sample.disturbance.disturbed).count();
    // One run in twenty is what any machine that does something else has.
    let runs = samples().count();
    (disturbed * 20 > runs).then_some(Warning::Disturbed { disturbed, runs })
}

fn more_workers_than_cores(run: &Measurement) -> Option<Warning> {
    let cpus_usable = run.environment.cpus_usable.unwrap_or(run.environment.cores_usable);
    // The ranks of an MPI run are on other machines, too.
    let local = run.results.iter().filter(|row| row.setting.backend != "mpi");
    let workers = local.filter_map(|row| row.setting.workers).max()?;
    (workers > cpus_usable).then_some(Warning::MoreWorkersThanCores { workers, cpus_usable })
}

/// From one figure a round: the geometric mean of its runs, each over the median of its row.
fn drifting(run: &Measurement) -> Option<Warning> {
    if run.order == Order::Blocked {
        return None;
    }
    let change = drift(&round_figures(&run.results))?.change;
    (change.abs() >= LEAST_DRIFT).then_some(Warning::Drift { change })
}

/// For each round in order, how long its runs took: the geometric mean over the rows that ran in
/// it, each run over the median of its row.
#[must_use]
pub fn round_figures(rows: &[ResultRow]) -> Vec<f64> {
    let mut rounds: BTreeMap<usize, (f64, usize)> = BTreeMap::new();
    for row in rows {
        let Some(median) = row.summary.map(|summary| summary.median).filter(|m| !m.is_zero())
        else {
            continue;
        };
        for Sample { round, total, .. } in &row.samples {
            let relative = total.max(&Duration::from_nanos(1)).as_secs_f64() / median.as_secs_f64();
            let (sum, runs) = rounds.entry(*round).or_default();
            *sum += relative.ln();
            *runs += 1;
        }
    }
    rounds.into_values().map(|(sum, runs)| (sum / runs as f64).exp()).collect()
}

fn too_short(run: &Measurement) -> Option<Warning> {
    let clock_precision = run.environment.clock_precision?;
    let medians = run.results.iter().filter_map(|row| Some((row.summary?.median, &row.label)));
    let (median, label) = medians.min()?;
    (median < clock_precision * CLOCK_STEPS).then(|| Warning::TooShort {
        label: label.clone(),
        median,
        clock_precision,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::fixtures::{measurement, row, serial};

    /// A row without anything to warn of, on two processors.
    fn quiet_row() -> ResultRow {
        row(500, 2, &[103, 101, 102, 104, 101, 103, 102, 101, 103, 104, 102, 103])
    }

    fn found(run: &Measurement) -> Vec<Warning> {
        warnings(run, &Asked::default())
    }

    #[test]
    fn a_quiet_measurement_deserves_no_warning() {
        assert_eq!(found(&measurement(vec![serial(&[200; 12]), quiet_row()])), []);
        assert_eq!(found(&measurement(vec![])), []);
        assert_eq!(found(&measurement(vec![serial(&[])])), []);
    }

    #[test]
    fn each_cause_has_its_warning() {
        let quiet = measurement(vec![quiet_row()]);
        let changed = |change: &dyn Fn(&mut Measurement)| {
            let mut run = quiet.clone();
            change(&mut run);
            run
        };
        let rising = (0..30).map(|round| 1000 + 10 * round).collect::<Vec<_>>();
        let cases = [
            ("DebugBuild", changed(&|run| run.environment.debug_build = true)),
            ("Blocked", changed(&|run| run.order = Order::Blocked)),
            (
                "TooFewRounds",
                measurement(vec![
                    serial(&[200; 7]),
                    row(500, 2, &[103, 102, 104, 103, 102, 103, 102]),
                ]),
            ),
            ("Disturbed", changed(&|run| run.results[0].samples[3].disturbance.disturbed = true)),
            ("MoreWorkersThanCores", changed(&|run| run.results[0].setting.workers = Some(3))),
            (
                "TooShort",
                changed(&|run| {
                    run.environment.clock_precision = Some(Duration::from_micros(2));
                }),
            ),
            ("Drift", measurement(vec![serial(&rising)])),
        ];
        for (expected, run) in cases {
            let found = found(&run);
            assert_eq!(found.len(), 1, "{expected}: {found:?}");
            assert!(format!("{found:?}").starts_with(&format!("[{expected}")), "{found:?}");
        }
    }

    #[test]
    fn a_precision_that_was_not_reached_names_the_rows() {
        let mut run = measurement(vec![serial(&[200; 12]), quiet_row()]);
        let asked = Asked {
            precision: Some((0.02, Duration::from_mins(1))),
            wide_rows: vec![1],
            ..Asked::default()
        };
        assert_eq!(warnings(&run, &asked), []);
        run.stopped = Stopped::MaxTime;
        let found = warnings(&run, &asked);
        assert_eq!(
            found[0].text(&asked),
            "after 60 s, 1 of 2 rows are not known to ±2%: 500; --max-time 240 would keep measuring"
        );
    }

    #[test]
    fn rounds_of_rows_of_different_speed_have_one_figure_each() {
        let figures = round_figures(&[serial(&[900, 1000, 1100]), row(5, 2, &[9, 10, 11])]);
        assert_eq!(
            figures.iter().map(|f| format!("{f:.2}")).collect::<Vec<_>>(),
            ["0.90", "1.00", "1.10"]
        );
    }

    #[test]
    fn every_text_says_what_it_is_and_what_to_do() {
        let asked = Asked { warmup: true, iterations: true, ..Asked::default() };
        let all = [
            Warning::DebugBuild,
            Warning::Blocked,
            Warning::TooFewRounds { rounds: 5, needed: 13 },
            Warning::Disturbed { disturbed: 1, runs: 8 },
            Warning::MoreWorkersThanCores { workers: 4, cpus_usable: 2 },
            Warning::Drift { change: 0.0812 },
            Warning::Drift { change: -0.05 },
            Warning::TooShort {
                label: "serial".to_owned(),
                median: Duration::from_micros(15),
                clock_precision: Duration::from_nanos(40),
            },
        ];
        let texts: Vec<String> = all
            .iter()
            .flat_map(|warning| [warning.text(&Asked::default()), warning.text(&asked)])
            .collect();
        insta::assert_snapshot!(texts.join("\n"));
    }
}
