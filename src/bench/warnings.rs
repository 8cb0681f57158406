//! What a reader of the figures should be warned of.
//!
//! A warning is a value with its figures; its text is made from them and from the options that are
//! in use, so that no warning ever advises what was already done. The module finds warnings in a
//! finished measurement and leaves it to others to show them, or not.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use super::drift::drift;
use super::result::{ResultRow, SavedRun};
use super::stats::{median, outliers};

/// Something that makes figures less worth than they look.
#[derive(Clone, Debug, PartialEq)]
pub enum Warning {
    /// The program was built without optimisation.
    DebugBuild,
    /// Other programs were running when the measurement began.
    LoadedMachine {
        /// Runnable tasks in the minute before, on average.
        load_average_1m: f64,
        /// Logical processors that the process may use.
        cpus_usable: usize,
    },
    /// Workers must take turns on the processors.
    MoreWorkersThanCores {
        /// The most workers of any row.
        workers: usize,
        /// Logical processors that the process may use.
        cpus_usable: usize,
    },
    /// The runs became slower, or faster, while the measurement went on.
    Drift {
        /// The last runs' times over the first runs', less 1.
        change: f64,
    },
    /// Some runs stand apart from the others of their row.
    Outliers {
        /// How many.
        count: usize,
        /// Of how many runs in all.
        samples: usize,
    },
    /// Runs are so short that the clock's step shows in them.
    TooShort {
        /// The row with the shortest runs.
        label: String,
        /// Their median.
        median: Duration,
        /// The finest step of the clock.
        clock_precision: Duration,
    },
}

/// Which of the options that a warning may advise are in use already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "one for each option, independent of each other")]
pub struct OptionsInUse {
    /// `--warmup` is above 0.
    pub warmup: bool,
    /// `--order interleaved`.
    pub interleaved: bool,
    /// `--precision`.
    pub precision: bool,
    /// `--rounds` is above 1.
    pub rounds: bool,
}

/// The share of the processors that others may keep busy without a warning.
const IDLE_LOAD: f64 = 0.25;

/// Of many runs a test sees drifts that nobody would: this is the least that is not shown as 0.0 %.
const LEAST_DRIFT: f64 = 0.0005;

/// A run must be this many clock steps long: the step is then a tenth of a percent of it.
const CLOCK_STEPS: u32 = 1000;

/// Fewer samples than this say nothing of outliers: of sets of five normal ones, one in seven has
/// one by chance, of sets of ten one in twenty.
const FEWEST_FOR_OUTLIERS: usize = 10;

/// The warnings that a measurement deserves, each kind once at most.
#[must_use]
pub fn warnings(run: &SavedRun) -> Vec<Warning> {
    let found = [
        run.environment.debug_build.then_some(Warning::DebugBuild),
        loaded_machine(run),
        more_workers_than_cores(run),
        drifting(&run.results),
        standing_apart(&run.results),
        too_short(run),
    ];
    found.into_iter().flatten().collect()
}

impl Warning {
    /// The warning in one line: what is the matter, and what would help that is not in use yet.
    #[must_use]
    pub fn text(&self, in_use: OptionsInUse) -> String {
        let (matter, remedy) = (self.matter(), self.remedy(in_use));
        remedy.map_or_else(|| matter.clone(), |remedy| format!("{matter}; {remedy}"))
    }

    fn matter(&self) -> String {
        match self {
            Self::DebugBuild => {
                "this is a debug build, many times slower than a release one".into()
            }
            Self::LoadedMachine { load_average_1m, cpus_usable } => format!(
                "the machine was busy before the first run: load {load_average_1m:.2} on {}",
                counted(*cpus_usable, "processor")
            ),
            Self::MoreWorkersThanCores { workers, cpus_usable } => format!(
                "{} on {}: they take turns",
                counted(*workers, "worker"),
                counted(*cpus_usable, "processor")
            ),
            Self::Drift { change } => format!(
                "the runs became {:.1} % {} from the first to the last third",
                change.abs() * 100.0,
                if *change < 0.0 { "shorter" } else { "longer" }
            ),
            Self::Outliers { count, samples } => format!(
                "{count} of {} ({:.1} %) {} apart from the others of {} row",
                counted(*samples, "run"),
                *count as f64 / *samples as f64 * 100.0,
                if *count == 1 { "stands" } else { "stand" },
                if *count == 1 { "its" } else { "their" },
            ),
            Self::TooShort { label, median, clock_precision } => format!(
                "{label}: runs of {median:?} are short for a clock with steps of {clock_precision:?}"
            ),
        }
    }

    fn remedy(&self, in_use: OptionsInUse) -> Option<&'static str> {
        let advice: &[(bool, &str)] = match self {
            Self::DebugBuild => &[(false, "build with --release")],
            Self::LoadedMachine { .. } => &[(false, "close other programs, or wait")],
            Self::MoreWorkersThanCores { .. } => &[],
            Self::Drift { .. } => &[
                (in_use.interleaved, "--order interleaved would share it out among the rows"),
                (in_use.warmup, "--warmup 1 may help"),
            ],
            Self::Outliers { .. } => {
                &[(in_use.precision, "--precision 2% would run until the medians are sure")]
            }
            Self::TooShort { .. } => &[
                (in_use.rounds, "a longer list, or --rounds 100, would make them longer"),
                (false, "a longer list would make them longer"),
            ],
        };
        advice.iter().find(|(in_use, _)| !in_use).map(|&(_, advice)| advice)
    }
}

fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

fn loaded_machine(run: &SavedRun) -> Option<Warning> {
    let load_average_1m = run.environment.load_average_1m?;
    let cpus_usable = run.environment.cpus_usable.unwrap_or(run.environment.cores_usable);
    (load_average_1m > IDLE_LOAD * cpus_usable as f64)
        .then_some(Warning::LoadedMachine { load_average_1m, cpus_usable })
}

fn more_workers_than_cores(run: &SavedRun) -> Option<Warning> {
    let cpus_usable = run.environment.cpus_usable.unwrap_or(run.environment.cores_usable);
    let workers = run.results.iter().filter_map(|row| row.workers).max()?;
    (workers > cpus_usable).then_some(Warning::MoreWorkersThanCores { workers, cpus_usable })
}

/// Of all rows together, one figure a round: a row alone has too few samples to show a drift.
fn drifting(rows: &[ResultRow]) -> Option<Warning> {
    let change = drift(&one_figure_a_round(rows))?.change;
    (change.abs() >= LEAST_DRIFT).then_some(Warning::Drift { change })
}

/// The geometric mean over the rows of each round, each sample relative to the median of its row.
fn one_figure_a_round(rows: &[ResultRow]) -> Vec<f64> {
    let mut rounds: BTreeMap<usize, (f64, f64)> = BTreeMap::new();
    for row in rows {
        let Some(median) = row_median(row) else { continue };
        for sample in row.samples.iter().filter(|sample| !sample.total.is_zero()) {
            let (sum, samples) = rounds.entry(sample.round).or_default();
            *sum += (sample.total.as_secs_f64() / median.as_secs_f64()).ln();
            *samples += 1.0;
        }
    }
    rounds.into_values().map(|(sum, samples)| (sum / samples).exp()).collect()
}

/// Those that stand apart both in their own row and, relative to its median, among all rows: a row
/// alone has too few samples to know its spread, and all rows together do not share one.
fn standing_apart(rows: &[ResultRow]) -> Option<Warning> {
    let mut times = Vec::new();
    let mut apart_in_row = HashSet::new();
    for row in rows {
        let of_row = relative_to_the_median(row);
        apart_in_row.extend(outliers(&of_row).into_iter().map(|index| times.len() + index));
        times.extend(of_row);
    }
    let apart_in_all = outliers(&times);
    let count = apart_in_all.iter().filter(|&index| apart_in_row.contains(index)).count();
    let samples = times.len();
    (count > 0 && samples >= FEWEST_FOR_OUTLIERS).then_some(Warning::Outliers { count, samples })
}

/// The times of a row over their median.
fn relative_to_the_median(row: &ResultRow) -> Vec<f64> {
    let Some(median) = row_median(row) else { return Vec::new() };
    let relative = |total: Duration| total.as_secs_f64() / median.as_secs_f64();
    row.samples.iter().map(|sample| relative(sample.total)).collect()
}

fn too_short(run: &SavedRun) -> Option<Warning> {
    let clock_precision = run.environment.clock_precision?;
    let medians = run.results.iter().filter_map(|row| Some((median(&totals(row))?, &row.label)));
    let (median, label) = medians.min()?;
    (median < clock_precision * CLOCK_STEPS).then(|| Warning::TooShort {
        label: label.clone(),
        median,
        clock_precision,
    })
}

/// The median of a row, where times can be set against it.
fn row_median(row: &ResultRow) -> Option<Duration> {
    median(&totals(row)).filter(|median| !median.is_zero())
}

fn totals(row: &ResultRow) -> Vec<Duration> {
    row.samples.iter().map(|sample| sample.total).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::fixtures::{row, run, serial};

    const NONE: OptionsInUse =
        OptionsInUse { warmup: false, interleaved: false, precision: false, rounds: false };
    const ALL: OptionsInUse =
        OptionsInUse { warmup: true, interleaved: true, precision: true, rounds: true };

    /// A row without anything to warn of, on two processors.
    fn quiet_row() -> ResultRow {
        ResultRow {
            workers: Some(2),
            ..row(500, &[103, 101, 102, 104, 101, 103, 102, 101, 103, 104, 102, 103])
        }
    }

    #[test]
    fn a_quiet_measurement_deserves_no_warning() {
        assert_eq!(warnings(&run(vec![serial(&[200; 12]), quiet_row()])), []);
        assert_eq!(warnings(&run(vec![])), []);
        assert_eq!(warnings(&run(vec![serial(&[])])), []);
    }

    #[test]
    fn each_cause_has_its_warning() {
        let quiet = run(vec![quiet_row()]);
        let mut debug = quiet.clone();
        debug.environment.debug_build = true;
        let mut loaded = quiet.clone();
        loaded.environment.load_average_1m = Some(0.6);
        let mut crowded = quiet.clone();
        crowded.results[0].workers = Some(3);
        let mut coarse = quiet;
        coarse.environment.clock_precision = Some(Duration::from_micros(1));
        let drifting = run(vec![serial(&[100, 101, 102, 103, 104, 105, 106, 107, 108, 109])]);
        let apart = run(vec![serial(&[100, 101, 100, 102, 101, 100, 101, 100, 900, 101])]);
        for (run, expected) in [
            (debug, "DebugBuild"),
            (loaded, "LoadedMachine"),
            (crowded, "MoreWorkersThanCores"),
            (coarse, "TooShort"),
            (drifting, "Drift"),
            (apart, "Outliers"),
        ] {
            let found = warnings(&run);
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(format!("{found:?}").starts_with(&format!("[{expected}")), "{found:?}");
        }
    }

    #[test]
    fn rows_of_different_speed_drift_together_but_do_not_stand_apart() {
        let slow: Vec<u64> = (0..12).map(|place| 9000 + 90 * place).collect();
        let quick: Vec<u64> = (0..12).map(|place| 100 + place).collect();
        let found = warnings(&run(vec![serial(&slow), row(500, &quick)]));
        assert!(matches!(found[..], [Warning::MoreWorkersThanCores { .. }, Warning::Drift { .. }]));
        let Warning::Drift { change } = found[1] else { return };
        assert_eq!(format!("{change:.3}"), "0.079");
    }

    #[test]
    fn a_drift_of_nothing_is_none() {
        let hardly: Vec<u64> = (0..400).map(|place| 1_000_000 + place).collect();
        assert_eq!(warnings(&run(vec![serial(&hardly)])), []);
    }

    #[test]
    fn the_text_never_advises_what_is_in_use() {
        let precision = Duration::from_nanos(40);
        let cases = [
            (
                Warning::DebugBuild,
                "this is a debug build, many times slower than a release one; build with --release",
                "this is a debug build, many times slower than a release one; build with --release",
            ),
            (
                Warning::LoadedMachine { load_average_1m: 1.5, cpus_usable: 1 },
                "the machine was busy before the first run: load 1.50 on 1 processor; close other programs, or wait",
                "the machine was busy before the first run: load 1.50 on 1 processor; close other programs, or wait",
            ),
            (
                Warning::MoreWorkersThanCores { workers: 4, cpus_usable: 2 },
                "4 workers on 2 processors: they take turns",
                "4 workers on 2 processors: they take turns",
            ),
            (
                Warning::Drift { change: 0.0812 },
                "the runs became 8.1 % longer from the first to the last third; --order interleaved would share it out among the rows",
                "the runs became 8.1 % longer from the first to the last third",
            ),
            (
                Warning::Drift { change: -0.05 },
                "the runs became 5.0 % shorter from the first to the last third; --order interleaved would share it out among the rows",
                "the runs became 5.0 % shorter from the first to the last third",
            ),
            (
                Warning::Outliers { count: 2, samples: 40 },
                "2 of 40 runs (5.0 %) stand apart from the others of their row; --precision 2% would run until the medians are sure",
                "2 of 40 runs (5.0 %) stand apart from the others of their row",
            ),
            (
                Warning::TooShort {
                    label: "serial".to_owned(),
                    median: Duration::from_micros(15),
                    clock_precision: precision,
                },
                "serial: runs of 15µs are short for a clock with steps of 40ns; a longer list, or --rounds 100, would make them longer",
                "serial: runs of 15µs are short for a clock with steps of 40ns; a longer list would make them longer",
            ),
        ];
        for (warning, with_none, with_all) in cases {
            assert_eq!(warning.text(NONE), with_none);
            assert_eq!(warning.text(ALL), with_all);
        }
    }

    #[test]
    fn the_next_remedy_is_advised_where_the_first_is_in_use() {
        let text = Warning::Drift { change: 0.1 }.text(OptionsInUse { interleaved: true, ..NONE });
        assert!(text.ends_with("third; --warmup 1 may help"), "{text}");
        let text = Warning::Outliers { count: 1, samples: 20 }.text(ALL);
        assert_eq!(text, "1 of 20 runs (5.0 %) stands apart from the others of its row");
    }
}
