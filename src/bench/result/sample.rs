//! The counted runs of a row, and what they were like.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::seconds;

/// One counted run.
///
/// `start`, `map`, `exchange`, `set` and `end` add up to `total`; a part that is `None` took no
/// time of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// The round it belongs to, from 0 through the whole measurement; samples of different rows
    /// pair up by it.
    pub round: usize,
    /// How many counted runs, of all rows, had been made before it: the order in time.
    pub position: usize,
    /// From before the workers are started until the set of hashes is complete.
    #[serde(with = "seconds::one")]
    pub total: Duration,
    /// Until the workers are ready.
    #[serde(with = "seconds::optional")]
    pub start: Option<Duration>,
    /// From there until the last digest is back.
    #[serde(with = "seconds::optional")]
    pub map: Option<Duration>,
    /// From there until every digest is with the rank that counts it; `None` where the digests stay
    /// in one place.
    #[serde(with = "seconds::optional")]
    pub exchange: Option<Duration>,
    /// Building the set of hashes.
    #[serde(with = "seconds::optional")]
    pub set: Option<Duration>,
    /// What belongs to no other part: the workers leave. `None` where the parts were not measured.
    #[serde(with = "seconds::optional")]
    pub end: Option<Duration>,
    /// What the system counted meanwhile.
    #[serde(flatten)]
    pub disturbance: Disturbance,
}

/// What the system counted while a run was made; `None` where it does not tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Disturbance {
    /// Processor time of the run in user mode, workers included.
    #[serde(with = "seconds::optional")]
    pub user: Option<Duration>,
    /// Processor time of the run in the kernel, workers included.
    #[serde(with = "seconds::optional")]
    pub system: Option<Duration>,
    /// How often the run had to leave a processor to others.
    pub involuntary_switches: Option<u64>,
    /// Pages that were made or read for the run.
    pub page_faults: Option<u64>,
    /// The share of all processors' time that went elsewhere: to other programs, and to other
    /// guests of the host.
    pub foreign_cpu: Option<f64>,
    /// Whether more than 5 % of the processors' time went elsewhere.
    pub disturbed: bool,
}

/// The total times of a row's samples in few figures: what this session was like. They claim
/// nothing about another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// The middle sample, or the mean of the middle two.
    #[serde(with = "seconds::one")]
    pub median: Duration,
    /// The first and the third quartile.
    #[serde(with = "seconds::two")]
    pub quartiles: [Duration; 2],
    /// The fastest sample.
    #[serde(with = "seconds::one")]
    pub min: Duration,
    /// The slowest sample.
    #[serde(with = "seconds::one")]
    pub max: Duration,
}
