//! What samples allow to conclude: intervals by the bootstrap, and verdicts that follow from them.
//!
//! An interval is the percentile bootstrap of a median (Efron 1979): draw as many samples as there
//! are, with repetition, take their median, do so [`RESAMPLES`] times, and cut the tails off. Two
//! known faults of that interval with few samples are mended as Hesterberg, "What Teachers Should
//! Know About the Bootstrap" (2015), proposes for means: it is stretched about the median by
//! √(n / (n − 1)) (the draws spread too little) and by Student's t over the normal quantile (the
//! spread itself is only estimated). At five samples that is a factor of 2, at thirty of 1.09.
//! Without it, five A/A samples would be called different once in sixteen times.
//!
//! Rows are compared round by round: the ratio of the two times of a round is free of whatever
//! slowed that whole round down. The ratio of the two medians was rejected: on recorded noise, in
//! 60 rounds, it sees 5 % more work half of the time, the rounds' ratios see it nine times in ten.
//!
//! The draws come from a generator with a fixed seed: equal samples give equal intervals. Verdicts
//! use 99 %, since a sweep passes many at once; the interval of a single median uses 95 %.

use std::time::Duration;

use super::result::{Comparison, Sample, TimeInterval, Verdict};

/// How many medians of redrawn samples an interval is made from.
pub const RESAMPLES: usize = 4000;

/// The seed of every interval.
const SEED: u64 = 0x5348_4135_3132;

/// How often intervals hold what they claim to hold.
#[derive(Clone, Copy, Debug)]
struct Confidence {
    /// The share cut off at either end.
    tail: f64,
    /// The normal quantile at 1 − tail.
    normal: f64,
    /// Student's quantiles at 1 − tail for 1 to 10 degrees of freedom.
    student: [f64; 10],
}

const CONFIDENCE_95: Confidence = Confidence {
    tail: 0.025,
    normal: 1.959_964,
    student: [12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281],
};

const CONFIDENCE_99: Confidence = Confidence {
    tail: 0.005,
    normal: 2.575_829,
    student: [63.6567, 9.9248, 5.8409, 4.6041, 4.0321, 3.7074, 3.4995, 3.3554, 3.2498, 3.1693],
};

impl Confidence {
    /// Student's quantile; above ten degrees of freedom by the expansion 26.7.5 in Abramowitz and
    /// Stegun, which is then right to 0.002.
    fn student(&self, freedom: usize) -> f64 {
        if let Some(&quantile) = self.student.get(freedom - 1) {
            return quantile;
        }
        let (x, v) = (self.normal, freedom as f64);
        let first = (x.powi(3) + x) / 4.0;
        let second = (5.0 * x.powi(5) + 16.0 * x.powi(3) + 3.0 * x) / 96.0;
        let third = (3.0 * x.powi(7) + 19.0 * x.powi(5) + 17.0 * x.powi(3) - 15.0 * x) / 384.0;
        x + first / v + second / v.powi(2) + third / v.powi(3)
    }

    /// How much wider than the percentile interval of `samples` samples theirs must be.
    fn stretch(&self, samples: usize) -> f64 {
        let freedom = samples - 1;
        (samples as f64 / freedom as f64).sqrt() * self.student(freedom) / self.normal
    }
}

/// The interval (95 %) of the median that endless runs would have; `None` below two samples.
#[must_use]
pub fn median_interval(samples: &[Duration]) -> Option<TimeInterval> {
    let seconds: Vec<f64> = samples.iter().map(Duration::as_secs_f64).collect();
    let (_, low, high) = interval_of_median(&seconds, &CONFIDENCE_95)?;
    let duration = |seconds: f64| Duration::try_from_secs_f64(seconds.max(0.0)).ok();
    Some(TimeInterval { low: duration(low)?, high: duration(high)? })
}

/// How much time a row takes of the reference's, paired by round: the median of the rounds'
/// ratios with its interval (99 %).
///
/// Rounds that only one of the two has are left out, and so are those too short for the clock, of
/// time 0. `None` when fewer than two rounds are left. Both must be in the order of their rounds.
#[must_use]
pub fn compare_paired(row: &[Sample], reference: &[Sample]) -> Option<Comparison> {
    let log_ratios: Vec<f64> = row
        .iter()
        .filter_map(|sample| {
            let at = reference.binary_search_by_key(&sample.round, |other| other.round).ok()?;
            log_ratio(sample.total, reference[at].total)
        })
        .collect();
    let (median, low, high) = interval_of_median(&log_ratios, &CONFIDENCE_99)?;
    Some(comparison(median, low, high))
}

/// How much time samples take of others that were measured at another time: the ratio of the
/// medians with its interval (99 %), both sides redrawn independently of each other.
///
/// The interval is that of the noise within either measurement. What changed about the machine
/// between them it cannot see: a busy neighbour, another temperature. Pair by round wherever both
/// sides can be measured together.
///
/// Times of 0 are left out. `None` when fewer than two of either side are left.
#[must_use]
pub fn compare_unpaired(samples: &[Duration], reference: &[Duration]) -> Option<Comparison> {
    let [samples, reference] = [samples, reference].map(|times| -> Vec<f64> {
        let measured = times.iter().filter(|time| !time.is_zero());
        measured.map(|time| time.as_secs_f64().ln()).collect()
    });
    let fewest = samples.len().min(reference.len());
    if fewest < 2 {
        return None;
    }
    let mut draws = Draws::new();
    let (mut left, mut right) = (Vec::new(), Vec::new());
    let differences = (0..RESAMPLES)
        .map(|_| draws.median_of(&samples, &mut left) - draws.median_of(&reference, &mut right))
        .collect();
    let centre = median(&mut samples.clone()) - median(&mut reference.clone());
    let (low, high) = cut_and_stretch(differences, centre, fewest, &CONFIDENCE_99);
    Some(comparison(centre, low, high))
}

/// Logarithms, so that faster and slower are each other's mirror image.
fn log_ratio(time: Duration, reference: Duration) -> Option<f64> {
    (!time.is_zero() && !reference.is_zero())
        .then(|| (time.as_secs_f64() / reference.as_secs_f64()).ln())
}

fn comparison(median: f64, low: f64, high: f64) -> Comparison {
    let verdict = if high < 0.0 {
        Verdict::Faster
    } else if low > 0.0 {
        Verdict::Slower
    } else {
        Verdict::NoClearDifference
    };
    // Few samples that differ wildly can reach beyond what a number can hold; a file cannot say
    // "infinite".
    let bounded = |log: f64| log.exp().clamp(f64::MIN_POSITIVE, f64::MAX);
    Comparison { ratio: bounded(median), low: bounded(low), high: bounded(high), verdict }
}

/// (median, low, high); `None` below two values.
fn interval_of_median(values: &[f64], confidence: &Confidence) -> Option<(f64, f64, f64)> {
    if values.len() < 2 {
        return None;
    }
    let mut draws = Draws::new();
    let mut room = Vec::with_capacity(values.len());
    let medians = (0..RESAMPLES).map(|_| draws.median_of(values, &mut room)).collect();
    let centre = median(&mut values.to_vec());
    let (low, high) = cut_and_stretch(medians, centre, values.len(), confidence);
    Some((centre, low, high))
}

/// The percentile interval of redrawn figures, stretched about `centre`, which it always holds.
fn cut_and_stretch(
    mut redrawn: Vec<f64>,
    centre: f64,
    samples: usize,
    confidence: &Confidence,
) -> (f64, f64) {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a small count"
    )]
    let cut = (redrawn.len() as f64 * confidence.tail) as usize;
    let last = redrawn.len() - 1;
    redrawn.sort_unstable_by(f64::total_cmp);
    let stretch = confidence.stretch(samples);
    let low = centre - stretch * (centre - redrawn[cut]).max(0.0);
    let high = centre + stretch * (redrawn[last - cut] - centre).max(0.0);
    (low, high)
}

/// The median of values in any order, which are left in another one. There must be one.
fn median(values: &mut [f64]) -> f64 {
    let middle = values.len() / 2;
    let odd = values.len() % 2 == 1;
    let (below, &mut upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    if odd {
        return upper;
    }
    let lower = below.iter().copied().max_by(f64::total_cmp).unwrap_or(upper);
    f64::midpoint(lower, upper)
}

/// Draws with repetition from `SplitMix64` (Steele, Lea and Flood 2014): small, seeded, and the
/// same on every machine.
struct Draws {
    state: u64,
}

impl Draws {
    fn new() -> Self {
        Self { state: SEED }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// An index below `len`, by the high half of a product: its bias, below len / 2^64, is nothing
    /// here.
    fn index(&mut self, len: usize) -> usize {
        let scaled = (u128::from(self.next()) * len as u128) >> 64;
        usize::try_from(scaled).expect("below len")
    }

    /// The median of as many values, drawn with repetition; `room` is memory to work in.
    fn median_of(&mut self, values: &[f64], room: &mut Vec<f64>) -> f64 {
        room.clear();
        room.extend((0..values.len()).map(|_| values[self.index(values.len())]));
        median(room)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn durations(microseconds: &[u64]) -> Vec<Duration> {
        microseconds.iter().copied().map(Duration::from_micros).collect()
    }

    fn samples(microseconds: &[u64]) -> Vec<Sample> {
        let totals = durations(microseconds).into_iter().enumerate();
        totals
            .map(|(round, total)| Sample {
                round,
                position: round,
                total,
                start: None,
                map: None,
                exchange: None,
                set: None,
            })
            .collect()
    }

    fn to_the_fourth_decimal(comparison: Comparison) -> [String; 3] {
        [comparison.ratio, comparison.low, comparison.high].map(|figure| format!("{figure:.4}"))
    }

    #[test]
    fn quantiles_of_students_t_agree_with_the_tables() {
        for (freedom, at_95, at_99) in [
            (1, 12.706, 63.657),
            (4, 2.776, 4.604),
            (11, 2.201, 3.106),
            (30, 2.042, 2.750),
            (120, 1.980, 2.617),
        ] {
            assert!((CONFIDENCE_95.student(freedom) - at_95).abs() < 0.002, "{freedom}");
            assert!((CONFIDENCE_99.student(freedom) - at_99).abs() < 0.002, "{freedom}");
        }
    }

    #[test]
    fn an_interval_of_a_median_is_right_to_the_nanosecond() {
        // For five samples the percentile interval is the whole range, stretched by 1.58377.
        for (times, low, high) in [
            ([100, 100, 100, 100, 100], 100_000, 100_000),
            ([100, 101, 102, 103, 104], 98_832, 105_168),
            ([1, 5, 5, 5, 5], 0, 5_000),
        ] {
            let [low, high] = [low, high].map(Duration::from_nanos);
            let expected = Some(TimeInterval { low, high });
            assert_eq!(median_interval(&durations(&times)), expected, "{times:?}");
        }
        assert_eq!(median_interval(&durations(&[100])), None);
        assert_eq!(median_interval(&[]), None);
    }

    #[test]
    fn a_verdict_is_given_only_where_the_interval_allows_it() {
        let base = [100, 102, 101, 103, 102];
        for (row, verdict) in [
            ([100, 102, 101, 103, 102], Verdict::NoClearDifference),
            ([50, 51, 50, 52, 51], Verdict::Faster),
            ([200, 203, 202, 207, 203], Verdict::Slower),
            // Always slower, but by too various amounts for five rounds to say so.
            ([101, 122, 108, 140, 130], Verdict::NoClearDifference),
        ] {
            let comparison = compare_paired(&samples(&row), &samples(&base)).unwrap();
            assert_eq!(comparison.verdict, verdict, "{row:?} {comparison:?}");
        }
    }

    #[test]
    fn a_comparison_is_right_to_the_fourth_decimal() {
        let (row, base) = ([50, 51, 50, 52, 51], [100, 102, 101, 103, 102]);
        let paired = compare_paired(&samples(&row), &samples(&base)).unwrap();
        assert_eq!(to_the_fourth_decimal(paired), ["0.5000", "0.4902", "0.5097"]);
        let unpaired = compare_unpaired(&durations(&row), &durations(&base)).unwrap();
        assert_eq!(to_the_fourth_decimal(unpaired), ["0.5000", "0.4713", "0.5301"]);
    }

    #[test]
    fn rounds_that_one_side_lacks_and_times_of_zero_are_left_out() {
        let base = samples(&[100, 100, 100, 0]);
        let mut row = samples(&[900, 50, 50, 50]);
        row.remove(0);
        let comparison = compare_paired(&row, &base).unwrap();
        assert_eq!(to_the_fourth_decimal(comparison), ["0.5000"; 3]);
        assert_eq!(compare_paired(&row[1..], &base), None);
        assert_eq!(compare_unpaired(&durations(&[1, 0]), &durations(&[1, 1])), None);
    }

    proptest! {
        #[test]
        fn an_interval_holds_its_median(times in proptest::collection::vec(1..1_000_000_u64, 2..30)) {
            let times = durations(&times);
            let interval = median_interval(&times).unwrap();
            let median = crate::bench::stats::median(&times).unwrap();
            let step = Duration::from_nanos(1);
            prop_assert!(interval.low <= median + step && median <= interval.high + step);
        }

        #[test]
        fn a_comparison_turned_round_is_its_own_mirror_image(
            pairs in proptest::collection::vec((1..1_000_000_u64, 1..1_000_000_u64), 2..30)
        ) {
            let (row, reference): (Vec<u64>, Vec<u64>) = pairs.into_iter().unzip();
            let (row, reference) = (samples(&row), samples(&reference));
            let there = compare_paired(&row, &reference).unwrap();
            let back = compare_paired(&reference, &row).unwrap();
            prop_assert!(there.low <= there.ratio && there.ratio <= there.high);
            for (one, other) in [
                (there.ratio, back.ratio), (there.low, back.high), (there.high, back.low),
            ] {
                let product = one * other;
                let saturated = one.max(other) >= f64::MAX;
                prop_assert!(saturated || (product - 1.0).abs() < 1e-6, "{one} {other}");
            }
        }
    }
}
