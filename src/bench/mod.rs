//! Measuring: what runs when, for how long, and what may be concluded from it.
//!
//! The modules here never print, and do not know what is being timed: a row of a measurement is a
//! number to them, a backend or a transport is a string that comes back in the results. Of the rest
//! of the crate they use what the kernel counts ([`crate::os`]).
//!
//! The way through them: a [`plan`] runs every row many times, in random [`order`], against a
//! [`clock`] and yields samples; [`verdict`] says how rows compare, by the test of [`evidence`];
//! [`conclude`] draws from that what follows for the rows;
//! [`stats`] says in few figures what the runs were like. [`result`] is the plain data of it all,
//! beside the [`environment`], and is also what is saved. From a finished result come its cost
//! [`model`] and its [`warnings`], the chunk sizes to [`refine`] it with, and from two of them their
//! [`diff`].

pub mod clock;
pub mod conclude;
pub mod diff;
pub mod disturbance;
pub mod drift;
pub mod environment;
pub mod evidence;
#[cfg(test)]
pub(crate) mod fixtures;
pub mod model;
mod nnls;
pub mod order;
pub mod plan;
mod quantiles;
pub mod refine;
pub mod result;
pub mod stats;
pub mod verdict;
pub mod warnings;
