//! wordhash hashes word lists with SHA-512: serially, on threads, or across a pool of worker
//! processes, and measures what the way of running costs.
//!
//! The library is the product; the binary only parses its arguments and calls [`commands`]. The
//! library never prints by itself and never exits the process.

pub mod interrupt;
pub mod pool;
pub mod region;
pub mod sha512;
