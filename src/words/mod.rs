//! What a word is, and where word lists come from.
//!
//! The room knows nothing of hashing and of processes.

pub mod generate;
