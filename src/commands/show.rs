//! `wordhash show`: a saved result printed and exported again.

use anyhow::bail;

use super::findings::Findings;
use super::{Screen, export, measure, saved};
use crate::cli::{Export, ExportFormat, ShowResultArgs};
use crate::os::interrupt::Interrupt;

/// Prints what the sweep printed, and writes the same files.
pub(super) fn run(arguments: &ShowResultArgs, screen: &mut Screen<'_>) -> anyhow::Result<()> {
    screen.quiet = arguments.quiet;
    let exports = &arguments.export;
    if let Some(Export { path, .. }) =
        exports.iter().find(|export| export.format == ExportFormat::Trace)
    {
        bail!(
            "cannot write {}: a trace is recorded while workers run, and a saved result has none; \
             give --export to `wordhash sweep`",
            path.display()
        );
    }
    let interrupt = Interrupt::on_signals()?;
    interrupt.end_at_once(true);
    export::check(exports, &interrupt)?;
    let findings = Findings::saved(saved::read(&arguments.result)?);
    let (nothing_to_show, failed) = export::write(exports, &findings, &interrupt);
    for Export { path, .. } in nothing_to_show {
        screen.note(format_args!("{} is not written: no chunk sizes to draw", path.display()));
    }
    let chart = findings.is_sweep() && !arguments.no_chart;
    measure::print(&findings, arguments.format, chart, screen)?;
    failed.map_or(Ok(()), |error| Err(error.into()))
}
