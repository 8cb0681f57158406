//! The words of texts: reading a text in [`Passages`], finding its words by [`segment`], and a
//! [`WordCache`] that remembers what is known of each; [`fold`], [`phrases`] and [`addresses`] say
//! what else a word may stand for.
//!
//! The room knows nothing of hashing or of known lists. It uses [`crate::words`] to open and
//! unpack a text like a list.

pub mod addresses;
mod cache;
pub mod fold;
mod passages;
pub mod phrases;
pub mod segment;
mod short_words;

pub use cache::{Cached, Verdict, WordCache};
pub use passages::{Next, Passage, PassageRoom, Passages};
