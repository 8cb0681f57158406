//! Measuring a whole table: the list is opened once, its configurations (other programs among them)
//! run in rounds, and what they gave is recorded and concluded. In memory, in windows, or over the
//! ranks of an MPI run.
//!
//! The room never prints, and knows neither the terminal nor the files that results go to. It puts
//! the rooms below together: [`crate::words`] for the list, [`crate::backend`] to hash,
//! [`crate::known`] to count, [`crate::bench`] for what runs when and what follows.

pub mod budget;
mod cluster;
mod config;
mod counted;
mod error;
mod in_memory;
mod list;
mod measure;
mod open;
pub mod program;
#[cfg(feature = "mpi")]
pub mod ranks;
mod record;
mod row_config;
mod rows;
mod spec;
pub mod template;
mod timelines;
mod windowed;

pub use cluster::{Cluster, Follower, RankList};
pub use config::{Config, Way};
pub use error::{RowFailed, SessionError};
pub use in_memory::{HashedInMemory, InMemory};
pub use list::{List, ListSize, ListSpec, RunResult};
pub use measure::{NoSuchRow, Session, Watch};
pub use open::{Lists, Local, OnRanks};
pub use row_config::RowConfig;
pub use rows::{hash_row, without_doubles};
pub use spec::SessionSpec;
pub use windowed::Windowed;
