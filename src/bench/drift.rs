//! Whether a machine became faster or slower while it measured.
//!
//! The test is that of Mann (1945) and Kendall: of all pairs of figures, how many more rise than
//! fall with time? It asks nothing of the figures' distribution, but it takes them for independent,
//! and times of one machine are not: a slow second is followed by another. So the variance is
//! corrected for the autocorrelation of the ranks (Hamed and Rao, "A modified Mann-Kendall trend
//! test for autocorrelated data", 1998).
//!
//! How often figures without a trend are said to drift, of 1,000 series each (the test is below):
//!
//! | figures | independent | AR(1), 0.3 | AR(1), 0.5 | AR(1), 0.85 | recorded noise |
//! | --- | --- | --- | --- | --- | --- |
//! | 10 | 0.4 % | 1.5 % | 3.3 % | 13 % | 8.5 % |
//! | 25 | 0.6 % | 2.3 % | 5.1 % | 18 % | 15 % |
//! | 50 | 0.4 % | 2.3 % | 3.0 % | 11 % | 19 % |
//! | 100 | 1.0 % | 2.5 % | 1.7 % | 6.5 % | 13 % |
//!
//! Without the correction 100 figures give 12 % at AR(1), 0.5, and 55 % on the recorded noise. That
//! is `tests/data/noise.txt`, a figure for 8 runs in a row. Its machine did become faster and slower,
//! in waves of seconds to minutes; where a wave is longer than the session, it is a drift of the
//! session.
//!
//! The module knows nothing of rows: it is given one figure a round, in the order of time.

use std::cmp::Ordering;

/// Figures that rise or fall with time more than chance would have it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Drift {
    /// Kendall's rank correlation with time: 1 where every figure is above all before it.
    pub tau: f64,
    /// The middle of the last third over the middle of the first, less 1: 0.08 is 8 % slower. The
    /// middle is the mean of the middle half: outliers do not move it, and figures that are equal
    /// do not hide what the others do, as they would in a median.
    pub change: f64,
}

/// Fewer figures than this cannot tell drift from chance with the normal approximation used.
pub const FEWEST: usize = 10;

/// The normal quantile that makes one false alarm in a hundred: figures without any order in time
/// are called drifting that often, or a little less.
const CRITICAL: f64 = 2.575_829;

/// The drift of one figure a round, in the order of time, where there is one that neither chance nor
/// autocorrelation explains.
///
/// The variance is corrected for ties (Kendall, "Rank Correlation Methods", chapter 4) and for
/// autocorrelation, and the count for its steps of two.
#[must_use]
pub fn drift(figures: &[f64]) -> Option<Drift> {
    let count = figures.len();
    if count < FEWEST {
        return None;
    }
    let rising = falling_pairs(figures.iter().rev().copied().collect());
    let falling = falling_pairs(figures.to_vec());
    let excess = rising as f64 - falling as f64;
    let variance = variance_of_the_excess(figures) * autocorrelation_factor(figures);
    let continuous = (excess.abs() - 1.0).max(0.0);
    if continuous <= CRITICAL * variance.sqrt() {
        return None;
    }
    let pairs = count as f64 * (count as f64 - 1.0) / 2.0;
    let third = count / 3;
    let change = middle(&figures[count - third..]) / middle(&figures[..third]) - 1.0;
    Some(Drift { tau: excess / pairs, change })
}

/// By how much autocorrelation makes the variance larger. At least 1.
///
/// It is that of what is left when the drift is taken away; with it the drift would be its own
/// excuse, and none would be found. A drift is a trend or a step, as when a processor is throttled:
/// what leaves less autocorrelation counts.
fn autocorrelation_factor(figures: &[f64]) -> f64 {
    let [trend, step] = [without_trend(figures), without_step(figures)];
    variance_factor(&trend).min(variance_factor(&step))
}

/// Formula 16 of Hamed and Rao.
///
/// They take the lags whose correlation is significant. In short series hardly any is, whatever the
/// truth: at AR(1), 0.5 and 25 figures that gives 8 false alarms in a hundred, against 5 with all
/// lags before the first that is not positive (Geyer, "Practical Markov chain Monte Carlo", 1992).
fn variance_factor(figures: &[f64]) -> f64 {
    let ranks = centred_ranks(figures);
    let squares: f64 = ranks.iter().map(|rank| rank * rank).sum();
    if squares <= 0.0 {
        return 1.0;
    }
    let count = ranks.len() as f64;
    let correlation = |lag: usize| {
        let products = ranks.iter().zip(&ranks[lag..]).map(|(one, other)| one * other);
        products.sum::<f64>() / squares
    };
    let triples = |count: f64| count * (count - 1.0) * (count - 2.0);
    let lags = (1..ranks.len() / 2).map(|lag| (lag as f64, correlation(lag)));
    let positive = lags.take_while(|&(_, correlation)| correlation > 0.0);
    let sum: f64 = positive.map(|(lag, correlation)| triples(count - lag) * correlation).sum();
    1.0 + 2.0 * sum / triples(count)
}

/// Figures less their trend: the median slope from a figure to the one that comes half of all
/// figures later. Of all pairs, as Theil and Sen have it, there would be too many.
fn without_trend(figures: &[f64]) -> Vec<f64> {
    let later = figures.len() / 2;
    let mut rises: Vec<f64> =
        figures.iter().zip(&figures[later..]).map(|(one, other)| other - one).collect();
    let half = rises.len() / 2;
    let (_, rise, _) = rises.select_nth_unstable_by(half, f64::total_cmp);
    let slope = *rise / later as f64;
    figures.iter().enumerate().map(|(place, figure)| figure - slope * place as f64).collect()
}

/// The two halves, each less its middle.
fn without_step(figures: &[f64]) -> Vec<f64> {
    let (first, second) = figures.split_at(figures.len() / 2);
    let centred = |half: &[f64]| -> Vec<f64> {
        let middle = middle(half);
        half.iter().map(|figure| figure - middle).collect()
    };
    [centred(first), centred(second)].concat()
}

/// Ranks about their mean; equal figures share theirs.
fn centred_ranks(figures: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..figures.len()).collect();
    order.sort_unstable_by(|&one, &other| figures[one].total_cmp(&figures[other]));
    let mean = (figures.len() as f64 - 1.0) / 2.0;
    let mut ranks = vec![0.0; figures.len()];
    let mut before = 0;
    for equal in order.chunk_by(|&one, &other| figures[one].total_cmp(&figures[other]).is_eq()) {
        let rank = before as f64 + (equal.len() as f64 - 1.0) / 2.0;
        for &place in equal {
            ranks[place] = rank - mean;
        }
        before += equal.len();
    }
    ranks
}

fn variance_of_the_excess(figures: &[f64]) -> f64 {
    let term = |count: f64| count * (count - 1.0) * (2.0 * count + 5.0);
    let mut sorted = figures.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let ties: f64 =
        sorted.chunk_by(|a, b| a.total_cmp(b).is_eq()).map(|tied| term(tied.len() as f64)).sum();
    (term(figures.len() as f64) - ties) / 18.0
}

/// How many pairs have the larger figure first: counted while merging, so that the many short
/// runs of a small list cost no quadratic time.
fn falling_pairs(mut figures: Vec<f64>) -> u64 {
    fn sort(figures: &mut [f64], merged: &mut Vec<f64>) -> u64 {
        if figures.len() < 2 {
            return 0;
        }
        let middle = figures.len() / 2;
        let (left, right) = figures.split_at_mut(middle);
        let mut falling = sort(left, merged) + sort(right, merged);
        merged.clear();
        let (mut l, mut r) = (0, 0);
        while l < left.len() && r < right.len() {
            if right[r].total_cmp(&left[l]) == Ordering::Less {
                falling += (left.len() - l) as u64;
                merged.push(right[r]);
                r += 1;
            } else {
                merged.push(left[l]);
                l += 1;
            }
        }
        merged.extend_from_slice(&left[l..]);
        merged.extend_from_slice(&right[r..]);
        figures.copy_from_slice(merged);
        falling
    }
    sort(&mut figures, &mut Vec::new())
}

/// The mean of the middle half of some figures, of which there must be one.
fn middle(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let quarter = sorted.len() / 4;
    let half = &sorted[quarter..sorted.len() - quarter];
    half.iter().sum::<f64>() / half.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn figures_that_rise_or_fall_drift_and_others_do_not() {
        let rising: Vec<f64> = (0..12).map(|place| 100.0 + f64::from(place)).collect();
        let falling: Vec<f64> = rising.iter().rev().copied().collect();
        let zigzag: Vec<f64> = (0..12).map(|place| f64::from(100 + place % 2)).collect();
        let step = [[100.0; 30], [103.0; 30]].concat();
        let wave: Vec<f64> = (0..60).map(|place| 100.0 + (f64::from(place) / 4.0).sin()).collect();
        let found = |tau, change| Some(Drift { tau, change });
        for (figures, expected) in [
            (&rising[..], found(1.0, 109.5 / 101.5 - 1.0)),
            (&falling[..], found(-1.0, 101.5 / 109.5 - 1.0)),
            (&step[..], found(900.0 / 1770.0, 103.0 / 100.0 - 1.0)),
            (&zigzag[..], None),
            (&wave[..], None),
            (&rising[..9], None),
            (&[7.0; 30][..], None),
            (&[][..], None),
        ] {
            assert_eq!(drift(figures), expected, "{figures:?}");
        }
    }

    #[test]
    fn ranks_of_equal_figures_are_their_mean() {
        for (figures, expected) in [
            (&[][..], &[][..]),
            (&[5.0], &[0.0]),
            (&[30.0, 10.0, 20.0], &[1.0, -1.0, 0.0]),
            (&[2.0, 1.0, 2.0, 1.0], &[1.0, -1.0, 1.0, -1.0]),
        ] {
            assert_eq!(centred_ranks(figures), expected);
        }
    }

    #[test]
    fn autocorrelation_makes_the_variance_larger() {
        let factor_of_pairs = 1.0 + 2.0 * (7.0 * 6.0 * 5.0) / 8.0 / (8.0 * 7.0 * 6.0);
        for (figures, expected) in [
            (&[0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0][..], 1.0),
            // Of 7 products of neighbours 4 are positive and 3 negative, so the correlation is 1 in
            // 8 squares; figures two apart are opposites, and end the sum.
            (&[0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0], factor_of_pairs),
            (&[4.0; 8], 1.0),
        ] {
            let found = variance_factor(figures);
            assert!((found - expected).abs() < 1e-12, "{found} for {figures:?}");
        }
    }

    #[test]
    fn what_is_left_of_a_trend_and_of_a_step_is_level() {
        let trend: Vec<f64> = (0..11).map(|place| 3.0 + 0.5 * f64::from(place)).collect();
        assert_eq!(without_trend(&trend), [3.0; 11]);
        let step = [[7.0; 5], [9.0; 5]].concat();
        assert_eq!(without_step(&step), [0.0; 10]);
    }

    /// How many of 1,000 series are said to drift.
    fn alarms(mut series: impl FnMut(usize) -> Vec<f64>) -> usize {
        (0..1000).filter(|&trial| drift(&series(trial)).is_some()).count()
    }

    /// AR(1): each figure is the one before times `factor`, and something random. About normal, of
    /// variance 1.
    fn autoregressive(factor: f64, state: &mut u64, count: usize) -> Vec<f64> {
        let mut random = || {
            *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            f64::from(u32::try_from(*state >> 32).unwrap()) / f64::from(u32::MAX) - 0.5
        };
        let mut figure = 0.0;
        let mut next = || {
            figure = figure * factor + (0..12).map(|_| random()).sum::<f64>();
            100.0 + figure
        };
        // It takes some figures until the first no longer matters.
        let figures: Vec<f64> = (0..50 + count).map(|_| next()).collect();
        figures[50..].to_vec()
    }

    /// The geometric means of 8 runs in a row, beginning anywhere in the recording.
    fn recorded(trial: usize, count: usize, logarithms: &[f64]) -> Vec<f64> {
        let begin = trial * (logarithms.len() - 8 * count) / 1000;
        let rounds = logarithms[begin..begin + 8 * count].chunks_exact(8);
        rounds.map(|round| (round.iter().sum::<f64>() / 8.0).exp()).collect()
    }

    #[test]
    fn figures_without_a_trend_raise_as_many_false_alarms_as_the_table_says() {
        let recording = include_str!("../../tests/data/noise.txt");
        let lines = recording.lines().filter(|line| !line.starts_with('#'));
        let logarithms: Vec<f64> = lines.map(|line| line.parse::<f64>().unwrap().ln()).collect();
        let mut state = 1_u64;
        for (count, expected) in [
            (10, [4, 15, 33, 132, 85]),
            (25, [6, 23, 51, 183, 148]),
            (50, [4, 23, 30, 113, 190]),
            (100, [10, 25, 17, 65, 133]),
        ] {
            let simulated = [0.0, 0.3, 0.5, 0.85]
                .map(|factor| alarms(|_| autoregressive(factor, &mut state, count)));
            let on_the_recording = alarms(|trial| recorded(trial, count, &logarithms));
            let found = [&simulated[..], &[on_the_recording]].concat();
            // Logarithms differ in the last digit from one platform to another.
            let agree = found.iter().zip(&expected).all(|(one, other)| one.abs_diff(*other) <= 3);
            assert!(agree, "{found:?} at {count} figures, not {expected:?}");
        }
    }

    #[test]
    fn a_tenth_more_time_is_found_in_noise_of_three_hundredths() {
        let mut state = 7_u64;
        let drifting = |count: usize, state: &mut u64| -> Vec<f64> {
            let noise = autoregressive(0.0, state, count);
            let places = noise.iter().enumerate();
            places
                .map(|(place, noise)| {
                    1.0 + 0.1 * place as f64 / count as f64 + 0.03 * (noise - 100.0)
                })
                .collect()
        };
        for (count, at_least) in [(25, 850), (50, 990)] {
            let found = alarms(|_| drifting(count, &mut state));
            assert!(found >= at_least, "{found} of 1000 at {count} figures");
        }
    }

    proptest! {
        #[test]
        fn falling_pairs_are_those_that_counting_them_one_by_one_finds(
            figures in proptest::collection::vec(0..9_u8, 0..40)
        ) {
            let figures: Vec<f64> = figures.into_iter().map(f64::from).collect();
            let one_by_one = (0..figures.len())
                .flat_map(|first| (first + 1..figures.len()).map(move |second| (first, second)))
                .filter(|&(first, second)| figures[first] > figures[second])
                .count();
            prop_assert_eq!(falling_pairs(figures), one_by_one as u64);
        }
    }
}
