//! The test behind every verdict: how strongly the rounds speak against two rows being equally
//! fast.
//!
//! Two rows are *equal* when the time of a run depends on when it is made, not on which of the two
//! it is. A round runs both in an order drawn at random, so for equal rows each round is a fair
//! coin, whatever the machine does meanwhile. Of `n` rounds let one row win `W`. The evidence
//!
//! ```text
//! E(n, W) = 2^n / ((n + 1) · C(n, W))
//! ```
//!
//! is the likelihood ratio of a coin of unknown bias (uniform prior) to a fair one. For equal rows
//! it is a martingale that starts at 1, so it *ever* reaches `T` with probability at most `1 / T`
//! (J. Ville, "Étude critique de la notion de collectif", 1939; the mixture is that of H. Robbins,
//! "Statistical methods related to the law of the iterated logarithm", 1970). A reader may
//! therefore look after every round and stop whenever it suits.
//!
//! The module knows coins and thresholds, not rows or times.

/// The confidence with which all statements of one table hold together, at any stopping time. It is
/// the only level in the product.
pub const LEVEL: f64 = 0.95;

/// The natural logarithm of `E(rounds, wins)`: the evidence against a fair coin that fell on one
/// side `wins` times in `rounds`.
///
/// # Panics
///
/// When there are more wins than rounds.
#[must_use]
pub fn ln_evidence(rounds: usize, wins: usize) -> f64 {
    assert!(wins <= rounds, "{wins} wins in {rounds} rounds");
    let rarer = wins.min(rounds - wins);
    // ln C(n, w) as a sum over the shorter side.
    let ln_choose: f64 =
        (0..rarer).map(|taken| ((rounds - taken) as f64 / (taken + 1) as f64).ln()).sum();
    rounds as f64 * std::f64::consts::LN_2 - ((rounds + 1) as f64).ln() - ln_choose
}

/// The evidence that one pair of rows must reach in a table of `rows` rows, so that all statements
/// about all its pairs hold together at [`LEVEL`]: the number of pairs over the error budget.
#[must_use]
pub fn threshold(rows: usize) -> f64 {
    let pairs = rows * rows.saturating_sub(1) / 2;
    pairs.max(1) as f64 / (1.0 - LEVEL)
}

/// For every number of rounds, the least number of wins that reaches a threshold.
///
/// The table is made as far as it is asked for: one more round costs a few additions, however many
/// there were before.
#[derive(Clone, Debug)]
pub struct SignTest {
    ln_threshold: f64,
    /// By the number of rounds; more wins than rounds where no number of wins suffices.
    least_wins: Vec<usize>,
    /// The evidence of the last entry, as a logarithm.
    ln_last: f64,
}

impl SignTest {
    /// A test that finds a difference from `threshold` on.
    #[must_use]
    pub fn new(threshold: f64) -> Self {
        Self { ln_threshold: threshold.ln(), least_wins: vec![1], ln_last: f64::NEG_INFINITY }
    }

    /// The least number of wins in `rounds` rounds that shows a difference; `None` where even
    /// winning all of them does not.
    pub fn least_wins(&mut self, rounds: usize) -> Option<usize> {
        while self.least_wins.len() <= rounds {
            self.add_round();
        }
        Some(self.least_wins[rounds]).filter(|&wins| wins <= rounds)
    }

    /// The first round after which a difference can be shown at all.
    pub fn first_round(&mut self) -> usize {
        let mut rounds = 1;
        while self.least_wins(rounds).is_none() {
            rounds += 1;
        }
        rounds
    }

    /// With one round more, as many wins suffice or one more is needed: never fewer, since a round
    /// that was lost is evidence for the other side.
    fn add_round(&mut self) {
        let rounds = self.least_wins.len();
        let before = self.least_wins[rounds - 1];
        if before >= rounds {
            // Until now no number of wins sufficed: does winning all?
            self.ln_last = ln_evidence(rounds, rounds);
            self.least_wins.push(if self.ln_last >= self.ln_threshold {
                rounds
            } else {
                rounds + 1
            });
            return;
        }
        // E(n + 1, w) / E(n, w) = 2 (n + 1 - w) / (n + 2), from the definition; n = rounds - 1.
        let with_a_loss = 2.0 * (rounds - before) as f64 / (rounds + 1) as f64;
        let lost = self.ln_last + with_a_loss.ln();
        if lost >= self.ln_threshold {
            self.ln_last = lost;
            self.least_wins.push(before);
        } else {
            // E(n + 1, w + 1) / E(n, w) = 2 (w + 1) / (n + 2).
            let with_a_win = 2.0 * (before + 1) as f64 / (rounds + 1) as f64;
            self.ln_last += with_a_win.ln();
            self.least_wins.push(before + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Rows; the threshold; the first round with a possible verdict; rounds and least wins. Worked
    /// out with exact integers.
    type Vector = (usize, f64, usize, &'static [(usize, usize)]);

    const VECTORS: [Vector; 4] = [
        (
            2,
            20.0,
            8,
            &[(8, 8), (15, 14), (20, 17), (25, 20), (30, 24), (50, 36), (100, 66), (200, 124)],
        ),
        (
            3,
            60.0,
            10,
            &[(10, 10), (15, 14), (20, 18), (25, 21), (30, 25), (50, 37), (100, 68), (200, 126)],
        ),
        (
            8,
            560.0,
            13,
            &[(13, 13), (15, 15), (20, 19), (25, 22), (30, 26), (50, 39), (100, 71), (200, 130)],
        ),
        (60, 35_400.0, 20, &[(20, 20), (25, 24), (30, 28), (50, 42), (100, 75), (200, 136)]),
    ];

    #[test]
    fn the_least_wins_are_those_of_exact_arithmetic() {
        for (rows, expected_threshold, first, least) in VECTORS {
            assert!((threshold(rows) - expected_threshold).abs() < 1e-6, "{rows} rows");
            let mut test = SignTest::new(threshold(rows));
            assert_eq!(test.first_round(), first, "{rows} rows");
            assert_eq!(test.least_wins(first - 1), None, "{rows} rows");
            for &(rounds, wins) in least {
                assert_eq!(test.least_wins(rounds), Some(wins), "{rows} rows, {rounds} rounds");
            }
        }
    }

    #[test]
    fn the_step_by_step_table_agrees_with_the_definition() {
        for rows in [1, 2, 5, 8, 60, 1000] {
            let mut test = SignTest::new(threshold(rows));
            for rounds in 0..600 {
                let reaches =
                    |&wins: &usize| ln_evidence(rounds, wins) >= threshold(rows).ln() - 1e-9;
                let by_definition = (rounds.div_ceil(2)..=rounds).find(reaches);
                let by_definition = by_definition.filter(|_| rounds > 0);
                assert_eq!(test.least_wins(rounds), by_definition, "{rows} rows, {rounds} rounds");
            }
        }
    }

    /// The mean over all outcomes of `n` fair coins is 1, and so is the mean of the next step from
    /// any state: that is what makes it a martingale.
    #[test]
    fn the_evidence_of_fair_coins_is_a_martingale_with_mean_one() {
        for rounds in 0..=16_usize {
            let mean: f64 = (0..1_u32 << rounds)
                .map(|outcome| ln_evidence(rounds, outcome.count_ones() as usize).exp())
                .sum::<f64>()
                / f64::from(1_u32 << rounds);
            assert!((mean - 1.0).abs() < 1e-12, "{rounds} rounds: {mean}");
            for wins in 0..=rounds {
                let now = ln_evidence(rounds, wins).exp();
                let next = f64::midpoint(
                    ln_evidence(rounds + 1, wins).exp(),
                    ln_evidence(rounds + 1, wins + 1).exp(),
                );
                assert!((next / now - 1.0).abs() < 1e-12, "{wins} of {rounds}");
            }
        }
    }

    /// The probability that equal rows are ever called different up to some round, exactly: the
    /// distribution of wins is carried from round to round, and what crosses is taken out.
    fn crossing_probability(threshold: f64, rounds: usize) -> f64 {
        let mut test = SignTest::new(threshold);
        let (mut alive, mut crossed) = (vec![1.0], 0.0);
        for round in 1..=rounds {
            let mut next = vec![0.0; round + 1];
            for (wins, &probability) in alive.iter().enumerate() {
                next[wins] += probability / 2.0;
                next[wins + 1] += probability / 2.0;
            }
            if let Some(least) = test.least_wins(round) {
                for (wins, probability) in next.iter_mut().enumerate() {
                    if wins.max(round - wins) >= least {
                        crossed += std::mem::take(probability);
                    }
                }
            }
            alive = next;
        }
        crossed
    }

    #[test]
    fn equal_rows_ever_reach_a_threshold_with_no_more_than_its_inverse_as_probability() {
        for target in [2.0, 20.0, 60.0, 560.0, 35_400.0] {
            let probability = crossing_probability(target, 1000);
            assert!(probability <= 1.0 / target, "{target}: {probability}");
            // A test that never claimed anything would pass the line above.
            assert!(probability >= 0.1 / target, "{target}: {probability}");
        }
    }

    proptest! {
        #[test]
        fn the_evidence_does_not_depend_on_the_side(rounds in 0..3000_usize, share in 0.0..=1.0) {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range")]
            let wins = (rounds as f64 * share) as usize;
            let difference = ln_evidence(rounds, wins) - ln_evidence(rounds, rounds - wins);
            prop_assert!(difference.abs() < 1e-9);
        }
    }
}
