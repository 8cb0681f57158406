//! Figures as people read them: a unit that suits, no more digits than mean something.

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

    /// `62.1`: the number without the unit, for a column whose heading names it.
    pub(crate) fn bare(self, time: Duration) -> String {
        let decimals = if self == Self::Seconds { 2 } else { 1 };
        format!("{:.decimals$}", self.of(time))
    }
}

impl TimeUnit {
    /// Times that add up to `total`, as numbers that add up to it too, to the last digit shown:
    /// each is rounded down, and those with the largest remainders are then rounded up (the method
    /// of the largest remainder, as in the apportionment of seats).
    pub(crate) fn bare_parts<const N: usize>(
        self,
        total: Duration,
        parts: [Option<Duration>; N],
    ) -> [Option<String>; N] {
        let steps_per_unit = if self == Self::Seconds { 1e2 } else { 1e1 };
        let steps = |time: Duration| self.of(time) * steps_per_unit;
        let exact = parts.map(|part| part.map(steps));
        let mut whole = exact.map(|part| part.map(f64::floor));
        let sum: f64 = whole.iter().flatten().sum();
        let mut missing = steps(total).round() - sum;
        let mut by_remainder: Vec<usize> = (0..N).filter(|&part| exact[part].is_some()).collect();
        let remainder = |part: usize| exact[part].unwrap_or(0.0).fract();
        by_remainder.sort_by(|&one, &other| remainder(other).total_cmp(&remainder(one)));
        for part in by_remainder {
            if missing >= 1.0 {
                whole[part] = whole[part].map(|steps| steps + 1.0);
                missing -= 1.0;
            }
        }
        let decimals = if self == Self::Seconds { 2 } else { 1 };
        whole.map(|part| part.map(|steps| format!("{:.decimals$}", steps / steps_per_unit)))
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
    let signed = |ratio: f64| format!("{:+.1}", (ratio - 1.0) * 100.0).replace('-', "−");
    let middle = signed(found.time_ratio());
    match found.time_ratio_interval() {
        Some([low, high]) => format!("{middle}% ({}…{})", signed(low), signed(high)),
        None => format!("{middle}%"),
    }
}

/// A share as a percentage: `11%`, or below ten `2.4%`.
pub(crate) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent < 9.95 { format!("{percent:.1}%") } else { format!("{percent:.0}%") }
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
