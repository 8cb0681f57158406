//! A list whose digests do not fit in memory: hashed window by window, counted by way of the disk.
//!
//! A window is hashed by the chosen backend like a list of its own, with workers of its own: to
//! start them takes milliseconds where a window takes a second, and a window that fails leaves
//! nothing. Chunk sizes such as `even` are those of the window, not of the list. The digests are
//! spread over temporary files before the next window is read. To do so while the next window is
//! hashed would gain nothing: all cores are busy hashing, and `fork` wants no second thread.
//!
//! What is timed is what is timed of any run: `start` and `map` of all windows; `set`, which is
//! here the writing and the counting of the temporary files; and `total`, which leaves out the
//! reading of windows as it leaves out the loading of a list.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::budget::Budget;
use super::config::Config;
use super::counted::counted;
use super::error::SessionError;
use super::list::{List, ListSize, RunResult};
use super::rows;
use crate::backend::{Around, BackendError, Checksum};
use crate::bench::plan::RunParts;
use crate::bench::result::{Disturbance, ProcessRow};
use crate::known::{Spill, SpillError, Spilled};
use crate::os::interrupt::Interrupt;
use crate::os::scratch;
use crate::report::timeline::Timeline;
use crate::words::{LoadError, Window, Windows};

/// A list that is read again for every run.
#[derive(Debug)]
pub struct Windowed {
    windows: Windows,
    /// The first window, until it is asked for.
    first: Option<Window>,
    budget: Budget,
    temp_dir: PathBuf,
    /// What a pass over the whole list found; `None` before there was one.
    size: Option<ListSize>,
    had_byte_order_mark: bool,
}

impl ListSize {
    fn add(&mut self, window: &Window) {
        self.words += window.list.len();
        self.bytes += window.list.loaded_bytes();
    }
}

impl Windowed {
    /// A list whose first window was read.
    pub(super) fn new(
        windows: Windows,
        first: Option<Window>,
        budget: Budget,
        temp_dir: PathBuf,
    ) -> Self {
        let had_byte_order_mark = first.as_ref().is_some_and(|w| w.list.had_byte_order_mark());
        Self { windows, first, budget, temp_dir, size: None, had_byte_order_mark }
    }

    /// Whether the list began with a UTF-8 byte-order mark.
    #[must_use]
    pub fn had_byte_order_mark(&self) -> bool {
        self.had_byte_order_mark
    }

    /// What people are told of a run that did not fit.
    #[must_use]
    pub fn note(&self, spilled: &Spilled) -> String {
        format!(
            "the digests did not fit in {}: {} went through {} temporary files in {}",
            self.budget.limit(),
            crate::size::Size(spilled.bytes),
            spilled.partitions,
            self.temp_dir.display()
        )
    }

    /// How many words the list has, about, as far as that can be known.
    #[must_use]
    pub fn about_words(&self) -> Option<usize> {
        let first = self.first.as_ref().map(|window| &window.list)?;
        scaled(first.len(), first.loaded_bytes(), self.windows.whole_bytes()?)
    }

    /// Reads the list once from end to end, so that its length is known, what is wrong with it
    /// too, and so that it can be read again: what is no file becomes a temporary one.
    ///
    /// # Errors
    ///
    /// When it cannot be read or copied.
    pub fn survey(&mut self, interrupt: &Interrupt) -> Result<ListSize, SessionError> {
        let mut copy = None;
        if !self.windows.can_rewind() {
            copy = Some(temporary(&self.temp_dir, |_| Ok(()))?);
        }
        let mut size = ListSize::default();
        while let Some(window) = self.next_window(interrupt)? {
            size.add(&window);
            if let Some(copy) = &mut copy {
                copy.write_all(window.list.region().frozen_bytes())
                    .map_err(|error| no_copy(&self.temp_dir, error))?;
            }
        }
        if let Some(copy) = copy {
            self.windows = self.windows.again_from(copy.into())?;
        }
        self.size = Some(size);
        Ok(size)
    }

    /// The next window of the pass that is under way; `None` after the last one.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub fn next_window(&mut self, interrupt: &Interrupt) -> Result<Option<Window>, LoadError> {
        match self.first.take() {
            Some(first) => Ok(Some(first)),
            None => self.windows.next_window(self.budget.window(), interrupt),
        }
    }

    /// Makes one run.
    ///
    /// # Errors
    ///
    /// When the run did not come to its end, or the list has changed since it was surveyed.
    pub fn hash(
        &mut self,
        config: &Config,
        around: &Around<'_>,
    ) -> Result<RunResult, SessionError> {
        if self.first.is_none() {
            self.windows.rewind()?;
        }
        let mut run = Run::new(config, around, &self.temp_dir, self.size.is_some())?;
        while let Some(window) = self.next_window(around.interrupt)? {
            let words_so_far = run.size.words + window.list.len();
            let bytes_so_far = self.windows.bytes_read();
            let whole = self.windows.whole_bytes();
            let expected = self
                .size
                .map(|size| size.words)
                .or_else(|| whole.and_then(|whole| scaled(words_so_far, bytes_so_far, whole)));
            run.spill.expect(expected.map(|words| words as u64));
            run.hash(&window)?;
        }
        if let Some(size) = self.size
            && size != run.size
        {
            return Err(SessionError::ListChanged {
                words_before: size.words,
                bytes_before: size.bytes,
                words: run.size.words,
                bytes: run.size.bytes,
            });
        }
        run.count(self.budget.for_counting())
    }
}

/// A temporary file with what `write` writes, to read a list from.
pub(super) fn temporary(
    folder: &Path,
    write: impl FnOnce(&mut File) -> io::Result<()>,
) -> Result<File, SessionError> {
    scratch::unnamed_file(folder)
        .and_then(|mut file| write(&mut file).map(|()| file))
        .map_err(|error| no_copy(folder, error))
}

fn no_copy(folder: &Path, error: io::Error) -> SessionError {
    SessionError::NoCopy { folder: folder.to_owned(), error }
}

impl List for Windowed {
    fn size(&self) -> ListSize {
        self.size.unwrap_or_default()
    }

    fn run(&mut self, config: &Config, around: &Around<'_>) -> Result<RunResult, SessionError> {
        let (result, disturbance) = counted(around.clock, || self.hash(config, around));
        Ok(RunResult { disturbance, ..result? })
    }

    fn record(
        &mut self,
        _: &Config,
        _: &str,
        _: &Around<'_>,
    ) -> Result<Option<Timeline>, SessionError> {
        Ok(None)
    }
}

/// So many words in so many bytes: how many in `whole` bytes?
fn scaled(words: usize, bytes: usize, whole: u64) -> Option<usize> {
    let all = words as u128 * u128::from(whole) / (bytes as u128).max(1);
    usize::try_from(all).ok()
}

/// A run on its way.
struct Run<'a> {
    config: &'a Config,
    around: &'a Around<'a>,
    spill: Spill,
    size: ListSize,
    total: Duration,
    start: Option<Duration>,
    map: Duration,
    set: Duration,
    tasks: Option<usize>,
    processes: Vec<ProcessRow>,
    /// The most that the workers of a window had for themselves.
    private_bytes: u64,
    checksum: Option<Checksum>,
}

impl<'a> Run<'a> {
    fn new(
        config: &'a Config,
        around: &'a Around<'a>,
        temp_dir: &Path,
        compared: bool,
    ) -> Result<Self, SessionError> {
        Ok(Self {
            config,
            around,
            spill: Spill::create(temp_dir, config.set_threads()).map_err(SessionError::Spill)?,
            size: ListSize::default(),
            total: Duration::ZERO,
            start: None,
            map: Duration::ZERO,
            set: Duration::ZERO,
            tasks: None,
            processes: Vec::new(),
            private_bytes: 0,
            checksum: compared.then(Checksum::default),
        })
    }

    fn hash(&mut self, window: &Window) -> Result<(), SessionError> {
        let begin = self.around.clock.now();
        let outcome = self.config.backend()?.run(&window.list, &self.config.work, self.around)?;
        let hashed = self.around.clock.now();
        let interrupt = self.around.interrupt;
        let digests = outcome.digests.as_slice();
        let stop = || interrupt.pending().is_some();
        self.spill.add(digests, &stop).map_err(|error| named(error, interrupt))?;
        let end = self.around.clock.now();
        self.total += end.saturating_sub(begin);
        self.set += end.saturating_sub(hashed);
        if let Some(sum) = &mut self.checksum {
            *sum = sum.and(Checksum::of(digests, window.first_word));
        }
        self.size.add(window);
        self.start = sum(self.start, outcome.start);
        self.map += outcome.map;
        self.tasks = sum(self.tasks, outcome.tasks);
        let private = outcome.processes.iter().filter_map(|worker| worker.private_rss_bytes);
        self.private_bytes = self.private_bytes.max(private.sum());
        self.processes.extend(outcome.processes.iter().map(rows::process_row));
        Ok(())
    }

    fn count(self, memory_bytes: usize) -> Result<RunResult, SessionError> {
        let interrupt = self.around.interrupt;
        let stop = || interrupt.pending().is_some();
        let begin = self.around.clock.now();
        let spilled = self.spill.count(memory_bytes, &stop);
        let spilled = spilled.map_err(|error| named(error, interrupt))?;
        let counting = self.around.clock.now().saturating_sub(begin);
        Ok(RunResult {
            parts: RunParts {
                total: self.total + counting,
                start: self.start,
                map: Some(self.map),
                exchange: None,
                set: Some(self.set + counting),
            },
            disturbance: Disturbance::default(),
            size: self.size,
            distinct: spilled.distinct,
            checksum: self.checksum,
            tasks: self.tasks,
            processes: self.processes,
            private_bytes: self.private_bytes,
            spilled: Some(spilled),
        })
    }
}

/// The sum of what there is.
fn sum<T: std::ops::Add<Output = T>>(one: Option<T>, other: Option<T>) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one + other),
        (one, other) => one.or(other),
    }
}

/// A stop by its signal.
fn named(error: SpillError, interrupt: &Interrupt) -> SessionError {
    match (error, interrupt.pending()) {
        (SpillError::Stopped, Some(signal)) => BackendError::Interrupted { signal }.into(),
        (error, _) => SessionError::Spill(error),
    }
}
