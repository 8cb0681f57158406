//! Samples in few figures: median, quartiles, and parts that add up.
//!
//! Everything is computed on whole nanoseconds, so a figure does not depend on the order of
//! additions or on the machine. The module knows nothing of rows or rounds, and concludes nothing.
//!
//! Quartiles are those of definition 7 in Hyndman and Fan, "Sample quantiles in statistical
//! packages" (1996), which R and `NumPy` use by default: the quantile p lies at the place
//! (n − 1) p of the sorted samples, counted from 0, between two samples on the straight line. The
//! median is the same at one half.

use std::time::Duration;

use super::result::{Sample, Summary};

/// The total times of samples in few figures; `None` where there are none.
#[must_use]
pub fn summarise(samples: &[Sample]) -> Option<Summary> {
    let totals: Vec<Duration> = samples.iter().map(|sample| sample.total).collect();
    let sorted = sorted(&totals);
    let (&min, &max) = (sorted.first()?, sorted.last()?);
    Some(Summary {
        median: quarter_quantile(&sorted, 2),
        quartiles: [quarter_quantile(&sorted, 1), quarter_quantile(&sorted, 3)],
        min,
        max,
    })
}

/// The median; `None` of nothing.
#[must_use]
pub fn median(samples: &[Duration]) -> Option<Duration> {
    (!samples.is_empty()).then(|| quarter_quantile(&sorted(samples), 2))
}

/// The parts of a run, in their order: start, map, exchange, set, end.
pub const PARTS: [fn(&Sample) -> Option<Duration>; 5] = [
    |sample| sample.start,
    |sample| sample.map,
    |sample| sample.exchange,
    |sample| sample.set,
    |sample| sample.end,
];

/// The parts of a typical run, which add up to the median of the totals to the nanosecond: their
/// means over the middle half of the runs by total, scaled to the median. A part that no run has is
/// `None`; all of them are where no part was measured.
#[must_use]
pub fn parts(samples: &[Sample]) -> [Option<Duration>; PARTS.len()] {
    let mut by_total = samples.to_vec();
    by_total.sort_by_key(|sample| sample.total);
    // From the first to the third quartile, at least one run.
    let skipped = by_total.len() / 4;
    let middle = &by_total[skipped..by_total.len() - skipped];
    let sum = |part: &fn(&Sample) -> Option<Duration>| {
        let times = middle.iter().filter_map(part).map(|time| time.as_nanos());
        times.reduce(|sum, time| sum + time)
    };
    let sums: Vec<Option<u128>> = PARTS.iter().map(sum).collect();
    let whole: u128 = sums.iter().flatten().sum();
    let totals: Vec<Duration> = samples.iter().map(|sample| sample.total).collect();
    let Some(median) = median(&totals).map(|median| median.as_nanos()) else {
        return [None; PARTS.len()];
    };
    let shares: Vec<u128> =
        sums.iter().map(|sum| sum.unwrap_or(0) * median / whole.max(1)).collect();
    // What rounding down has left goes to the longest part, of which it is the smallest share.
    let left = median - shares.iter().sum::<u128>();
    let longest = (0..PARTS.len()).max_by_key(|&part| shares[part]).unwrap_or(0);
    std::array::from_fn(|part| {
        sums[part]?;
        let nanos = shares[part] + if part == longest { left } else { 0 };
        Some(Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)))
    })
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn totals(nanoseconds: &[u64]) -> Vec<Sample> {
        let of = |&nanos: &u64| Sample { total: Duration::from_nanos(nanos), ..Sample::default() };
        nanoseconds.iter().map(of).collect()
    }

    #[test]
    fn a_summary_is_right_to_the_nanosecond() {
        // (samples; q1, median, q3), the figures worked out by hand.
        let cases: [(&[u64], [u64; 3]); 4] = [
            (&[700], [700, 700, 700]),
            (&[100, 300], [150, 200, 250]),
            (&[5, 1, 4, 2, 3], [2, 3, 4]),
            (&[1000, 3000, 2000, 8000], [1750, 2500, 4250]),
        ];
        for (samples, [q1, median, q3]) in cases {
            let summary = summarise(&totals(samples)).unwrap();
            assert_eq!(summary.quartiles, [q1, q3].map(Duration::from_nanos), "{samples:?}");
            assert_eq!(summary.median, Duration::from_nanos(median), "{samples:?}");
            assert_eq!(summary.min.as_nanos(), u128::from(*samples.iter().min().unwrap()));
            assert_eq!(summary.max.as_nanos(), u128::from(*samples.iter().max().unwrap()));
        }
        assert_eq!(summarise(&[]), None);
        assert_eq!(median(&[]), None);
    }

    /// A run with start, map, set and end in these nanoseconds.
    fn run([start, map, set, end]: [u64; 4]) -> Sample {
        let nanos = |nanos: u64| Some(Duration::from_nanos(nanos));
        Sample {
            total: Duration::from_nanos(start + map + set + end),
            start: nanos(start),
            map: nanos(map),
            set: nanos(set),
            end: nanos(end),
            ..Sample::default()
        }
    }

    #[test]
    fn parts_are_means_of_the_middle_runs_and_add_up_to_the_median() {
        // The shortest and the longest of four are left out; the median is 20.
        let runs = [[0, 1, 0, 0], [2, 10, 6, 0], [4, 10, 6, 2], [900, 900, 900, 900]].map(run);
        // (6, 20, 12, 2) of 40, scaled to 20.
        let expected = [Some(3), Some(10), None, Some(6), Some(1)];
        assert_eq!(parts(&runs), expected.map(|nanos| nanos.map(Duration::from_nanos)));
        assert_eq!(parts(&totals(&[5, 6])), [None; 5]);
        assert_eq!(parts(&[]), [None; 5]);
    }

    proptest! {
        #[test]
        fn the_figures_of_any_samples_stand_in_order(
            samples in proptest::collection::vec(0..u64::MAX / 1000, 1..40)
        ) {
            let summary = summarise(&totals(&samples)).unwrap();
            let [q1, q3] = summary.quartiles;
            let order = [summary.min, q1, summary.median, q3, summary.max];
            prop_assert!(order.is_sorted(), "{order:?}");
        }

        #[test]
        fn the_parts_of_any_runs_add_up(
            runs in proptest::collection::vec(proptest::array::uniform4(0..u64::MAX / 5000), 1..30)
        ) {
            let runs: Vec<Sample> = runs.into_iter().map(run).collect();
            let sum: Duration = parts(&runs).into_iter().flatten().sum();
            prop_assert_eq!(sum, summarise(&runs).unwrap().median);
        }
    }
}
