//! A finished measurement as plain data: what was run, where, on what, and how long it took.
//!
//! These types are at the same time the saved form of a measurement: they serialise to the
//! documented JSON, field for field and in its order, and read it back. They compute nothing and
//! name backends, transports and engines by the strings of the command line, so that a file saved
//! by one version can be read by another that knows other ones.
//!
//! Times are [`Duration`]s here and seconds in the JSON. What was not measured is `None` here and
//! `null` there, never 0. Fields this version does not know are ignored when reading.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::answer::Answer;

/// Everything that one `run`, `sweep` or `compare` found out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SavedRun {
    /// The version of the program that measured.
    pub wordhash: String,
    /// The machine, and the state it was in.
    pub environment: Environment,
    /// What was hashed.
    pub input: Input,
    /// One row for each configuration, in the order of the command line.
    pub results: Vec<ResultRow>,
    /// What a sweep says to do; left out where there is no sweep, or nothing was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer>,
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
    /// The mean number of runnable tasks over the minute before the measurement.
    pub load_average_1m: Option<f64>,
    /// The frequency governor of the first processor.
    pub governor: Option<String>,
    /// Logical processors that the process may use: more than `cores_usable` where cores run
    /// several hardware threads.
    #[serde(default)]
    pub cpus_usable: Option<usize>,
    /// The instruction set that the program was built for, such as `x86_64`.
    #[serde(default)]
    pub architecture: Option<String>,
    /// The memory of the machine.
    #[serde(default)]
    pub memory_bytes: Option<u64>,
    /// When the measurement began: RFC 3339, in UTC, to the second.
    #[serde(default)]
    pub started_at: Option<String>,
    /// The finest step of the clock that measured.
    #[serde(default, with = "optional_seconds")]
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

/// One configuration and what it cost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResultRow {
    /// What tells this row from the others, for people.
    pub label: String,
    /// `serial`, `threads`, `processes` or `mpi`.
    pub backend: String,
    /// `None` where there are no workers: a serial run.
    pub workers: Option<usize>,
    /// Words in a task, or the schedule that varied it; `None` for a serial run.
    pub chunksize: Option<Chunksize>,
    /// How many tasks the words were cut into; `None` for a serial run.
    pub tasks: Option<usize>,
    /// `shared` or `pipe`; `None` where nothing is sent between processes.
    pub transport: Option<String>,
    /// `spawn` or `fork`; `None` where no process is started.
    pub start_method: Option<String>,
    /// The hash engine.
    pub engine: String,
    /// How often each word is hashed, the first time included.
    pub rounds: u32,
    /// The counted runs, in the order in which they were made.
    pub samples: Vec<Sample>,
    /// The samples in few figures; `None` before the first one.
    pub summary: Option<Summary>,
    /// The worker processes of the last run; empty for backends that have none.
    pub processes: Vec<ProcessRow>,
    /// This row beside the serial row; `None` for that row itself, and where there is none.
    #[serde(default)]
    pub against_serial: Option<Comparison>,
    /// What the last run wrote to temporary files because the digests did not fit in memory;
    /// `None` when they did.
    #[serde(default)]
    pub spilled_bytes: Option<u64>,
    /// The most memory that a run had resident, all processes together and shared pages once.
    #[serde(default)]
    pub peak_memory_bytes: Option<u64>,
}

/// How the words of a row were cut into tasks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Chunksize {
    /// Every task has this many words, the last one perhaps fewer.
    Fixed(usize),
    /// The size changes on the way by a named schedule, such as `guided:500`.
    Schedule(String),
}

impl Chunksize {
    /// The number of words in a task, where it is one number.
    #[must_use]
    pub fn fixed(&self) -> Option<usize> {
        match self {
            Self::Fixed(words) => Some(*words),
            Self::Schedule(_) => None,
        }
    }
}

impl fmt::Display for Chunksize {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(words) => words.fmt(formatter),
            Self::Schedule(name) => name.fmt(formatter),
        }
    }
}

/// One counted run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// The round it belongs to, from 0; samples of different rows pair up by it.
    pub round: usize,
    /// How many counted runs, of all rows, had been made before it: the order in time.
    pub position: usize,
    /// From before the workers are started until the set of hashes is complete.
    #[serde(with = "seconds")]
    pub total: Duration,
    /// Until the workers are ready.
    #[serde(with = "optional_seconds")]
    pub start: Option<Duration>,
    /// From there until the last digest is back.
    #[serde(with = "optional_seconds")]
    pub map: Option<Duration>,
    /// From there until every digest is with the rank that counts it; `None` where the digests stay
    /// in one place.
    #[serde(default, with = "optional_seconds")]
    pub exchange: Option<Duration>,
    /// From there until the set of hashes is complete.
    #[serde(with = "optional_seconds")]
    pub set: Option<Duration>,
}

/// The total times of a row's samples in few figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// The middle sample, or the mean of the middle two.
    #[serde(with = "seconds")]
    pub median: Duration,
    /// The arithmetic mean.
    #[serde(with = "seconds")]
    pub mean: Duration,
    /// The standard deviation with n − 1 in the divisor; `None` for a single sample.
    #[serde(with = "optional_seconds")]
    pub stddev: Option<Duration>,
    /// The fastest sample.
    #[serde(with = "seconds")]
    pub min: Duration,
    /// The slowest sample.
    #[serde(with = "seconds")]
    pub max: Duration,
    /// The first quartile.
    #[serde(default, with = "optional_seconds")]
    pub q1: Option<Duration>,
    /// The third quartile.
    #[serde(default, with = "optional_seconds")]
    pub q3: Option<Duration>,
    /// Where the median of endless runs lies, as far as the samples say; `None` for one sample.
    #[serde(default)]
    pub median_interval: Option<TimeInterval>,
}

/// A range of times, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeInterval {
    /// The lower end.
    #[serde(with = "seconds")]
    pub low: Duration,
    /// The upper end.
    #[serde(with = "seconds")]
    pub high: Duration,
}

/// How much time one row takes of another's.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Time divided by the reference's time: 0.5 is twice as fast.
    pub ratio: f64,
    /// The lower end of the ratio's interval.
    pub low: f64,
    /// The upper end of the ratio's interval.
    pub high: f64,
    /// What the interval allows to say.
    pub verdict: Verdict,
}

impl Comparison {
    /// The same the other way round, as how many times as fast: (speed-up, low, high).
    #[must_use]
    pub fn speedup(&self) -> (f64, f64, f64) {
        (self.ratio.recip(), self.high.recip(), self.low.recip())
    }
}

/// What may be said of a row beside another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The whole interval of the ratio lies below 1.
    Faster,
    /// The whole interval of the ratio lies above 1.
    Slower,
    /// The interval holds 1: the samples do not tell.
    NoClearDifference,
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Faster => "faster",
            Self::Slower => "slower",
            Self::NoClearDifference => "no clear difference",
        })
    }
}

/// What one worker process, or one rank, did in a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessRow {
    /// Its process id.
    pub pid: u32,
    /// How many tasks it finished.
    pub tasks: usize,
    /// How many words those had; `None` when the process died before it could say.
    pub words: Option<usize>,
    /// The time it spent on tasks, by the clock on the wall.
    #[serde(with = "optional_seconds")]
    pub busy: Option<Duration>,
    /// The processor time it used, user and system.
    #[serde(with = "optional_seconds")]
    pub cpu: Option<Duration>,
    /// The most memory it ever had in use.
    pub peak_rss_bytes: Option<u64>,
    /// The machine that it ran on; `None` for the one that measured.
    #[serde(default)]
    pub host: Option<String>,
    /// Its number among the ranks of an MPI run; `None` in any other run.
    #[serde(default)]
    pub rank: Option<usize>,
}

/// A duration as a number of seconds, to the nanosecond.
mod seconds {
    use super::{Deserialize as _, Duration};
    use serde::de::Error as _;
    use serde::{Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(
        duration: &Duration,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(duration.as_secs_f64())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Duration, D::Error> {
        let seconds = f64::deserialize(deserializer)?;
        Duration::try_from_secs_f64(seconds).map_err(D::Error::custom)
    }
}

/// The same, or `null`.
mod optional_seconds {
    use super::{Deserialize, Duration};
    use serde::{Deserializer, Serialize as _, Serializer};

    #[derive(Deserialize)]
    struct Seconds(#[serde(with = "super::seconds")] Duration);

    #[expect(clippy::ref_option, reason = "the signature that serde calls")]
    pub(super) fn serialize<S: Serializer>(
        duration: &Option<Duration>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        duration.map(|duration| duration.as_secs_f64()).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Duration>, D::Error> {
        Ok(Option::<Seconds>::deserialize(deserializer)?.map(|Seconds(duration)| duration))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The documented example, with the fields that came on top of it.
    const DOCUMENT: &str = r#"{"wordhash":"0.1.0","environment":{"cpu":"EPYC","cores_physical":2,"cores_usable":2,"os":"Debian","kernel":"Linux 6.1","engine":"avx512","engines":["sha2","avx512"],"debug_build":false,"load_average_1m":0.1,"governor":null,"cpus_usable":2,"architecture":"x86_64","memory_bytes":8000000000,"started_at":"2026-01-02T03:04:05Z","clock_precision":2e-8},"input":{"path":"1m_words.txt","words":1049938,"bytes":11920757,"distinct":979250,"checksum":"ab12"},"results":[{"label":"5000","backend":"processes","workers":4,"chunksize":5000,"tasks":210,"transport":"shared","start_method":"spawn","engine":"avx512","rounds":1,"samples":[{"round":0,"position":3,"total":0.062,"start":0.004,"map":0.045,"exchange":null,"set":0.013}],"summary":{"median":0.062,"mean":0.063,"stddev":null,"min":0.061,"max":0.065,"q1":0.0615,"q3":0.064,"median_interval":{"low":0.061,"high":0.065}},"processes":[{"pid":4711,"tasks":53,"words":265000,"busy":0.044,"cpu":0.044,"peak_rss_bytes":12345678,"host":null,"rank":null}],"against_serial":{"ratio":0.5,"low":0.4,"high":0.625,"verdict":"faster"},"spilled_bytes":null,"peak_memory_bytes":98765432}],"answer":{"fastest":0,"indistinguishable":[0],"recommended":0,"against_serial":null,"smallest_difference":null}}"#;

    #[test]
    fn the_documented_json_is_read_and_written_back_byte_for_byte() {
        let run: SavedRun = serde_json::from_str(DOCUMENT).unwrap();
        assert_eq!(run.results[0].samples[0].map, Some(Duration::from_millis(45)));
        assert_eq!(run.environment.clock_precision, Some(Duration::from_nanos(20)));
        assert_eq!(serde_json::to_string(&run).unwrap(), DOCUMENT);
    }

    #[test]
    fn a_file_without_the_later_fields_is_read() {
        let summary = r#"{"median":0.062,"mean":0.063,"stddev":0.001,"min":0.061,"max":0.065}"#;
        let summary: Summary = serde_json::from_str(summary).unwrap();
        assert_eq!((summary.q1, summary.q3, summary.median_interval), (None, None, None));
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
        for bad in ["-1.0", "1e300", "\"1\"", "true"] {
            let json = format!(r#"{{"low":{bad},"high":1.0}}"#);
            assert!(serde_json::from_str::<TimeInterval>(&json).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_speedup_is_the_comparison_turned_over() {
        let comparison = Comparison { ratio: 0.5, low: 0.25, high: 0.8, verdict: Verdict::Faster };
        assert_eq!(comparison.speedup(), (2.0, 1.25, 4.0));
    }
}
