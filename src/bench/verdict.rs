//! From rounds to verdicts: which rows differ, which are the fastest, which one to take.
//!
//! [`Standings`] is told of one round after another and counts, for every pair of rows, who won.
//! All that is said follows from these counts and the paired times, by the one test of
//! [`super::evidence`]. So the verdicts hold at every stopping time, all of them together.
//!
//! The module knows what a row is compared with, not what is being timed.

use std::time::Duration;

use super::evidence::{SignTest, threshold};
use super::quantiles::{detectable_bias, middle, quantile, smoothed, sorted};
use super::result::{Answer, Comparison, Verdict};

/// How a row takes part in the comparison.
#[derive(Clone, Debug, PartialEq)]
pub struct Entrant {
    /// Only rows with equal work are ranked against each other.
    pub work: u32,
    /// The row that it is compared with: another row of the same work.
    pub reference: Option<usize>,
    /// Rows with the same family differ in the chunk size alone; `None` where the row has no fixed
    /// chunk size.
    pub family: Option<usize>,
    /// The chunk size, which orders a family.
    pub chunksize: usize,
}

/// What the rounds say of some rows.
#[derive(Clone, Debug)]
pub struct Standings {
    entrants: Vec<Entrant>,
    /// Whether each row still takes part in the answers.
    is_retired: Vec<bool>,
    /// For each row, the rounds that it ran in and the logarithm of its time, in ascending order.
    times: Vec<Vec<(usize, f64)>>,
    /// For each row, its pairs with all rows before it.
    pairs: Vec<Vec<Pair>>,
    test: SignTest,
    /// The logarithm of the largest ratio that counts as the same.
    ln_margin: f64,
}

/// The rounds of two rows; the later row's time over the earlier one's is the ratio.
#[derive(Clone, Copy, Debug, Default)]
struct Pair {
    rounds: usize,
    /// Rounds in which the later row took less time.
    below: usize,
    /// Rounds in which it took more.
    above: usize,
    /// Rounds in which the ratio was no higher than the margin allows.
    not_beyond: usize,
    /// Rounds in which the ratio was no lower than the margin allows.
    not_short: usize,
}

impl Standings {
    /// Standings of a table that will have up to `most_rows` rows; the error budget covers all
    /// their pairs. Differences up to the share `margin` count as the same.
    #[must_use]
    pub fn new(most_rows: usize, margin: f64) -> Self {
        Self {
            entrants: Vec::new(),
            is_retired: Vec::new(),
            times: Vec::new(),
            pairs: Vec::new(),
            test: SignTest::new(threshold(most_rows)),
            ln_margin: margin.ln_1p(),
        }
    }

    /// Takes another row in; it has no rounds yet.
    pub fn enter(&mut self, entrant: Entrant) {
        self.pairs.push(vec![Pair::default(); self.entrants.len()]);
        self.times.push(Vec::new());
        self.entrants.push(entrant);
        self.is_retired.push(false);
    }

    /// Leaves a row out of the answers from now on: it is neither fastest nor recommended. What
    /// its rounds say of it beside other rows stands.
    pub fn retire(&mut self, row: usize) {
        self.is_retired[row] = true;
    }

    /// What a row is compared with; see [`Entrant::reference`].
    #[must_use]
    pub fn reference(&self, row: usize) -> Option<usize> {
        self.entrants[row].reference
    }

    /// The rows that were taken in.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.entrants.len()
    }

    /// The first round after which a verdict is possible.
    pub fn first_round(&mut self) -> usize {
        self.test.first_round()
    }

    /// Counts a round: the rows that ran in it and their times. Rounds come in ascending order.
    pub fn add(&mut self, round: usize, ran: &[(usize, Duration)]) {
        for &(row, time) in ran {
            // A clock that did not move stands for its smallest step.
            let ln = time.max(Duration::from_nanos(1)).as_secs_f64().ln();
            self.times[row].push((round, ln));
        }
        for (index, &(one, _)) in ran.iter().enumerate() {
            for &(other, _) in &ran[..index] {
                let (earlier, later) = (one.min(other), one.max(other));
                let ln_ratio = self.last_ln(later) - self.last_ln(earlier);
                self.pairs[later][earlier].count(ln_ratio, self.ln_margin);
            }
        }
    }

    fn last_ln(&self, row: usize) -> f64 {
        self.times[row].last().map_or(0.0, |&(_, ln)| ln)
    }

    /// What may be said of `row` beside `other`.
    pub fn verdict(&mut self, row: usize, other: usize) -> Verdict {
        let pair = self.pairs[row.max(other)][row.min(other)];
        let enough = |test: &mut SignTest, wins: usize, rounds: usize| {
            test.least_wins(rounds).is_some_and(|least| wins >= least)
        };
        let test = &mut self.test;
        if enough(test, pair.not_beyond, pair.rounds) && enough(test, pair.not_short, pair.rounds) {
            return Verdict::Same;
        }
        // Ties say nothing for either side.
        let decided = pair.below + pair.above;
        let (below, above) =
            if row > other { (pair.below, pair.above) } else { (pair.above, pair.below) };
        if enough(test, below, decided) {
            Verdict::Faster
        } else if enough(test, above, decided) {
            Verdict::Slower
        } else {
            Verdict::Unclear
        }
    }

    /// `row` beside `other`; `None` where no round has both.
    pub fn compare(&mut self, row: usize, other: usize) -> Option<Comparison> {
        let ln_speedups = sorted(self.ln_ratios(other, row));
        let rounds = ln_speedups.len();
        let speedup = middle(&ln_speedups)?.exp();
        let wins = ln_speedups.iter().filter(|&&ln| ln > 0.0).count();
        let interval = self
            .test
            .least_wins(rounds)
            .map(|least| [rounds - least, least - 1].map(|place| ln_speedups[place].exp()));
        Some(Comparison { rounds, wins, speedup, interval, verdict: self.verdict(row, other) })
    }

    /// The logarithms of the time of `row` over that of `other`, round by round.
    fn ln_ratios(&self, row: usize, other: usize) -> Vec<f64> {
        let others = &self.times[other];
        let mut place = 0;
        let mut ratios = Vec::with_capacity(others.len().min(self.times[row].len()));
        for &(round, ln) in &self.times[row] {
            while others.get(place).is_some_and(|&(other_round, _)| other_round < round) {
                place += 1;
            }
            if let Some(&(other_round, other_ln)) = others.get(place)
                && other_round == round
            {
                ratios.push(ln - other_ln);
            }
        }
        ratios
    }

    /// The answers, one for each amount of work that has a measured row.
    pub fn answers(&mut self) -> Vec<Answer> {
        self.works().into_iter().filter_map(|work| self.answer(work)).collect()
    }

    /// The answer for one amount of work; `None` where none of its rows was measured.
    fn answer(&mut self, work: u32) -> Option<Answer> {
        let fastest = self.fastest(work);
        let recommended = self.recommended(&fastest)?;
        let reference = self.entrants[recommended].reference.filter(|&row| row != recommended);
        let reference = reference.or_else(|| {
            self.measured(work).into_iter().find_map(|row| self.entrants[row].reference)
        });
        let detectable_difference = self.detectable_difference(&fastest, recommended, work);
        Some(Answer { iterations: work, reference, fastest, recommended, detectable_difference })
    }

    fn works(&self) -> Vec<u32> {
        let mut works: Vec<u32> = self.entrants.iter().map(|entrant| entrant.work).collect();
        works.sort_unstable();
        works.dedup();
        works
    }

    /// The rows of some work that take part in its answer.
    fn measured(&self, work: u32) -> Vec<usize> {
        (0..self.rows()).filter(|&row| self.entrants[row].work == work && self.ranks(row)).collect()
    }

    /// Whether a row was measured and takes part in the answers.
    fn ranks(&self, row: usize) -> bool {
        !self.times[row].is_empty() && !self.is_retired[row]
    }

    /// The measured rows that no other row of the same work has been shown to be faster than.
    fn fastest(&mut self, work: u32) -> Vec<usize> {
        let rows = self.measured(work);
        let is_beaten = |standings: &mut Self, row: usize| {
            rows.iter()
                .any(|&other| other != row && standings.verdict(row, other) == Verdict::Slower)
        };
        let unbeaten: Vec<usize> =
            rows.iter().copied().filter(|&row| !is_beaten(self, row)).collect();
        // Each of three rows may be shown to be slower than the next, in a circle: then nothing
        // is known of any of them.
        if unbeaten.is_empty() { rows } else { unbeaten }
    }

    /// The row to take of the fastest ones: of those that differ from the quickest in the chunk
    /// size alone, the one with the least time smoothed over its neighbours' sizes; the quickest
    /// itself where it has no such neighbours. It is a recommendation, not a claim.
    fn recommended(&self, fastest: &[usize]) -> Option<usize> {
        let quickest = fastest
            .iter()
            .map(|&row| (self.ln_time(row), row))
            .min_by(|one, other| one.0.total_cmp(&other.0))?
            .1;
        let Some(family) = self.entrants[quickest].family else { return Some(quickest) };
        let mut sizes: Vec<(usize, usize)> = (0..self.rows())
            .filter(|&row| self.entrants[row].family == Some(family) && self.ranks(row))
            .map(|row| (self.entrants[row].chunksize, row))
            .collect();
        sizes.sort_unstable();
        let ln_times: Vec<f64> = sizes.iter().map(|&(_, row)| self.ln_time(row)).collect();
        sizes
            .iter()
            .enumerate()
            .filter(|(_, (_, row))| fastest.contains(row))
            .map(|(place, &(_, row))| (smoothed(&ln_times, place), row))
            .min_by(|one, other| one.0.total_cmp(&other.0))
            .map(|(_, row)| row)
    }

    /// How a row's time compares with that of the other rows of its work: the logarithm of its
    /// ratio to a row that ran in every round, so that rounds which other rows do not have cannot
    /// favour it.
    fn ln_time(&self, row: usize) -> f64 {
        let anchor = self.anchor(self.entrants[row].work);
        let ratios = sorted(self.ln_ratios(row, anchor.unwrap_or(row)));
        middle(&ratios).unwrap_or(f64::INFINITY)
    }

    /// The row of some work with the most rounds; of several the first.
    fn anchor(&self, work: u32) -> Option<usize> {
        let rounds = |&row: &usize| (self.times[row].len(), std::cmp::Reverse(row));
        self.measured(work).into_iter().max_by_key(rounds)
    }

    /// The measured rows that do the same work as `row`, the quickest first.
    #[must_use]
    pub fn quickest(&self, row: usize) -> Vec<usize> {
        let mut rows = self.measured(self.entrants[row].work);
        rows.sort_by(|&one, &other| self.ln_time(one).total_cmp(&self.ln_time(other)));
        rows
    }

    /// The row that `row` is held against: its reference, or where its work has none, the
    /// recommended row. `None` for the reference itself.
    fn baseline(&mut self, row: usize) -> Option<usize> {
        let work = self.entrants[row].work;
        let has_reference =
            self.entrants.iter().any(|entrant| entrant.work == work && entrant.reference.is_some());
        if has_reference {
            return self.entrants[row].reference;
        }
        let fastest = self.fastest(work);
        self.recommended(&fastest)
    }

    /// The difference that the recommended row's rounds with the other fastest rows (with all other
    /// rows, where it is the only one) would find nine times in ten; the middle one of these rows.
    fn detectable_difference(
        &mut self,
        fastest: &[usize],
        recommended: usize,
        work: u32,
    ) -> Option<f64> {
        let others = if fastest.len() > 1 { fastest.to_vec() } else { self.measured(work) };
        let mut differences: Vec<f64> = others
            .into_iter()
            .filter(|&row| row != recommended)
            .filter_map(|row| self.detectable_between(row, recommended))
            .collect();
        differences.sort_unstable_by(f64::total_cmp);
        differences.get(differences.len() / 2).copied()
    }

    fn detectable_between(&mut self, row: usize, other: usize) -> Option<f64> {
        let ratios = sorted(self.ln_ratios(row, other));
        let least = self.test.least_wins(ratios.len())?;
        let middle = middle(&ratios)?;
        let bias = detectable_bias(ratios.len(), least);
        let shift = middle - quantile(&ratios, 1.0 - bias);
        Some(shift.exp_m1())
    }

    /// Whether all of these rows are decided: slower than some fastest row, or the same as the
    /// recommended one.
    pub fn are_decided(&mut self, rows: &[usize]) -> bool {
        self.works().into_iter().all(|work| {
            let fastest = self.fastest(work);
            let Some(recommended) = self.recommended(&fastest) else { return true };
            let open = rows.iter().copied().filter(|row| fastest.contains(row));
            open.filter(|&row| row != recommended)
                .all(|row| self.verdict(row, recommended) == Verdict::Same)
        })
    }

    /// Those of the rows whose interval against the reference (where there is none, against the
    /// recommended row) is wider than the share `half_width` of the ratio to either side.
    pub fn wider_than(&mut self, half_width: f64, rows: &[usize]) -> Vec<usize> {
        let widest = 2.0 * half_width.ln_1p();
        let is_wide = |&row: &usize| {
            let Some(baseline) = self.baseline(row).filter(|&baseline| baseline != row) else {
                return false;
            };
            let interval = self.compare(row, baseline).and_then(|found| found.interval);
            interval.is_none_or(|[low, high]| (high / low).ln() > widest)
        };
        rows.iter().copied().filter(is_wide).collect()
    }
}

impl Pair {
    fn count(&mut self, ln_ratio: f64, ln_margin: f64) {
        self.rounds += 1;
        self.below += usize::from(ln_ratio < 0.0);
        self.above += usize::from(ln_ratio > 0.0);
        self.not_beyond += usize::from(ln_ratio <= ln_margin);
        self.not_short += usize::from(ln_ratio >= -ln_margin);
    }
}

#[cfg(test)]
mod tests;
