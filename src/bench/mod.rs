//! Measuring: what runs when, for how long, and what may be concluded from it.
//!
//! The modules here never print, and do not know what is being timed: a row of a measurement is a
//! number to them, a backend or a transport is a string that comes back in the results. They use
//! no other part of the crate.
//!
//! * [`result`] is the plain data of a finished measurement, which is also what is saved.

pub mod result;
