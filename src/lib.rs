//! wordhash hashes word lists with SHA-512: serially, on threads, or across a pool of worker
//! processes, and measures what the way of running costs.
//!
//! The library is the product; the binary only parses its arguments and calls [`commands`]. The
//! library never prints by itself and never exits the process.

pub mod backend;
pub mod bench;
pub mod chunksize;
pub mod cli;
pub mod commands;
pub mod generate;
pub mod known;
pub mod listing;
mod one_line;
pub mod os;
pub mod pool;
pub mod progress;
pub mod report;
pub mod session;
pub mod sha512;
mod shell_word;
pub mod size;
pub mod text;
pub mod words;
