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
pub mod interrupt;
pub mod known;
pub mod memory;
mod numbers;
pub mod pool;
mod prefetch;
pub mod progress;
pub mod region;
pub mod report;
pub mod scratch;
pub mod sha512;
pub mod size;
pub mod words;
