//! What the kernel gives: shared and private memory, huge pages, temporary files, signals, free
//! memory, threads, prefetching, and what the kernel counts. Each facility is asked for in one file,
//! with its fallback where the system lacks it.
//!
//! The room does not know what any of it is used for, and uses no other room.

pub mod accounting;
pub mod child;
pub mod free_memory;
pub mod interrupt;
pub mod peak_memory;
pub(crate) mod prefetch;
pub mod region;
pub mod scratch;
pub(crate) mod threads;
