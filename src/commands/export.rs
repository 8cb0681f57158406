//! Writing results to files: whole ones or none.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::findings::Findings;
use crate::bench::result::Measurement;
use crate::cli::{Export, ExportFormat};
use crate::os::interrupt::Interrupt;
use crate::report::{chart, csv, html, json, markdown, trace};

/// A file of results could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {path}: {error}", path = path.display())]
pub(super) struct ExportError {
    path: PathBuf,
    error: io::Error,
}

/// Finds out before anything is measured whether the files can be written where they are wanted.
pub(super) fn check(exports: &[Export], interrupt: &Interrupt) -> Result<(), ExportError> {
    for Export { path, .. } in exports {
        let failed = |error| ExportError { path: path.clone(), error };
        if path.is_dir() {
            return Err(failed(io::ErrorKind::IsADirectory.into()));
        }
        let beside = beside(path);
        let tried =
            interrupt.hold_off(|| fs::write(&beside, "").and_then(|()| fs::remove_file(&beside)));
        tried.map_err(failed)?;
    }
    Ok(())
}

/// Whether any of the files shows what the workers did.
pub(super) fn want_timelines(exports: &[Export]) -> bool {
    exports.iter().any(|export| export.format.has_timelines())
}

/// Writes all files, each of them even where another cannot be written. Those for which there is
/// nothing to show are given back: a curve needs a chunk size, a trace a timeline. So is the first
/// error.
pub(super) fn write<'a>(
    exports: &'a [Export],
    findings: &Findings,
    interrupt: &Interrupt,
) -> (Vec<&'a Export>, Option<ExportError>) {
    let (mut nothing_to_show, mut failed) = (Vec::new(), None);
    for export in exports {
        match rendered(findings, export.format) {
            None => nothing_to_show.push(export),
            Some(text) => {
                if let Err(error) = replace(&export.path, &text, interrupt) {
                    failed.get_or_insert(error);
                }
            }
        }
    }
    (nothing_to_show, failed)
}

/// Writes those of the files that hold JSON.
pub(super) fn write_json(
    exports: &[Export],
    run: &Measurement,
    interrupt: &Interrupt,
) -> Result<(), ExportError> {
    let text = json::render(run);
    let with_json = exports.iter().filter(|export| export.format == ExportFormat::Json);
    with_json.map(|export| &export.path).try_for_each(|path| replace(path, &text, interrupt))
}

/// Replaces a file: a reader finds the old contents or the new ones, never a part.
fn replace(path: &Path, text: &str, interrupt: &Interrupt) -> Result<(), ExportError> {
    let beside = beside(path);
    // A second signal would end the process with the new file beside the old one.
    let written = interrupt.hold_off(|| {
        let written = fs::write(&beside, text).and_then(|()| fs::rename(&beside, path));
        if written.is_err() {
            // The error that matters is the first one.
            let _ = fs::remove_file(&beside);
        }
        written
    });
    written.map_err(|error| ExportError { path: path.to_owned(), error })
}

/// A name of this process's own in the same folder, where a rename is one step.
fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}", std::process::id()))
}

fn rendered(findings: &Findings, format: ExportFormat) -> Option<String> {
    let report = findings.report();
    Some(match format {
        ExportFormat::Json => json::render(&findings.run),
        ExportFormat::Csv => csv::render(&findings.run),
        ExportFormat::Markdown => markdown::render(&report),
        ExportFormat::Svg => {
            chart::svg::render(&chart::Curve::new(&report)?, chart::svg::Frame::default())
        }
        ExportFormat::Html => html::render(&report),
        ExportFormat::Trace if findings.timelines.is_empty() => return None,
        ExportFormat::Trace => trace::render(&findings.timelines),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn export_to(path: PathBuf) -> Vec<Export> {
        vec![Export { path, format: ExportFormat::Json }]
    }

    #[test]
    fn a_file_that_cannot_be_written_is_found_before_anything_is_measured() {
        let folder = tempfile::tempdir().unwrap();
        let interrupt = Interrupt::manual().unwrap();
        let error =
            check(&export_to(folder.path().join("missing/out.json")), &interrupt).unwrap_err();
        assert!(error.to_string().contains("missing/out.json"), "{error}");
        assert!(check(&export_to(folder.path().to_owned()), &interrupt).is_err(), "a folder");
        check(&export_to(folder.path().join("out.json")), &interrupt).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "a check leaves nothing");
    }
}
