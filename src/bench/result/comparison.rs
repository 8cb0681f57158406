//! What may be said of one row beside another.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One row beside another, from the rounds that both have.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The rounds that both rows have.
    pub rounds: usize,
    /// In how many of them this row took less time.
    pub wins: usize,
    /// The median over the rounds of the other row's time divided by this row's: 2 is twice as
    /// fast.
    pub speedup: f64,
    /// All speed-ups that the evidence does not rule out, both ends included; `None` where too few
    /// rounds were made to rule out any.
    pub interval: Option<[f64; 2]>,
    /// What may be said.
    pub verdict: Verdict,
}

impl Comparison {
    /// The same as time divided by the other row's time: 0.5 is twice as fast.
    #[must_use]
    pub fn time_ratio(&self) -> f64 {
        self.speedup.recip()
    }

    /// The interval of [`Comparison::time_ratio`], in ascending order.
    #[must_use]
    pub fn time_ratio_interval(&self) -> Option<[f64; 2]> {
        self.interval.map(|[low, high]| [high.recip(), low.recip()])
    }
}

/// What may be said of a row beside another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It takes less time.
    Faster,
    /// It takes more time.
    Slower,
    /// The difference is within the margin.
    Same,
    /// More rounds would tell.
    Unclear,
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Faster => "faster",
            Self::Slower => "slower",
            Self::Same => "same",
            Self::Unclear => "unclear",
        })
    }
}
