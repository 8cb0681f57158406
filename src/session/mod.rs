//! Measuring a whole table: what a run may take, and the runs of a list's configurations.
//!
//! The room never prints and knows neither the terminal nor the files that results go to.

pub mod budget;
