//! Medians, quantiles and binomial probabilities of figures.

/// The least bias towards one side for which so many rounds bring so many wins nine times in ten.
pub(super) fn detectable_bias(rounds: usize, wins: usize) -> f64 {
    const POWER: f64 = 0.9;
    let (mut low, mut high) = (0.5, 1.0);
    for _ in 0..40 {
        let bias = f64::midpoint(low, high);
        if at_least(rounds, wins, bias) < POWER { low = bias } else { high = bias }
    }
    high
}

/// The probability of at least so many wins in so many rounds, each won with probability `bias`.
pub(super) fn at_least(rounds: usize, wins: usize, bias: f64) -> f64 {
    if bias >= 1.0 {
        return 1.0;
    }
    let mut ln_probability = rounds as f64 * bias.ln();
    let mut sum = 0.0;
    for won in (wins..=rounds).rev() {
        sum += ln_probability.exp();
        let lost = rounds - won + 1;
        ln_probability += (won as f64 / lost as f64).ln() + ((1.0 - bias) / bias).ln();
    }
    sum
}

pub(super) fn sorted(mut figures: Vec<f64>) -> Vec<f64> {
    figures.sort_unstable_by(f64::total_cmp);
    figures
}

/// The median of sorted figures.
pub(super) fn middle(sorted: &[f64]) -> Option<f64> {
    let upper = *sorted.get(sorted.len() / 2)?;
    Some(f64::midpoint(sorted[(sorted.len() - 1) / 2], upper))
}

/// A quantile of sorted figures, of which there must be one, between two on the straight line.
pub(super) fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = (sorted.len() - 1) as f64 * share.clamp(0.0, 1.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "within the figures"
    )]
    let below = place as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (sorted[above] - sorted[below]) * place.fract()
}

/// The mean of a figure and its neighbours, in which it counts twice.
pub(super) fn smoothed(figures: &[f64], place: usize) -> f64 {
    let mut sum = 2.0 * figures[place];
    let mut weight = 2.0;
    let neighbours = [place.checked_sub(1), Some(place + 1)].into_iter().flatten();
    for figure in neighbours.filter_map(|neighbour| figures.get(neighbour)) {
        sum += figure;
        weight += 1.0;
    }
    sum / weight
}
