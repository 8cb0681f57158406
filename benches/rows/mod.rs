//! Rows of a benchmark in the product's own rounds, judged by its own evidence.
#![allow(dead_code, reason = "every benchmark uses its own part")]
#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::convert::Infallible;
use std::num::NonZeroUsize;
use std::time::Duration;

use wordhash::bench::clock::{Clock as _, MonotonicClock};
use wordhash::bench::plan::{Plan, Rounds, RunParts, RunRecord, Runner, Surroundings, Until};
use wordhash::bench::result::{Comparison, Order, Sample, Verdict};
use wordhash::bench::stats::summarise;
use wordhash::bench::verdict::{Entrant, Standings};

/// One row: a name, and what is timed.
pub(crate) struct Row<'a> {
    pub(crate) name: String,
    pub(crate) run: Box<dyn FnMut() + 'a>,
}

impl<'a> Row<'a> {
    pub(crate) fn new(name: impl Into<String>, run: impl FnMut() + 'a) -> Self {
        Self { name: name.into(), run: Box::new(run) }
    }
}

/// What was measured of some rows.
pub(crate) struct Measured {
    pub(crate) names: Vec<String>,
    pub(crate) samples: Vec<Vec<Sample>>,
    standings: Standings,
}

struct Closures<'a, 'b> {
    rows: &'b mut [Row<'a>],
    clock: MonotonicClock,
}

impl Runner for Closures<'_, '_> {
    type Error = Infallible;

    fn run(&mut self, row: usize) -> Result<RunRecord, Infallible> {
        let begin = self.clock.now();
        (self.rows[row].run)();
        let total = self.clock.now().saturating_sub(begin);
        Ok(RunRecord { parts: RunParts { total, ..RunParts::default() }, ..RunRecord::default() })
    }
}

/// Runs the rows in exactly so many rounds; the first is the reference of the others.
pub(crate) fn measure(rows: &mut [Row<'_>], rounds: usize) -> Measured {
    until(rows, Until::Runs(NonZeroUsize::new(rounds).expect("some rounds")))
}

/// Runs the rows until it is enough; the first is the reference of the others.
pub(crate) fn until(rows: &mut [Row<'_>], until: Until) -> Measured {
    const SEED: u64 = 81;
    let plan = Plan { seed: SEED, order: Order::Random, warmups: 1, until };
    let mut measured = Rounds::new(plan, Standings::new(rows.len(), 0.02));
    for row in 0..rows.len() {
        let reference = (row > 0).then_some(0);
        measured.enter(Entrant { work: 1, reference, family: None, chunksize: 0 });
    }
    let names = rows.iter().map(|row| row.name.clone()).collect();
    let all: Vec<usize> = (0..rows.len()).collect();
    let clock = MonotonicClock::new();
    let mut runner = Closures { rows, clock };
    let mut surroundings =
        Surroundings { runner: &mut runner, clock: &clock, observer: &mut (), stop: &|| false };
    let Ok(_) = measured.run(&all, 1.0, &mut surroundings);
    let samples = measured.samples().to_vec();
    Measured { names, samples, standings: measured.standings().clone() }
}

impl Measured {
    /// The median of a row.
    pub(crate) fn median(&self, row: usize) -> Duration {
        summarise(&self.samples[row]).map_or(Duration::ZERO, |summary| summary.median)
    }

    /// How a row compares with another.
    pub(crate) fn beside(&mut self, row: usize, other: usize) -> Comparison {
        self.standings.compare(row, other).expect("rounds that both have")
    }

    /// A line a row: its median divided by `units`, in nanoseconds, and how many times as fast as
    /// the first row it is.
    pub(crate) fn print(&mut self, title: &str, unit: &str, units: usize) {
        println!("{title}");
        for row in 0..self.names.len() {
            let nanos = self.median(row).as_secs_f64() * 1e9 / units as f64;
            let beside =
                if row == 0 { "reference".to_owned() } else { speedup(&self.beside(row, 0)) };
            println!("  {:<36} {nanos:>10.1} ns {unit}   {beside}", self.names[row]);
        }
    }
}

/// `2.43× (2.40–2.47), faster`.
pub(crate) fn speedup(found: &Comparison) -> String {
    let interval =
        found.interval.map_or_else(String::new, |[low, high]| format!(" ({low:.2}–{high:.2})"));
    let verdict = match found.verdict {
        Verdict::Unclear => "unclear".to_owned(),
        verdict => verdict.to_string(),
    };
    format!("{:.2}×{interval}, {verdict}", found.speedup)
}
