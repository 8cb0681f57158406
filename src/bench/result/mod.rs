//! A finished measurement as plain data: what was run, where, on what, and how long it took.
//!
//! These types are at the same time the saved form of a measurement: they serialise to the
//! documented JSON, field for field and in its order, and read it back. They compute nothing and
//! name backends, transports and engines by the strings of the command line, so that a file saved
//! by one version can be read by another that knows other ones.
//!
//! Times are [`Duration`]s here and seconds in the JSON. What was not measured is `None` here and
//! `null` there, never 0. Fields that this version does not know are ignored when reading.
//! `docs/result.schema.json` describes the form.

mod comparison;
mod row;
mod sample;
mod seconds;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use comparison::{Comparison, Verdict};
pub use row::{Chunksize, ProcessRow, ResultRow, Setting};
pub use sample::{Disturbance, Sample, Summary};

/// The number of the JSON's form; it changes when a reader has to.
pub const SCHEMA: u32 = 1;

/// Everything that a sweep or a comparison found out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// [`SCHEMA`].
    pub schema: u32,
    /// The version of the program that measured.
    pub wordhash: String,
    /// The command line, word by word.
    pub command: Vec<String>,
    /// What the orders of the rounds were drawn from.
    pub seed: u64,
    /// The order of the runs.
    pub order: Order,
    /// Why there are no more rounds.
    pub stopped: Stopped,
    /// The confidence with which all claims hold together.
    pub level: f64,
    /// Differences up to this share of the time count as [`Verdict::Same`].
    pub margin: f64,
    /// What may make the measurement worth less, a sentence each.
    pub warnings: Vec<String>,
    /// The machine, and the state it was in.
    pub environment: Environment,
    /// What was hashed.
    pub input: Input,
    /// One row for each configuration, in the order of the command line.
    pub results: Vec<ResultRow>,
    /// What follows for each amount of work; empty where rows were not compared.
    pub answers: Vec<Answer>,
    /// What a chunk size costs in general; `None` where no model predicts well enough.
    pub model: Option<CostModel>,
    /// What it takes to start a process that does nothing and to wait for it, where other programs
    /// were measured: their times are those of whole processes.
    #[serde(default, with = "seconds::optional", rename = "process_start_seconds")]
    pub process_start: Option<Duration>,
}

/// The order in which the rows of a measurement run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// In rounds; each runs every row once, in an order of its own, drawn at random.
    #[default]
    Random,
    /// All runs of one row, then all of the next. Such rows cannot be compared: the machine may
    /// have changed between them.
    Blocked,
}

/// Why a measurement has no more rounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stopped {
    /// Every row is decided: slower than a fastest row, or the same as the recommended one.
    Decided,
    /// As many rounds as were asked for.
    Runs,
    /// All intervals are as narrow as was asked for.
    Precision,
    /// The time was up.
    MaxTime,
    /// More rounds than this are not made without being asked for.
    MaxRounds,
    /// A signal asked for the end.
    Interrupted,
    /// A run failed, or a result could not be written.
    Failed,
}

/// What rows that do the same work amount to; rows are named by their index in the results.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// How often these rows hash each word.
    #[serde(rename = "rounds")]
    pub iterations: u32,
    /// The row that the recommended one is compared with, where there is one.
    pub reference: Option<usize>,
    /// The rows that no other row has been shown to be faster than, in the order of the results.
    pub fastest: Vec<usize>,
    /// The row to take, one of the fastest.
    pub recommended: usize,
    /// The difference that so many rounds would find nine times in ten: 0.1 is 10 % more time.
    /// `None` where too few rounds were made to say.
    pub detectable_difference: Option<f64>,
}

/// What the cost model says, as it is saved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CostModel {
    /// The typical error for sizes that it has not seen, as a share of the time.
    pub leave_one_out_error: f64,
    /// What each thing costs, in seconds.
    pub terms: BTreeMap<String, f64>,
    /// The smallest and the largest chunk size that is within 2 % of the best.
    pub within_2_percent: [usize; 2],
}

/// The machine that measured, and the state it was in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Environment {
    /// The processor's name for itself.
    pub cpu: Option<String>,
    /// Physical cores of the machine.
    pub cores_physical: Option<usize>,
    /// Physical cores that the process may use, by its affinity mask and its cgroup's quota.
    pub cores_usable: usize,
    /// The operating system's name for itself.
    pub os: Option<String>,
    /// The kernel's name and release.
    pub kernel: Option<String>,
    /// The hash engine that `--engine auto` takes.
    pub engine: String,
    /// Every hash engine that the machine can run.
    pub engines: Vec<String>,
    /// Whether the program was built without optimisation.
    pub debug_build: bool,
    /// The frequency governor of the first processor.
    pub governor: Option<String>,
    /// Logical processors that the process may use: more than `cores_usable` where cores run
    /// several hardware threads.
    pub cpus_usable: Option<usize>,
    /// The instruction set that the program was built for, such as `x86_64`.
    pub architecture: Option<String>,
    /// The memory of the machine.
    pub memory_bytes: Option<u64>,
    /// When the measurement began: RFC 3339, in UTC, to the second.
    pub started_at: Option<String>,
    /// The finest step of the clock that measured.
    #[serde(with = "seconds::optional")]
    pub clock_precision: Option<Duration>,
}

/// What was hashed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// Where the words came from, as the user gave it.
    pub path: String,
    /// How many words there were, doubles included.
    pub words: usize,
    /// The length of the list in bytes, line ends included.
    pub bytes: u64,
    /// How many different digests there were.
    pub distinct: Option<usize>,
    /// A checksum of all digests in input order; equal inputs have equal ones on every machine.
    pub checksum: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The documented example.
    const DOCUMENT: &str = include_str!("../../../tests/data/result.json");

    #[test]
    fn the_documented_json_is_read_and_written_back_byte_for_byte() {
        let measurement: Measurement = serde_json::from_str(DOCUMENT).unwrap();
        assert_eq!(measurement.results[1].samples[0].map, Some(Duration::from_millis(45)));
        assert_eq!(measurement.environment.clock_precision, Some(Duration::from_nanos(20)));
        assert_eq!(serde_json::to_string_pretty(&measurement).unwrap() + "\n", DOCUMENT);
    }

    #[test]
    fn a_schedule_is_a_string_where_a_size_is_a_number() {
        for (json, chunksize) in [
            ("5000", Chunksize::Fixed(5000)),
            ("\"guided:500\"", Chunksize::Schedule("guided:500".to_owned())),
        ] {
            assert_eq!(serde_json::from_str::<Chunksize>(json).unwrap(), chunksize);
            assert_eq!(serde_json::to_string(&chunksize).unwrap(), json);
            assert_eq!(chunksize.to_string(), json.trim_matches('"'));
        }
    }

    #[test]
    fn times_that_are_no_durations_are_refused() {
        for bad in ["-1.0", "1e300", "\"1\"", "true", "null"] {
            let json = format!(r#"{{"median":{bad},"quartiles":[1,1],"min":1,"max":1}}"#);
            assert!(serde_json::from_str::<Summary>(&json).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_ratio_of_times_is_the_speedup_turned_over() {
        let comparison = Comparison {
            rounds: 9,
            wins: 9,
            speedup: 2.0,
            interval: Some([1.25, 4.0]),
            verdict: Verdict::Faster,
        };
        assert!((comparison.time_ratio() - 0.5).abs() < 1e-12);
        assert_eq!(comparison.time_ratio_interval(), Some([0.25, 0.8]));
    }
}
