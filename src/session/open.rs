//! Opening a list for runs: as much of it as fits in memory, on ranks too where they hash it.

use std::fs::File;
use std::io::{self, Seek as _};
use std::path::PathBuf;

use super::budget::Budget;
use super::cluster::{Cluster, RankList};
use super::config::Config;
use super::error::SessionError;
use super::in_memory::InMemory;
use super::list::{List, ListSize, ListSpec};
use super::windowed::{Windowed, temporary};
use crate::generate::{Spec, generate};
use crate::os::interrupt::Interrupt;
use crate::words::{LoadError, Rules, Source, Windows, WordList};

/// A list in this process.
#[derive(Debug)]
pub enum Local {
    /// All of it in memory, with room for all that is made of it.
    InMemory(InMemory),
    /// Read in windows, since more does not fit.
    Windowed(Box<Windowed>),
}

/// A list, wherever the configurations of a table need it.
pub struct Lists<'a> {
    /// In this process; `None` where only ranks hash it.
    local: Option<Local>,
    /// On the ranks of an MPI run; `None` where none hashes it.
    ranks: Option<Box<dyn RankList + 'a>>,
}

/// The ranks that open a list.
#[derive(Clone, Copy)]
pub struct OnRanks<'a> {
    /// The ranks.
    pub cluster: &'a dyn Cluster,
    /// Whether no other configuration needs the list.
    pub alone: bool,
}

impl<'a> Lists<'a> {
    /// No list, where no row needs one.
    #[must_use]
    pub fn none() -> Self {
        Self { local: None, ranks: None }
    }

    /// Opens a list.
    ///
    /// # Errors
    ///
    /// When it cannot be read, here or on a rank.
    pub fn open(
        spec: &ListSpec,
        budget: Budget,
        ranks: Option<OnRanks<'a>>,
        interrupt: &Interrupt,
    ) -> Result<Self, SessionError> {
        let Some(OnRanks { cluster, alone }) = ranks else {
            return Ok(Self { local: Some(Local::open(spec, budget, interrupt)?), ranks: None });
        };
        let on_ranks = cluster.open(spec, interrupt)?;
        let local = if alone {
            None
        } else {
            // The bytes that the ranks have, which may have come from a stream.
            let windows = Windows::of_file(on_ranks.file()?, spec.name(), spec.rules, spec.utf8)?;
            Some(Local::first_window(windows, budget, spec.temp_dir.clone(), interrupt)?)
        };
        Ok(Self { local, ranks: Some(on_ranks) })
    }

    /// The list as a configuration hashes it.
    ///
    /// # Errors
    ///
    /// When the list was not opened where the configuration runs.
    pub fn for_config(&mut self, config: &Config) -> Result<&mut (dyn List + 'a), SessionError> {
        if config.runs_on_ranks() {
            return match &mut self.ranks {
                Some(ranks) => Ok(ranks.as_mut()),
                None => Err(SessionError::NoRanks),
            };
        }
        match &mut self.local {
            Some(Local::InMemory(list)) => Ok(list),
            Some(Local::Windowed(list)) => Ok(list.as_mut()),
            None => Err(SessionError::NoRanks),
        }
    }

    /// How long the list is, which is found out if need be; it can be read any number of times from
    /// then on.
    ///
    /// # Errors
    ///
    /// When it cannot be read to its end.
    pub fn survey(&mut self, interrupt: &Interrupt) -> Result<ListSize, SessionError> {
        match (&mut self.local, &self.ranks) {
            (Some(Local::InMemory(list)), _) => Ok(list.size()),
            (Some(Local::Windowed(list)), _) => list.survey(interrupt),
            (None, Some(ranks)) => Ok(ranks.size()),
            (None, None) => Ok(ListSize::default()),
        }
    }

    /// How many words the list has, about; `None` where that is known only after a run.
    #[must_use]
    pub fn about_words(&self) -> Option<usize> {
        match (&self.local, &self.ranks) {
            (Some(Local::InMemory(list)), _) => Some(list.size().words),
            (Some(Local::Windowed(list)), _) => list.about_words(),
            (None, ranks) => ranks.as_ref().map(|ranks| ranks.size().words),
        }
    }

    /// The list in this process.
    #[must_use]
    pub fn local(&self) -> Option<&Local> {
        self.local.as_ref()
    }

    /// The list that is read in windows, where it is one.
    #[must_use]
    pub fn windowed(&self) -> Option<&Windowed> {
        match &self.local {
            Some(Local::Windowed(list)) => Some(list),
            Some(Local::InMemory(_)) | None => None,
        }
    }

    /// Whether the list began with a UTF-8 byte-order mark.
    #[must_use]
    pub fn had_byte_order_mark(&self) -> bool {
        match (&self.local, &self.ranks) {
            (Some(local), _) => local.had_byte_order_mark(),
            (None, ranks) => ranks.as_ref().is_some_and(|ranks| ranks.had_byte_order_mark()),
        }
    }
}

impl Local {
    /// Opens a list in this process alone.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub fn open(
        spec: &ListSpec,
        budget: Budget,
        interrupt: &Interrupt,
    ) -> Result<Self, SessionError> {
        match &spec.source {
            Some(source) => {
                let windows = Windows::open(source, spec.rules, spec.utf8, interrupt)?;
                Self::first_window(windows, budget, spec.temp_dir.clone(), interrupt)
            }
            None => Self::built_in(spec.rules, budget, spec.temp_dir.clone(), interrupt),
        }
    }

    /// Reads the first window, which may be all there is.
    fn first_window(
        mut windows: Windows,
        budget: Budget,
        temp_dir: PathBuf,
        interrupt: &Interrupt,
    ) -> Result<Self, SessionError> {
        let first = windows.next_window(budget.window(), interrupt)?;
        Ok(match first {
            Some(window) if window.is_last => Self::InMemory(InMemory::new(window.list)),
            first => Self::Windowed(Box::new(Windowed::new(windows, first, budget, temp_dir))),
        })
    }

    /// The list that needs no file; where even that is too large for the memory, a temporary one.
    fn built_in(
        rules: Rules,
        budget: Budget,
        temp_dir: PathBuf,
        interrupt: &Interrupt,
    ) -> Result<Self, SessionError> {
        let name = Source::Path(PathBuf::from(ListSpec::BUILT_IN));
        let no_memory = |error| LoadError::Memory { origin: name.clone(), error };
        let spec = Spec::default();
        let words = generate(&spec).map_err(|error| no_memory(io::Error::other(error)))?;
        let most = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        if budget.window().holds(most(words.most_bytes()), most(spec.words)) {
            let list = WordList::from_writer(rules, |mut sink| words.write_to(&mut sink));
            return Ok(Self::InMemory(InMemory::new(list.map_err(no_memory)?)));
        }
        let mut file: File = temporary(&temp_dir, |file| words.write_to(file))?;
        file.rewind().map_err(no_memory)?;
        let windows = Windows::of_file(file.into(), name, rules, false)?;
        Self::first_window(windows, budget, temp_dir, interrupt)
    }

    /// Whether the list began with a UTF-8 byte-order mark.
    #[must_use]
    pub fn had_byte_order_mark(&self) -> bool {
        match self {
            Self::InMemory(list) => list.words().had_byte_order_mark(),
            Self::Windowed(list) => list.had_byte_order_mark(),
        }
    }
}
