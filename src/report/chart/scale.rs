//! Logarithmic axes: where a value lies, and where the ticks are.

/// A range of positive values on a logarithmic axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogScale {
    low: f64,
    high: f64,
}

/// What may stand between two powers of ten, the densest first.
const MANTISSAS: [&[f64]; 4] = [
    &[1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0],
    &[1.0, 2.0, 3.0, 5.0, 7.0],
    &[1.0, 2.0, 5.0],
    &[1.0],
];

impl LogScale {
    /// An axis on which all values from `low` to `high` have room: at least a factor of
    /// `least_span` from end to end, so that noise is not blown up to look like a finding.
    ///
    /// Ends that are not positive and finite are taken for 1.
    #[must_use]
    pub fn around(low: f64, high: f64, least_span: f64) -> Self {
        let positive = |value: f64| if value.is_finite() && value > 0.0 { value } else { 1.0 };
        let (low, high) = (positive(low), positive(high));
        let (low, high) = (low.min(high), low.max(high));
        let margin = (high / low).powf(0.06);
        let (low, high) = (low / margin, high * margin);
        let missing = (least_span / (high / low)).max(1.0).sqrt();
        Self { low: low / missing, high: high * missing }
    }

    /// Both ends.
    #[must_use]
    pub fn ends(self) -> (f64, f64) {
        (self.low, self.high)
    }

    /// Where a value lies: 0 at the low end, 1 at the high one.
    #[must_use]
    pub fn position(self, value: f64) -> f64 {
        (value / self.low).ln() / (self.high / self.low).ln()
    }

    /// At most `most` round values within the ends, as many as there are sets of; at least one
    /// wherever `most` is 3 or more.
    #[must_use]
    pub fn ticks(self, most: usize) -> Vec<f64> {
        let mut logarithmic = MANTISSAS.into_iter().map(|mantissas| self.multiples(mantissas));
        let fitting = logarithmic.find(|ticks| (3..=most).contains(&ticks.len()));
        fitting.unwrap_or_else(|| self.sparsely(most))
    }

    fn multiples(self, mantissas: &[f64]) -> Vec<f64> {
        let first = 10_f64.powf(self.low.log10().floor());
        let powers = std::iter::successors(Some(first), |power| Some(power * 10.0));
        powers
            .take_while(|power| *power <= self.high)
            .flat_map(|power| mantissas.iter().map(move |mantissa| mantissa * power))
            .filter(|value| (self.low..=self.high).contains(value))
            .collect()
    }

    /// For ranges too short or too long for the others: equal steps, or every so many powers.
    fn sparsely(self, most: usize) -> Vec<f64> {
        if self.high / self.low > 10.0 {
            let all = self.multiples(&[1.0]);
            let stride = all.len().div_ceil(most.max(1)).max(1);
            return all.into_iter().step_by(stride).collect();
        }
        evenly(self.low, self.high, most)
    }
}

/// At most `most` (and one) multiples of 1, 2 or 5 times a power of ten between two values.
#[must_use]
pub fn evenly(low: f64, high: f64, most: usize) -> Vec<f64> {
    let rough = (high - low) / most.max(1) as f64;
    if !(rough.is_finite() && rough > 0.0) {
        return vec![low];
    }
    let power = 10_f64.powf(rough.log10().floor());
    let steps = [1.0, 2.0, 5.0].map(|mantissa| mantissa * power);
    let step = steps.into_iter().find(|step| *step >= rough).unwrap_or(10.0 * power);
    let first = (low / step).ceil();
    let values = (0..=most).map(|index| (first + index as f64) * step);
    values.take_while(|value| *value <= high).collect()
}

/// `5`, `500`, `10k`, `1m`, `2.5k`: the way the command line takes sizes.
#[must_use]
pub fn size_label(size: f64) -> String {
    match size {
        size if size >= 1e6 => format!("{}m", significant(size / 1e6)),
        size if size >= 1e4 => format!("{}k", significant(size / 1e3)),
        size => significant(size),
    }
}

/// A number without the digits that a step of a tick cannot have.
#[must_use]
pub fn significant(value: f64) -> String {
    let decimals = if value >= 100.0 { 0 } else { 3 };
    let text = format!("{value:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}
