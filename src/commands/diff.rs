//! `wordhash diff`: two saved results beside each other.

use anyhow::bail;

use super::saved::{is_standard_input, read};
use super::{DONE, REFUSED, Screen};
use crate::bench::diff::diff;
use crate::cli::DiffArgs;
use crate::report;

/// The exit status: whether a row has become slower by more than is allowed.
pub(super) fn run(arguments: &DiffArgs, screen: &mut Screen<'_>) -> anyhow::Result<u8> {
    if is_standard_input(&arguments.old) && is_standard_input(&arguments.new) {
        bail!("only one of the two results can be standard input (-)");
    }
    let (old, new) = (read(&arguments.old)?, read(&arguments.new)?);
    let difference = diff(&old, &new)?;
    screen.text(report::diff::render(&difference, screen.width))?;
    let Some(limit) = arguments.fail_above else { return Ok(DONE) };
    if difference.pairs.iter().all(|pair| pair.interval().is_none()) {
        screen.note("--fail-above has no effect: no row has an interval in both results");
    }
    let percent = limit * 100.0;
    let slower: Vec<&str> =
        difference.regressions(percent).map(|pair| pair.label.as_str()).collect();
    if slower.is_empty() {
        return Ok(DONE);
    }
    screen.note(format_args!("slower by more than {percent}%: {}", slower.join("; ")));
    Ok(REFUSED)
}
