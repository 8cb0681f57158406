//! Samples in few figures: median, quartiles, mean, spread, and which samples stand apart.
//!
//! Whatever can be is computed on whole nanoseconds, so a figure does not depend on the order of
//! additions or on the machine. The module knows nothing of rows or rounds; what several samples
//! allow to conclude is the business of [`bootstrap`].
//!
//! Quartiles are those of definition 7 in Hyndman and Fan, "Sample quantiles in statistical
//! packages" (1996), which R and `NumPy` use by default: the quantile p lies at the place
//! (n − 1) p of the sorted samples, counted from 0, between two samples on the straight line. The
//! median is the same at one half.

use std::time::Duration;

use super::bootstrap;
use super::result::Summary;

/// The samples in few figures; `None` where there are none.
#[must_use]
pub fn summarise(samples: &[Duration]) -> Option<Summary> {
    let sorted = sorted(samples);
    let (&min, &max) = (sorted.first()?, sorted.last()?);
    Some(Summary {
        median: quarter_quantile(&sorted, 2),
        mean: mean(samples),
        stddev: standard_deviation(samples),
        min,
        max,
        q1: Some(quarter_quantile(&sorted, 1)),
        q3: Some(quarter_quantile(&sorted, 3)),
        median_interval: bootstrap::median_interval(samples),
    })
}

/// The median; `None` of nothing.
#[must_use]
pub fn median(samples: &[Duration]) -> Option<Duration> {
    (!samples.is_empty()).then(|| quarter_quantile(&sorted(samples), 2))
}

/// How far beyond a quartile, in interquartile ranges, a sample must lie to stand apart: the outer
/// fences of Tukey, "Exploratory Data Analysis" (1977). The inner ones (1.5) were rejected: of five
/// samples of a normal distribution they call one in twelve an outlier (Hoaglin, Iglewicz and
/// Tukey 1986), and five is what a usual row has.
const FENCE: f64 = 3.0;

/// Which figures stand apart from the rest, by Tukey's outer fences, as their indices. Fewer than
/// four figures have no quartiles to speak of, and none of them stands apart.
#[must_use]
pub fn outliers(figures: &[f64]) -> Vec<usize> {
    if figures.len() < 4 {
        return Vec::new();
    }
    let mut sorted = figures.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let quartile = |quarters: usize| {
        let place = (sorted.len() - 1) * quarters;
        let (low, high) = (sorted[place / 4], sorted[(place / 4 + 1).min(sorted.len() - 1)]);
        low + (high - low) * ((place % 4) as f64 / 4.0)
    };
    let (q1, q3) = (quartile(1), quartile(3));
    let reach = (q3 - q1) * FENCE;
    let inside = q1 - reach..=q3 + reach;
    (0..figures.len()).filter(|&index| !inside.contains(&figures[index])).collect()
}

fn sorted(samples: &[Duration]) -> Vec<Duration> {
    let mut sorted = samples.to_vec();
    sorted.sort_unstable();
    sorted
}

/// The quantile `quarters` / 4 of sorted samples, of which there must be one.
fn quarter_quantile(sorted: &[Duration], quarters: usize) -> Duration {
    let place = (sorted.len() - 1) * quarters;
    let (below, fourths) = (place / 4, place % 4);
    let low = sorted[below];
    let high = sorted.get(below + 1).copied().unwrap_or(low);
    low + high.saturating_sub(low) * u32::try_from(fourths).expect("below 4") / 4
}

fn mean(samples: &[Duration]) -> Duration {
    let sum: u128 = samples.iter().map(Duration::as_nanos).sum();
    let mean = sum / samples.len() as u128;
    Duration::from_nanos(u64::try_from(mean).unwrap_or(u64::MAX))
}

fn standard_deviation(samples: &[Duration]) -> Option<Duration> {
    if samples.len() < 2 {
        return None;
    }
    let mean = samples.iter().map(Duration::as_secs_f64).sum::<f64>() / samples.len() as f64;
    let squares: f64 = samples.iter().map(|sample| (sample.as_secs_f64() - mean).powi(2)).sum();
    Duration::try_from_secs_f64((squares / (samples.len() - 1) as f64).sqrt()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn durations(nanoseconds: &[u64]) -> Vec<Duration> {
        nanoseconds.iter().copied().map(Duration::from_nanos).collect()
    }

    #[test]
    fn a_summary_is_right_to_the_nanosecond() {
        // (samples; q1, median, q3, mean, stddev), the figures worked out by hand.
        let cases: [(&[u64], [u64; 4], Option<u64>); 4] = [
            (&[700], [700, 700, 700, 700], None),
            (&[100, 300], [150, 200, 250, 200], Some(141)),
            (&[5, 1, 4, 2, 3], [2, 3, 4, 3], Some(2)),
            (&[1000, 3000, 2000, 8000], [1750, 2500, 4250, 3500], Some(3109)),
        ];
        for (samples, [q1, median, q3, mean], stddev) in cases {
            let summary = summarise(&durations(samples)).unwrap();
            let nanos = |duration: Duration| u64::try_from(duration.as_nanos()).unwrap();
            assert_eq!(summary.q1.map(nanos), Some(q1), "{samples:?}");
            assert_eq!(nanos(summary.median), median, "{samples:?}");
            assert_eq!(summary.q3.map(nanos), Some(q3), "{samples:?}");
            assert_eq!(nanos(summary.mean), mean, "{samples:?}");
            assert_eq!(summary.stddev.map(nanos), stddev, "{samples:?}");
            assert_eq!(nanos(summary.min), *samples.iter().min().unwrap());
            assert_eq!(nanos(summary.max), *samples.iter().max().unwrap());
        }
        assert_eq!(summarise(&[]), None);
        assert_eq!(median(&[]), None);
    }

    #[test]
    fn only_samples_beyond_the_outer_fences_stand_apart() {
        let cases: [(&[f64], &[usize]); 5] = [
            (&[100.0, 101.0, 102.0, 900.0], &[]),
            // The upper fence is at 110 + 3 · 6.
            (&[100.0, 110.0, 104.0, 106.0, 128.0], &[]),
            (&[100.0, 110.0, 104.0, 106.0, 128.1], &[4]),
            (&[100.0, 100.0, 100.0, 100.0, 99.9, 100.0], &[4]),
            (&[1.0, 2.0, 1e6], &[]),
        ];
        for (figures, expected) in cases {
            assert_eq!(outliers(figures), expected, "{figures:?}");
        }
    }

    proptest! {
        #[test]
        fn the_figures_of_any_samples_stand_in_order(
            samples in proptest::collection::vec(0..u64::MAX / 1000, 1..40)
        ) {
            let summary = summarise(&durations(&samples)).unwrap();
            let order = [
                summary.min, summary.q1.unwrap(), summary.median, summary.q3.unwrap(), summary.max,
            ];
            prop_assert!(order.is_sorted(), "{order:?}");
            prop_assert!(summary.min <= summary.mean && summary.mean <= summary.max);
        }
    }
}
