//! Long lists of results as bytes, written as they come: the digests of a list, the unknown words
//! of a text.
//!
//! The room knows nothing of how digests are computed or of how words are looked up. It uses
//! [`crate::words`] and [`crate::text`] to show a word.

pub mod digests;
pub mod excerpt;
pub mod unknown;
