//! The JSON format: the saved form of a measurement, which `show`, `diff` and other programs read.
//!
//! The document is [`Measurement`], field for field; `docs/result.schema.json` describes it. All
//! times are seconds, and what was not measured is `null`, never 0. All samples are in it.

mod check;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::error::Category;

use crate::bench::result::{Measurement, SCHEMA};
use crate::one_line::one_line;

/// Why a document is no result that can be used. Each is the end of a sentence that begins with the
/// name of the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The document has nothing in it.
    #[error("is empty: it is not a wordhash result")]
    Empty,
    /// It ends before the JSON does.
    #[error("is cut off: its JSON does not end (line {line})")]
    Cut {
        /// The last line.
        line: usize,
    },
    /// It is something else than JSON.
    #[error("is not a wordhash result: it is not JSON ({reason})")]
    NotJson {
        /// What was found, and where.
        reason: String,
    },
    /// It is JSON, and something else than a result.
    #[error("is not a wordhash result: {reason}")]
    NotAResult {
        /// What is missing, or of another type.
        reason: String,
    },
    /// It was written before results had a schema number.
    #[error("was written by wordhash {version}, whose results cannot be read: measure again")]
    WithoutSchema {
        /// The version that wrote it.
        version: String,
    },
    /// It has the schema number of another version.
    #[error("has schema {found}, and this version of wordhash reads schema {SCHEMA} only")]
    OtherSchema {
        /// The number, or what stands in its place.
        found: String,
    },
    /// Something in it cannot be true.
    #[error("is not a valid result: {what}")]
    Impossible {
        /// What it is.
        what: String,
    },
}

/// The document, indented, with a line end behind it.
#[must_use]
#[expect(clippy::missing_panics_doc, reason = "it cannot: every key is a string")]
pub fn render(run: &Measurement) -> String {
    let mut text = serde_json::to_string_pretty(run)
        .expect("only maps with keys that are no strings cannot be written");
    text.push('\n');
    text
}

/// What every result has, in this version or another.
#[derive(Deserialize)]
struct Head {
    schema: Option<serde_json::Value>,
    wordhash: Option<String>,
    results: Option<IgnoredAny>,
}

/// Reads a document back, and makes sure that its figures can be true.
///
/// # Errors
///
/// [`ReadError`] where it is no result, or not one that this version can read.
pub fn read(document: impl AsRef<[u8]>) -> Result<Measurement, ReadError> {
    let document = document.as_ref();
    if document.trim_ascii().is_empty() {
        return Err(ReadError::Empty);
    }
    let head: Head = serde_json::from_slice(document).map_err(|error| fault(&error, document))?;
    let number = u64::from(SCHEMA);
    match (head.schema, head.wordhash, head.results) {
        (Some(found), Some(_), _) if found == number => {}
        (Some(found), Some(_), _) => {
            return Err(ReadError::OtherSchema { found: found.to_string() });
        }
        (None, Some(version), Some(_)) => {
            return Err(ReadError::WithoutSchema { version: one_line(&version).into_owned() });
        }
        _ => {
            let reason = "it has no \"schema\" and \"wordhash\"".to_owned();
            return Err(ReadError::NotAResult { reason });
        }
    }
    let run: Measurement =
        serde_json::from_slice(document).map_err(|error| fault(&error, document))?;
    check::check(&run).map_err(|what| ReadError::Impossible { what })?;
    Ok(run)
}

fn fault(error: &serde_json::Error, document: &[u8]) -> ReadError {
    // The text of an error may quote the document.
    let reason = one_line(&error.to_string()).into_owned();
    match error.classify() {
        Category::Eof => ReadError::Cut { line: error.line() },
        Category::Syntax if is_at_the_end(error, document) => ReadError::Cut { line: error.line() },
        Category::Data => ReadError::NotAResult { reason },
        Category::Syntax | Category::Io => ReadError::NotJson { reason },
    }
}

/// Whether only the end of an object is wrong, such as half a number.
fn is_at_the_end(error: &serde_json::Error, document: &[u8]) -> bool {
    let mut lines = document.split(|&byte| byte == b'\n');
    let last = lines.next_back().unwrap_or_default();
    document.trim_ascii_start().starts_with(b"{")
        && error.line() == lines.count() + 1
        && error.column() >= last.len()
}
