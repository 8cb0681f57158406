//! Figures as people read them: a unit that suits, no more digits than mean something.

use std::cmp::Reverse;
use std::time::Duration;

use crate::bench::result::Comparison;

/// A unit of time, the same for all times of a table so that a column can be compared by eye.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimeUnit {
    Seconds,
    Milliseconds,
    Microseconds,
}

impl TimeUnit {
    /// The unit in which the shortest of some times has at least two digits before the point.
    pub(crate) fn suiting(times: impl IntoIterator<Item = Duration>) -> Self {
        let shortest = times.into_iter().filter(|time| !time.is_zero()).min();
        match shortest {
            Some(time) if time < Duration::from_millis(1) => Self::Microseconds,
            Some(time) if time >= Duration::from_secs(10) => Self::Seconds,
            _ => Self::Milliseconds,
        }
    }

    pub(crate) fn symbol(self) -> &'static str {
        match self {
            Self::Seconds => "s",
            Self::Milliseconds => "ms",
            Self::Microseconds => "µs",
        }
    }

    /// A time as a number of this unit.
    pub(crate) fn of(self, time: Duration) -> f64 {
        let per_second = match self {
            Self::Seconds => 1.0,
            Self::Milliseconds => 1e3,
            Self::Microseconds => 1e6,
        };
        time.as_secs_f64() * per_second
    }

    /// The decimals that are shown, and the nanoseconds that the last of them stands for.
    fn precision(self) -> (u32, u128) {
        match self {
            Self::Seconds => (2, 10_000_000),
            Self::Milliseconds => (1, 100_000),
            Self::Microseconds => (1, 100),
        }
    }

    /// `62.1`: the number without the unit, for a column whose heading names it.
    pub(crate) fn bare(self, time: Duration) -> String {
        self.written(self.steps(time))
    }

    /// A time in steps of the last digit shown, rounded to the nearest. Whole numbers: a figure and
    /// the sum of its parts must not be rounded to different sides.
    fn steps(self, time: Duration) -> u128 {
        let (_, nanoseconds) = self.precision();
        (time.as_nanos() + nanoseconds / 2) / nanoseconds
    }

    fn written(self, steps: u128) -> String {
        let (decimals, _) = self.precision();
        let per_unit = 10_u128.pow(decimals);
        let width = decimals as usize;
        format!("{}.{:0width$}", steps / per_unit, steps % per_unit)
    }

    /// Times that add up to `total`, as numbers that add up to its number to the last digit shown:
    /// each is rounded down, and those with the largest remainders are then rounded up (the method
    /// of the largest remainder, as in the apportionment of seats).
    pub(crate) fn bare_parts<const N: usize>(
        self,
        total: Duration,
        parts: [Option<Duration>; N],
    ) -> [Option<String>; N] {
        let (_, nanoseconds) = self.precision();
        let mut steps = parts.map(|part| part.map(|part| part.as_nanos() / nanoseconds));
        let remainder = |part: usize| parts[part].map(|part| part.as_nanos() % nanoseconds);
        let mut by_remainder: Vec<usize> = (0..N).filter(|&part| parts[part].is_some()).collect();
        by_remainder.sort_by_key(|&part| Reverse(remainder(part)));
        let sum: u128 = steps.iter().flatten().sum();
        let missing = self.steps(total).saturating_sub(sum);
        let missing = usize::try_from(missing).unwrap_or(usize::MAX);
        for part in by_remainder.into_iter().take(missing) {
            steps[part] = steps[part].map(|steps| steps + 1);
        }
        steps.map(|part| part.map(|steps| self.written(steps)))
    }
}

/// A count in groups of three: `1,049,938`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A speed-up with its interval: `1.77× (1.70–1.81)`.
pub(crate) fn speedup(found: &Comparison) -> String {
    match found.interval {
        Some([low, high]) => format!("{:.2}× ({low:.2}–{high:.2})", found.speedup),
        None => format!("{:.2}×", found.speedup),
    }
}

/// How much more time a row takes than another: `+3.1% (−0.4…+6.2)`.
pub(crate) fn time_difference(found: &Comparison) -> String {
    more_time(found.time_ratio(), found.time_ratio_interval())
}

/// A ratio of times and its interval as what is more of the time: `+3.1% (−0.4…+6.2)`.
pub(crate) fn more_time(ratio: f64, interval: Option<[f64; 2]>) -> String {
    let signed = |ratio: f64| {
        let percent = (ratio - 1.0) * 100.0;
        // Not "-0.0".
        let percent = if percent.abs() < 0.05 { 0.0 } else { percent };
        format!("{percent:+.1}").replace('-', "−")
    };
    let middle = signed(ratio);
    match interval {
        Some([low, high]) => format!("{middle}% ({}…{})", signed(low), signed(high)),
        None => format!("{middle}%"),
    }
}

/// A share as a percentage: `11%`, or below ten `2.4%`.
pub(crate) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent < 9.95 { format!("{percent:.1}%") } else { format!("{percent:.0}%") }
}

/// A share that was chosen, without digits that nobody gave: `95%`, `2.5%`.
pub(crate) fn round_percent(share: f64) -> String {
    let text = format!("{:.2}", share * 100.0);
    format!("{}%", text.trim_end_matches('0').trim_end_matches('.'))
}

/// `1 round`, `25 rounds`.
pub(crate) fn counted(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", count(number as u64))
}

/// A number of bytes in binary units: `7.8 GiB`.
pub(crate) fn bytes(bytes: u64) -> String {
    const UNITS: [(&str, u32); 3] = [("GiB", 30), ("MiB", 20), ("KiB", 10)];
    match UNITS.into_iter().find(|(_, shift)| bytes >> shift > 0) {
        Some((unit, shift)) => format!("{:.1} {unit}", bytes as f64 / f64::from(1 << shift)),
        None => format!("{bytes} bytes"),
    }
}

/// A time that stands alone: `62.1 ms`.
pub(crate) fn time(time: Duration) -> String {
    let unit = TimeUnit::suiting([time]);
    format!("{} {}", unit.bare(time), unit.symbol())
}

/// A cost in seconds that may be a part of a nanosecond: `1.3 µs`, `55.2 ns`.
pub(crate) fn cost(seconds: f64) -> String {
    match seconds * 1e9 {
        ns if ns >= 1e6 => format!("{:.1} ms", ns / 1e6),
        ns if ns >= 1e3 => format!("{:.1} µs", ns / 1e3),
        ns if ns >= 1.0 => format!("{ns:.1} ns"),
        ns => format!("{ns:.3} ns"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const UNITS: [TimeUnit; 3] =
        [TimeUnit::Seconds, TimeUnit::Milliseconds, TimeUnit::Microseconds];

    #[test]
    fn a_time_is_rounded_to_the_nearest_last_digit() {
        for (nanoseconds, shown) in [
            (0, ["0.00", "0.0", "0.0"]),
            (49_999_999, ["0.05", "50.0", "50000.0"]),
            (60_050_000, ["0.06", "60.1", "60050.0"]),
            (12_345_678_950, ["12.35", "12345.7", "12345679.0"]),
        ] {
            let time = Duration::from_nanos(nanoseconds);
            assert_eq!(UNITS.map(|unit| unit.bare(time)), shown, "{nanoseconds} ns");
        }
    }

    #[test]
    fn a_difference_has_a_sign_and_nothing_has_none_below_zero() {
        for (ratio, interval, shown) in [
            (1.031, Some([0.996, 1.062]), "+3.1% (−0.4…+6.2)"),
            (0.9997, None, "+0.0%"),
            (0.5, None, "−50.0%"),
        ] {
            assert_eq!(more_time(ratio, interval), shown);
        }
    }

    #[test]
    fn percentages_have_the_digits_that_mean_something() {
        let shown = [0.0004, 0.024, 0.0995, 0.11, 3.5].map(percent);
        assert_eq!(shown, ["0.0%", "2.4%", "10%", "11%", "350%"]);
        assert_eq!([0.95, 0.02, 0.025].map(round_percent), ["95%", "2%", "2.5%"]);
    }

    proptest! {
        #[test]
        fn the_parts_of_any_time_add_up_to_the_last_digit_shown(
            parts in proptest::array::uniform5(proptest::option::of(0..200_000_000_000_u64)),
            unit in 0..3_usize,
        ) {
            let unit = UNITS[unit];
            let parts = parts.map(|part| part.map(Duration::from_nanos));
            let total: Duration = parts.iter().flatten().sum();
            let shown = unit.bare_parts(total, parts);
            // Without the point they are whole numbers.
            let steps = |text: &String| text.replace('.', "").parse::<u128>().expect("digits");
            let sum: u128 = shown.iter().flatten().map(steps).sum();
            prop_assert_eq!(sum, steps(&unit.bare(total)));
            for (text, part) in std::iter::zip(&shown, parts) {
                prop_assert_eq!(text.is_some(), part.is_some());
                let Some((text, part)) = text.as_ref().zip(part) else { continue };
                prop_assert!(steps(text).abs_diff(unit.steps(part)) <= 1);
            }
        }
    }
}
