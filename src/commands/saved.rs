//! Saved results, read from files or from standard input.

use std::io::{self, Read as _};
use std::path::Path;

use anyhow::{Context as _, anyhow};

use crate::bench::result::Measurement;
use crate::report::json;

/// Whether a path stands for standard input.
pub(super) fn is_standard_input(path: &Path) -> bool {
    path == Path::new("-")
}

/// The result that was saved there; `-` is standard input.
///
/// # Errors
///
/// When it cannot be read, or is no result. The error names the file.
pub(super) fn read(path: &Path) -> anyhow::Result<Measurement> {
    let (name, document) = if is_standard_input(path) {
        let mut document = Vec::new();
        let read = io::stdin().lock().read_to_end(&mut document).map(|_| document);
        ("standard input".to_owned(), read)
    } else {
        (path.display().to_string(), std::fs::read(path))
    };
    let document = document.with_context(|| format!("cannot read {name}"))?;
    json::read(document).map_err(|error| anyhow!("{name} {error}"))
}
