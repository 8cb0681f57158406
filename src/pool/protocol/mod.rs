//! What a parent and its workers agree on: frames, the socket and the rings they travel through,
//! how values lie in bytes, and where a function is found in the program both of them run.
//!
//! It knows nothing of processes, of scheduling, or of what a job makes of its bytes.

pub(super) mod answer;
pub(super) mod code;
pub(super) mod codec;
pub mod frame;
pub(super) mod ring;
pub(super) mod socket;
pub(super) mod start;
