//! The words of texts: reading a text in [`Passages`], finding its words by [`segment`], and a
//! [`Vocabulary`] that tells which of them are the same.
//!
//! The room knows nothing of hashing or of known lists. It uses [`crate::words`] to open and
//! unpack a text like a list.

mod byte_classes;
mod passages;
pub mod segment;
mod table;
mod vocabulary;

pub use passages::{Next, Passage, PassageRoom, Passages};
pub use vocabulary::{AT_A_TIME, Look, Lookups, MARKS, Mark, Place, Vocabulary};
