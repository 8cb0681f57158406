//! What stands above a table: what was measured, and how much of it.

use super::figure::{counted, time};
use crate::bench::result::{Measurement, Order};

/// Whether a list was loaded: where other programs alone were measured, none need be.
pub(crate) fn has_list(run: &Measurement) -> bool {
    !run.input.path.is_empty()
}

/// What the times of other programs are, where some were measured.
pub(crate) fn programs(run: &Measurement) -> Option<String> {
    run.results.iter().any(|row| row.setting.is_program()).then(|| {
        let start = run
            .process_start
            .map(|start| format!("; starting one that does nothing takes {}", time(start)));
        format!("Times of programs are whole processes{}.", start.unwrap_or_default())
    })
}

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
