//! The ranks of this MPI run.

use std::fs::File;
use std::io::{Seek as _, Write as _};
use std::num::NonZeroUsize;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;

use super::{Asked, Part, launched_rank};
use crate::backend::mpi::{MpiError, RankRecord, Ranks, Reading, SharedList, Spread, Work};
use crate::backend::{Around, BackendError, Lane, Span};
use crate::bench::clock::MonotonicClock;
use crate::bench::plan::RunParts;
use crate::bench::result::ProcessRow;
use crate::commands::config::Config;
use crate::commands::input::Wanted;
use crate::commands::larger::Extent;
use crate::commands::once::{Finished, Proof};
use crate::commands::{rows, timelines};
use crate::generate::{Spec, generate};
use crate::os::interrupt::Interrupt;
use crate::os::region::memory_file;
use crate::report::timeline::{self, Phase, Timeline};
use crate::words::parts::ListFile;
use crate::words::{LoadError, Source};

/// After so long without a sign of life a rank is given up, if `--timeout` does not say otherwise.
const SILENCE: Duration = Duration::from_secs(10);

/// Rank 0, and by way of it the others.
pub(in crate::commands) struct Cluster {
    ranks: Ranks,
    distribute: bool,
}

/// A rank other than the first.
pub(in crate::commands) struct Follower {
    ranks: Ranks,
    wanted: Wanted,
    distribute: bool,
    interrupt: Arc<Interrupt>,
}

/// The ranks with a list open.
pub(in crate::commands) struct Assembly<'a> {
    cluster: &'a Cluster,
    list: SharedList,
}

pub(super) fn join(asked: Asked<'_>) -> anyhow::Result<Part> {
    let silence = asked.how.timeout.unwrap_or(SILENCE);
    let ranks = Ranks::join(silence).map_err(explained)?;
    let ranks = ranks.context("this process has joined an MPI run before")?;
    let wanted = Wanted::new(asked.input, asked.memory);
    // One rank alone may as well read a stream.
    let streams = ranks.size() == 1 && wanted.source == Some(Source::StandardInput);
    let distribute = asked.input.distribute || streams;
    if ranks.rank() == 0 {
        return Ok(Part::First(Box::new(Cluster { ranks, distribute })));
    }
    let interrupt = Interrupt::on_signals()?;
    Ok(Part::Other(Box::new(Follower { ranks, wanted, distribute, interrupt })))
}

impl Cluster {
    /// How many ranks there are.
    pub(in crate::commands) fn size(&self) -> NonZeroUsize {
        NonZeroUsize::new(self.ranks.size()).unwrap_or(NonZeroUsize::MIN)
    }

    /// Whether somebody else started this process as one of several, or may have.
    pub(in crate::commands) fn is_launched(&self) -> bool {
        self.ranks.size() > 1 || launched_rank().is_some()
    }

    /// Opens the list on all ranks.
    pub(in crate::commands) fn open(
        &self,
        wanted: &Wanted,
        interrupt: &Interrupt,
    ) -> anyhow::Result<Assembly<'_>> {
        let open = || open_list(wanted, interrupt);
        let reading = reading(wanted, self.distribute, &open);
        let list = self.ranks.open(reading, wanted.utf8, interrupt).map_err(explained)?;
        Ok(Assembly { cluster: self, list })
    }

    /// Ends the other ranks, with this exit status.
    pub(in crate::commands) fn dismiss(&self, status: u8) {
        self.ranks.dismiss(status);
    }
}

impl Follower {
    /// Does what rank 0 says until the end; the exit status.
    pub(in crate::commands) fn obey(&self) -> anyhow::Result<u8> {
        let Self { ranks, wanted, distribute, interrupt } = self;
        let open = || open_list(wanted, interrupt);
        let reading = reading(wanted, *distribute, &open);
        let clock = MonotonicClock::new();
        let around = Around { clock: &clock, progress: &|_| {}, interrupt, recorder: None };
        ranks.obey(reading, wanted.utf8, &around).map_err(explained)
    }

    /// Ends all ranks on the spot.
    pub(in crate::commands) fn abort(&self, status: u8) {
        self.ranks.abort(status);
    }
}

impl Assembly<'_> {
    /// How long the list is.
    pub(in crate::commands) fn extent(&self) -> Extent {
        let bytes = usize::try_from(self.list.file().file_bytes()).unwrap_or(usize::MAX);
        Extent { words: self.list.words(), bytes }
    }

    pub(in crate::commands) fn had_byte_order_mark(&self) -> bool {
        self.list.file().had_byte_order_mark()
    }

    /// The list, to be read from its start by this process alone.
    pub(in crate::commands) fn file(&self) -> anyhow::Result<OwnedFd> {
        let mut file = File::from(self.list.file().duplicate()?);
        file.rewind()?;
        Ok(file.into())
    }

    /// Makes one run.
    pub(in crate::commands) fn once(
        &self,
        config: &Config,
        around: &Around<'_>,
    ) -> anyhow::Result<Finished> {
        let spread = self.hash(config, around)?;
        Ok(Finished {
            parts: RunParts {
                total: spread.total(),
                start: spread.part("start"),
                map: spread.part("map"),
                exchange: spread.part("exchange"),
                set: spread.part("set"),
            },
            extent: self.extent(),
            distinct: spread.distinct,
            proof: Proof::Checksum(Some(spread.checksum)),
            tasks: Some(spread.tasks),
            processes: spread.ranks.iter().map(process_row).collect(),
            private_bytes: 0,
            spilled: None,
        })
    }

    /// Makes one run and takes down who worked when.
    pub(in crate::commands) fn timeline(
        &self,
        config: &Config,
        label: String,
        around: &Around<'_>,
    ) -> anyhow::Result<Timeline> {
        let spread = self.hash(config, around)?;
        let since = |time: Duration| time.saturating_sub(spread.begun);
        let phases = spread.phases.iter().map(|&(name, begin, end)| Phase {
            name: name.to_owned(),
            begin: since(begin),
            end: since(end),
        });
        let threads = self.threads(config).get();
        Ok(Timeline {
            label,
            total: spread.total(),
            phases: phases.collect(),
            lanes: lanes(&spread, threads),
        })
    }

    fn hash(&self, config: &Config, around: &Around<'_>) -> anyhow::Result<Spread> {
        let work = Work {
            engine: config.work.engine.kind(),
            rounds: config.work.rounds,
            threads: self.threads(config),
            chunksize: config.work.chunksize,
        };
        self.cluster.ranks.hash(&self.list, &work, around).map_err(explained)
    }

    /// The threads of each rank.
    fn threads(&self, config: &Config) -> NonZeroUsize {
        let threads = config.work.workers.get() / self.cluster.ranks.size();
        NonZeroUsize::new(threads).unwrap_or(NonZeroUsize::MIN)
    }
}

/// How the ranks get the list.
fn reading<'a>(
    wanted: &'a Wanted,
    distribute: bool,
    open: &'a (dyn Fn() -> Result<ListFile, LoadError> + Sync),
) -> Reading<'a> {
    match &wanted.source {
        Some(source) if distribute => {
            Reading::FirstSends { source, rules: wanted.rules, temp_dir: &wanted.temp_dir }
        }
        // There is nothing to send of the built-in list: every rank makes it.
        _ => Reading::Each(open),
    }
}

fn open_list(wanted: &Wanted, interrupt: &Interrupt) -> Result<ListFile, LoadError> {
    let name = wanted.name();
    if wanted.source.is_some() {
        return ListFile::open(&name, wanted.rules, interrupt);
    }
    let made = || {
        let words = generate(&Spec::default()).map_err(std::io::Error::other)?;
        let mut file = std::io::BufWriter::new(File::from(memory_file()?));
        words.write_to(&mut file)?;
        file.flush()?;
        file.into_inner().map_err(std::io::IntoInnerError::into_error)
    };
    let file = made().map_err(|error| LoadError::Memory { origin: name.clone(), error })?;
    ListFile::of_file(file.into(), name, wanted.rules)
}

fn process_row(record: &RankRecord) -> ProcessRow {
    ProcessRow {
        host: Some(record.place.host.clone()),
        rank: Some(record.place.rank),
        ..rows::process_row(&record.worker)
    }
}

/// A lane for each thread of each rank.
fn lanes(spread: &Spread, threads: usize) -> Vec<timeline::Lane> {
    let workers: Vec<Lane> = (0..spread.ranks.len())
        .flat_map(|rank| (0..threads).map(move |thread| Lane::Rank(rank, thread)))
        .collect();
    let mut spans: Vec<Span> = spread.spans.clone();
    spans.sort_by_key(|span| span.begin);
    let lanes = timelines::lanes(&spans, &workers, spread.begun);
    let named = lanes.into_iter().zip(workers).map(|(mut lane, worker)| {
        if let Lane::Rank(rank, thread) = worker {
            let RankRecord { place, worker } = &spread.ranks[rank];
            lane.pid = Some(worker.pid);
            lane.given_name = Some(match threads {
                1 => place.to_string(),
                _ => format!("{place}, thread {}", thread + 1),
            });
        }
        lane
    });
    named.collect()
}

/// A request to stop is told like any other.
fn explained(error: MpiError) -> anyhow::Error {
    match error {
        MpiError::Interrupted { signal } => BackendError::Interrupted { signal }.into(),
        other => other.into(),
    }
}
