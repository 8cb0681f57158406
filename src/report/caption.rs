//! What stands above a table: how much was measured.

use super::figure::counted;
use crate::bench::result::{Measurement, Order};

/// `medians of 25 rounds`, and from how many to how many where rows joined later.
pub(crate) fn rounds(run: &Measurement) -> String {
    let noun = match run.order {
        Order::Random => "round",
        Order::Blocked => "run",
    };
    let runs = || run.results.iter().map(|row| row.samples.len()).filter(|&runs| runs > 0);
    match (runs().min(), runs().max()) {
        (Some(1), Some(1)) => format!("one {noun}"),
        (Some(least), Some(most)) if least == most => format!("medians of {}", counted(most, noun)),
        (Some(least), Some(most)) => format!("medians of {least} to {}", counted(most, noun)),
        _ => "nothing measured yet".to_owned(),
    }
}
