//! The JSON format: the saved form of a measurement, which `diff` and other programs read.
//!
//! The document is [`Measurement`], field for field: the docs of the types in
//! [`crate::bench::result`] are its schema. All times are seconds, ratios are times divided by
//! times, and what was not measured is `null`, never 0. All samples are in it.

use crate::bench::result::Measurement;

/// The document, indented, with a line end behind it.
#[must_use]
#[expect(clippy::missing_panics_doc, reason = "it cannot: the type has no map")]
pub fn render(run: &Measurement) -> String {
    let mut text = serde_json::to_string_pretty(run)
        .expect("only maps with keys that are no strings cannot be written, and there is no map");
    text.push('\n');
    text
}

/// Reads a document back.
///
/// # Errors
/// Where the text is no JSON, or not of this shape; the error names line and column.
pub fn read(text: &str) -> Result<Measurement, serde_json::Error> {
    serde_json::from_str(text)
}
