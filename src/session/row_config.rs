//! What a row of a table runs: one of wordhash's own ways to hash the list, or another program.

use std::num::NonZeroUsize;

use super::config::Config;
use super::program::ProgramConfig;
use crate::chunksize::ChunkSize;

/// What a row of a table runs.
#[derive(Clone, Debug)]
pub enum RowConfig {
    /// wordhash hashes the list.
    Hash(Config),
    /// Another program does whatever it does.
    Program(ProgramConfig),
}

impl RowConfig {
    /// The same with another number of words in a task.
    #[must_use]
    pub fn with_chunksize(&self, words: NonZeroUsize) -> Self {
        match self {
            Self::Hash(config) => Self::Hash(config.with_chunksize(ChunkSize::Fixed(words))),
            Self::Program(config) => {
                Self::Program(ProgramConfig { chunksize: Some(words), ..config.clone() })
            }
        }
    }

    /// The other program, where one runs.
    #[must_use]
    pub fn program(&self) -> Option<&ProgramConfig> {
        match self {
            Self::Hash(_) => None,
            Self::Program(config) => Some(config),
        }
    }

    /// How wordhash hashes the list, where it does.
    #[must_use]
    pub fn hash(&self) -> Option<&Config> {
        match self {
            Self::Hash(config) => Some(config),
            Self::Program(_) => None,
        }
    }
}
