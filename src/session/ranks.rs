//! The ranks of an MPI run that hash a list together.

use std::fs::File;
use std::io::{Seek as _, Write as _};
use std::num::NonZeroUsize;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use super::cluster::{Cluster, Follower, RankList};
use super::config::Config;
use super::counted::counted;
use super::error::SessionError;
use super::list::{List, ListSize, ListSpec, RunResult};
use super::{rows, timelines};
use crate::backend::mpi::{MpiError, RankRecord, Ranks, Reading, SharedList, Spread, Work};
use crate::backend::{Around, BackendError, Lane, Recorder, Span};
use crate::bench::clock::MonotonicClock;
use crate::bench::plan::RunParts;
use crate::bench::result::ProcessRow;
use crate::generate::{Spec, generate};
use crate::os::interrupt::Interrupt;
use crate::os::region::memory_file;
use crate::report::timeline::{self, Phase, Timeline};
use crate::words::parts::ListFile;
use crate::words::{LoadError, Source};

/// After so long without a sign of life a rank is given up, if `--timeout` does not say otherwise.
const SILENCE: Duration = Duration::from_secs(10);

/// Rank 0, and through it the other ranks.
struct First {
    ranks: Ranks,
    distribute: bool,
}

/// A rank other than the first.
struct Other {
    ranks: Ranks,
    spec: ListSpec,
    distribute: bool,
    interrupt: Arc<Interrupt>,
}

/// The ranks with a list open.
struct OpenList<'a> {
    first: &'a First,
    list: SharedList,
}

/// What this process is among the ranks.
pub enum Role {
    /// Rank 0, which decides.
    First(Box<dyn Cluster>),
    /// Another rank, which does what rank 0 says.
    Other(Box<dyn Follower>),
}

/// Joins the ranks that were started with this process; a rank from which nothing is heard for
/// `silence` (ten seconds where that is `None`) ends the run. With `distribute`, rank 0 sends the
/// list to the others.
///
/// # Errors
///
/// When MPI cannot be joined.
pub fn join(
    spec: ListSpec,
    distribute: bool,
    silence: Option<Duration>,
) -> Result<Role, SessionError> {
    let ranks = Ranks::join(silence.unwrap_or(SILENCE)).map_err(explained)?;
    let ranks = ranks.ok_or(SessionError::NoRanks)?;
    // One rank alone may as well read a stream.
    let streams = ranks.size() == 1 && spec.source == Some(Source::StandardInput);
    let distribute = distribute || streams;
    if ranks.rank() == 0 {
        return Ok(Role::First(Box::new(First { ranks, distribute })));
    }
    let interrupt = Interrupt::on_signals().map_err(SessionError::Signals)?;
    Ok(Role::Other(Box::new(Other { ranks, spec, distribute, interrupt })))
}

impl Cluster for First {
    fn size(&self) -> NonZeroUsize {
        NonZeroUsize::new(self.ranks.size()).unwrap_or(NonZeroUsize::MIN)
    }

    fn open<'a>(
        &'a self,
        spec: &ListSpec,
        interrupt: &Interrupt,
    ) -> Result<Box<dyn RankList + 'a>, SessionError> {
        let open = || open_list(spec, interrupt);
        let reading = reading(spec, self.distribute, &open);
        let list = self.ranks.open(reading, spec.utf8, interrupt).map_err(explained)?;
        Ok(Box::new(OpenList { first: self, list }))
    }

    fn dismiss(&self, status: u8) {
        self.ranks.dismiss(status);
    }
}

impl Follower for Other {
    fn obey(&self) -> Result<u8, SessionError> {
        let Self { ranks, spec, distribute, interrupt } = self;
        let open = || open_list(spec, interrupt);
        let reading = reading(spec, *distribute, &open);
        let clock = MonotonicClock::new();
        let around = Around { clock: &clock, progress: &|_| {}, interrupt, recorder: None };
        ranks.obey(reading, spec.utf8, &around).map_err(explained)
    }

    fn abort(&self, status: u8) {
        self.ranks.abort(status);
    }
}

impl List for OpenList<'_> {
    fn size(&self) -> ListSize {
        let bytes = usize::try_from(self.list.file().file_bytes()).unwrap_or(usize::MAX);
        ListSize { words: self.list.words(), bytes }
    }

    fn run(&mut self, config: &Config, around: &Around<'_>) -> Result<RunResult, SessionError> {
        let (spread, disturbance) = counted(around.clock, || self.hash(config, around));
        let spread = spread?;
        Ok(RunResult {
            disturbance,
            parts: RunParts {
                total: spread.total(),
                start: spread.part("start"),
                map: spread.part("map"),
                exchange: spread.part("exchange"),
                set: spread.part("set"),
            },
            size: self.size(),
            distinct: spread.distinct,
            checksum: Some(spread.checksum),
            tasks: Some(spread.tasks),
            processes: spread.ranks.iter().map(process_row).collect(),
            private_bytes: 0,
            spilled: None,
        })
    }

    fn record(
        &mut self,
        config: &Config,
        label: &str,
        around: &Around<'_>,
    ) -> Result<Option<Timeline>, SessionError> {
        // Ranks send their spans where a recorder is there.
        let recorder = Recorder::default();
        let around = Around { recorder: Some(&recorder), ..*around };
        let spread = self.hash(config, &around)?;
        let since = |time: Duration| time.saturating_sub(spread.begun);
        let phases = spread.phases.iter().map(|&(name, begin, end)| Phase {
            name: name.to_owned(),
            begin: since(begin),
            end: since(end),
        });
        let threads = self.threads(config).get();
        Ok(Some(Timeline {
            label: label.to_owned(),
            total: spread.total(),
            phases: phases.collect(),
            lanes: lanes(&spread, threads),
        }))
    }
}

impl RankList for OpenList<'_> {
    fn had_byte_order_mark(&self) -> bool {
        self.list.file().had_byte_order_mark()
    }

    fn file(&self) -> Result<OwnedFd, SessionError> {
        let origin = self.list.file().origin();
        let rewound = self.list.file().duplicate().and_then(|file| {
            let mut file = File::from(file);
            file.rewind().map(|()| file)
        });
        match rewound {
            Ok(file) => Ok(file.into()),
            Err(error) => Err(LoadError::Read { origin: origin.clone(), error }.into()),
        }
    }
}

impl OpenList<'_> {
    fn hash(&self, config: &Config, around: &Around<'_>) -> Result<Spread, SessionError> {
        let work = Work {
            engine: config.work.engine.kind(),
            rounds: config.work.rounds,
            threads: self.threads(config),
            chunksize: config.work.chunksize,
        };
        self.first.ranks.hash(&self.list, &work, around).map_err(explained)
    }

    /// The threads of each rank.
    fn threads(&self, config: &Config) -> NonZeroUsize {
        let threads = config.work.workers.get() / self.first.ranks.size();
        NonZeroUsize::new(threads).unwrap_or(NonZeroUsize::MIN)
    }
}

/// How the ranks get the list.
fn reading<'a>(
    spec: &'a ListSpec,
    distribute: bool,
    open: &'a (dyn Fn() -> Result<ListFile, LoadError> + Sync),
) -> Reading<'a> {
    match &spec.source {
        Some(source) if distribute => {
            Reading::FirstSends { source, rules: spec.rules, temp_dir: &spec.temp_dir }
        }
        // There is nothing to send of the built-in list: every rank makes it.
        _ => Reading::Each(open),
    }
}

fn open_list(spec: &ListSpec, interrupt: &Interrupt) -> Result<ListFile, LoadError> {
    let name = spec.name();
    if spec.source.is_some() {
        return ListFile::open(&name, spec.rules, interrupt);
    }
    let made = || {
        let words = generate(&Spec::default()).map_err(std::io::Error::other)?;
        let mut file = std::io::BufWriter::new(File::from(memory_file()?));
        words.write_to(&mut file)?;
        file.flush()?;
        file.into_inner().map_err(std::io::IntoInnerError::into_error)
    };
    let file = made().map_err(|error| LoadError::Memory { origin: name.clone(), error })?;
    ListFile::of_file(file.into(), name, spec.rules)
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

/// A request to stop is the same error as in any other run.
fn explained(error: MpiError) -> SessionError {
    match error {
        MpiError::Interrupted { signal } => BackendError::Interrupted { signal }.into(),
        other => SessionError::Mpi(other),
    }
}
