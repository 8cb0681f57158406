//! Whether the machine became faster or slower while it measured.
//!
//! The test is that of Mann (1945) and Kendall: of all pairs of figures, how many more rise than
//! fall with time? It asks nothing of the figures' distribution. The module knows nothing of rows:
//! it is given figures in the order of time, made comparable by whoever calls.

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

/// The drift of figures in the order of time, where there is one that chance does not explain.
///
/// The variance is corrected for ties (Kendall, "Rank Correlation Methods", chapter 4), and the
/// count for its steps of two.
#[must_use]
pub fn drift(figures: &[f64]) -> Option<Drift> {
    let count = figures.len();
    if count < FEWEST {
        return None;
    }
    let rising = falling_pairs(figures.iter().rev().copied().collect());
    let falling = falling_pairs(figures.to_vec());
    let excess = rising as f64 - falling as f64;
    let variance = variance_of_the_excess(figures);
    let continuous = (excess.abs() - 1.0).max(0.0);
    if continuous <= CRITICAL * variance.sqrt() {
        return None;
    }
    let pairs = count as f64 * (count as f64 - 1.0) / 2.0;
    let third = count / 3;
    let change = middle(&figures[count - third..]) / middle(&figures[..third]) - 1.0;
    Some(Drift { tau: excess / pairs, change })
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
        let step = [[100.0; 6], [103.0; 6]].concat();
        let found = |tau, change| Some(Drift { tau, change });
        for (figures, expected) in [
            (&rising[..], found(1.0, 109.5 / 101.5 - 1.0)),
            (&falling[..], found(-1.0, 101.5 / 109.5 - 1.0)),
            // With the variance not corrected for ties this would pass for chance.
            (&step[..], found(36.0 / 66.0, 103.0 / 100.0 - 1.0)),
            (&zigzag[..], None),
            (&rising[..9], None),
            (&[7.0; 30][..], None),
            (&[][..], None),
        ] {
            assert_eq!(drift(figures), expected, "{figures:?}");
        }
    }

    #[test]
    fn shuffled_figures_raise_a_false_alarm_once_in_a_hundred_times() {
        let mut state = 1_u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            f64::from(u32::try_from(state >> 33).unwrap())
        };
        for count in [FEWEST, 35, 100] {
            let alarms = (0..4000)
                .filter(|_| drift(&(0..count).map(|_| random()).collect::<Vec<_>>()).is_some())
                .count();
            assert!((10..=55).contains(&alarms), "{alarms} of 4000 at {count} figures");
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
