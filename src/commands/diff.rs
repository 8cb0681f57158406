//! `wordhash diff`: two saved results beside each other.

use std::path::Path;

use anyhow::Context as _;

use super::{DONE, REFUSED, Screen};
use crate::bench::diff::diff;
use crate::bench::result::Measurement;
use crate::cli::DiffArgs;
use crate::report::{self, json};

/// The exit status: whether a row has become slower by more than is allowed.
pub(super) fn run(arguments: &DiffArgs, screen: &mut Screen<'_>) -> anyhow::Result<u8> {
    let (old, new) = (read(&arguments.old)?, read(&arguments.new)?);
    let difference = diff(&old, &new)?;
    screen.text(report::diff::render(&difference))?;
    let Some(limit) = arguments.fail_above else { return Ok(DONE) };
    let slower: Vec<&str> =
        difference.regressions(limit * 100.0).map(|pair| pair.label.as_str()).collect();
    if slower.is_empty() {
        return Ok(DONE);
    }
    screen.note(format_args!("slower by more than {} %: {}", limit * 100.0, slower.join("; ")));
    Ok(REFUSED)
}

fn read(path: &Path) -> anyhow::Result<Measurement> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    json::read(&text)
        .with_context(|| format!("{} is no result that wordhash saved as JSON", path.display()))
}
