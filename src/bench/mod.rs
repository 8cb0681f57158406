//! Measuring: what runs when, for how long, and what may be concluded from it.
//!
//! The modules here never print, and do not know what is being timed: a row of a measurement is a
//! number to them, a backend or a transport is a string that comes back in the results. They use
//! no other part of the crate.
//!
//! The way through them: a [`plan`] runs every row many times against a [`clock`] and yields
//! samples; [`stats`], [`bootstrap`] and [`drift`] say what the samples amount to; [`result`] is
//! the plain data of it all, beside the [`environment`], and is also what is saved. From a finished
//! result come its [`answer`], its cost [`model`] and its [`warnings`]; what to measure next, to
//! [`refine`] it; and from two of them their [`diff`].

pub mod answer;
pub mod bootstrap;
pub mod clock;
pub mod diff;
pub mod disturbance;
pub mod drift;
pub mod environment;
#[cfg(test)]
pub(crate) mod fixtures;
pub mod model;
mod nnls;
pub mod plan;
pub mod refine;
pub mod result;
pub mod stats;
pub mod warnings;
