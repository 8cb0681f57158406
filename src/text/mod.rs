//! The words of texts: reading a text in [`Passages`], finding its words by [`segment`], and a
//! [`WordCache`] that remembers what is known of each.
//!
//! The room knows nothing of hashing or of known lists. It uses [`crate::words`] to open and
//! unpack a text like a list.

mod cache;
mod passages;
pub mod segment;
mod short_words;

pub use cache::{Cached, Verdict, WordCache};
pub use passages::{Next, Passage, PassageRoom, Passages};
