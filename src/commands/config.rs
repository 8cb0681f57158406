//! From what the command line says to what this machine will do: configurations.

use std::num::{NonZeroU32, NonZeroUsize};

use anyhow::bail;

use crate::backend::{Processes, Work};
use crate::bench::environment;
use crate::chunksize::ChunkSize;
use crate::cli::{self, Axis, HowArgs, MemoryArgs};
use crate::os::free_memory;
use crate::pool::{StartMethod, Transport};
use crate::session::budget::Budget;
use crate::session::{Config, Way};
use crate::sha512::{Engine, EngineKind};

/// What a command takes where the command line is silent.
pub(super) struct Defaults<'a> {
    pub(super) backends: &'a [cli::Backend],
    pub(super) chunk_sizes: &'a [ChunkSize],
}

/// The one configuration of a command that runs once.
pub(super) fn single(how: &HowArgs, ranks: Option<NonZeroUsize>) -> anyhow::Result<Config> {
    let defaults =
        Defaults { backends: &[cli::Backend::Processes], chunk_sizes: &[ChunkSize::Auto] };
    only_one("--workers", how.workers.as_ref())?;
    only_one("--chunksize", how.chunksize.as_ref())?;
    only_one("--backend", how.backend.as_ref())?;
    only_one("--transport", how.transport.as_ref())?;
    only_one("--start-method", how.start_method.as_ref())?;
    only_one("--engine", how.engine.as_ref())?;
    only_one("--rounds", how.rounds.as_ref())?;
    match &all(how, &defaults, ranks)?[..] {
        [only] => Ok(*only),
        several => bail!("one run has one configuration, not {}", several.len()),
    }
}

fn only_one<T: Clone>(option: &str, axis: Option<&Axis<T>>) -> anyhow::Result<()> {
    match axis {
        Some(axis) if axis.only().is_none() => {
            bail!("{option} takes one value here; `wordhash sweep` and `compare` take lists")
        }
        _ => Ok(()),
    }
}

/// All combinations of what the command line lists, in the order of its options; what makes no
/// difference to a backend is not crossed with it. `ranks` says how many there are, where the
/// command can run on the ranks of an MPI run.
pub(super) fn all(
    how: &HowArgs,
    defaults: &Defaults<'_>,
    ranks: Option<NonZeroUsize>,
) -> anyhow::Result<Vec<Config>> {
    let chunk_sizes = values(how.chunksize.as_ref(), defaults.chunk_sizes);
    let backends = if how.serial {
        vec![cli::Backend::Serial]
    } else {
        values(how.backend.as_ref(), defaults.backends)
    };
    let engines = engines(how.engine.as_ref())?;
    let rounds = values(how.rounds.as_ref(), &[NonZeroU32::MIN]);
    let mut configs: Vec<Config> = Vec::new();
    for &backend in &backends {
        for workers in worker_counts(backend, how, ranks)? {
            for &chunksize in &chunk_sizes {
                for way in ways(backend, how) {
                    for &engine in &engines {
                        for &rounds in &rounds {
                            let work = Work { engine, rounds, workers, chunksize };
                            let config = Config { way, work };
                            // A serial run has neither workers nor tasks: one row is all.
                            let known = |other: &Config| {
                                other.is_serial()
                                    && (other.work.engine, other.work.rounds) == (engine, rounds)
                            };
                            if !(config.is_serial() && configs.iter().any(known)) {
                                configs.push(config);
                            }
                        }
                    }
                }
            }
        }
    }
    Ok(configs)
}

/// The same configurations, behind the serial ones with their engines and rounds.
pub(super) fn serial_first(how: &HowArgs, configs: Vec<Config>) -> anyhow::Result<Vec<Config>> {
    let serial = HowArgs { backend: None, serial: true, ..how.clone() };
    let defaults = Defaults { backends: &[], chunk_sizes: &[ChunkSize::Auto] };
    let mut all = all(&serial, &defaults, None)?;
    all.extend(configs.into_iter().filter(|config| !config.is_serial()));
    Ok(all)
}

fn values<T: Clone>(axis: Option<&Axis<T>>, defaults: &[T]) -> Vec<T> {
    axis.map_or(defaults, Axis::values).to_vec()
}

/// How many workers a backend has: those that were asked for, for MPI on every rank.
fn worker_counts(
    backend: cli::Backend,
    how: &HowArgs,
    ranks: Option<NonZeroUsize>,
) -> anyhow::Result<Vec<NonZeroUsize>> {
    match (backend, ranks) {
        (cli::Backend::Mpi, None) => {
            bail!("--backend mpi is for hashing a list once, for sweep and for compare")
        }
        (cli::Backend::Mpi, Some(ranks)) => {
            let threads = values(how.workers.as_ref(), &[NonZeroUsize::MIN]);
            Ok(threads.into_iter().map(|threads| threads.saturating_mul(ranks)).collect())
        }
        _ => Ok(values(how.workers.as_ref(), &[default_workers()])),
    }
}

/// The combinations of transport and start method, where the backend has any.
fn ways(backend: cli::Backend, how: &HowArgs) -> Vec<Way> {
    match backend {
        cli::Backend::Serial => vec![Way::Serial],
        cli::Backend::Threads => vec![Way::Threads],
        cli::Backend::Mpi => vec![Way::Mpi],
        cli::Backend::Processes => {
            let transports = values(how.transport.as_ref(), &[cli::Transport::Shared]);
            let methods = values(how.start_method.as_ref(), &[cli::StartMethod::Spawn]);
            let pairs = transports
                .iter()
                .flat_map(|transport| methods.iter().map(move |method| (*transport, *method)));
            pairs.map(|(transport, method)| processes(transport, method, how)).collect()
        }
    }
}

fn processes(transport: cli::Transport, method: cli::StartMethod, how: &HowArgs) -> Way {
    Way::Processes(Processes {
        transport: match transport {
            cli::Transport::Shared => Transport::Shared,
            cli::Transport::Pipe => Transport::Pipe,
        },
        start_method: match method {
            cli::StartMethod::Spawn => StartMethod::Spawn,
            cli::StartMethod::Fork => StartMethod::Fork,
        },
        retries: how.retries,
        max_tasks_per_worker: how.max_tasks_per_worker.map(|tasks| tasks.get() as u64),
        progress_timeout: how.timeout,
    })
}

fn engines(axis: Option<&Axis<cli::Engine>>) -> anyhow::Result<Vec<Engine>> {
    let mut engines = Vec::new();
    for engine in values(axis, &[cli::Engine::Auto]) {
        let found = match engine {
            cli::Engine::Auto => Engine::detect(),
            cli::Engine::Sha2 => forced(EngineKind::Sha2)?,
            cli::Engine::Avx2 => forced(EngineKind::Avx2)?,
            cli::Engine::Avx512 => forced(EngineKind::Avx512)?,
        };
        if !engines.contains(&found) {
            engines.push(found);
        }
    }
    Ok(engines)
}

fn forced(kind: EngineKind) -> anyhow::Result<Engine> {
    Engine::forced(kind).ok_or_else(|| {
        let known: Vec<&str> = Engine::available().into_iter().map(Engine::name).collect();
        anyhow::anyhow!(
            "--engine {kind}: this machine lacks the instructions; it can run {}",
            known.join(", ")
        )
    })
}

/// The memory for a run of any of the configurations.
pub(super) fn budget(memory: &MemoryArgs, configs: &[Config]) -> anyhow::Result<Budget> {
    // What ranks take is bounded by their number, not by this limit.
    if memory.max_memory.is_some() && configs.iter().any(Config::runs_on_ranks) {
        bail!(
            "--max-memory does not go with --backend mpi: each rank keeps its share of the digests \
             in memory, which is less of them the more ranks there are"
        );
    }
    let configs = || configs.iter().filter(|config| !config.runs_on_ranks());
    let parallel = configs().filter(|config| !config.is_serial());
    let workers = parallel.map(|config| config.work.workers.get()).max().unwrap_or(0);
    let set_threads = configs().map(Config::set_threads).max().unwrap_or(NonZeroUsize::MIN);
    // A list that takes next to nothing is hashed even where next to nothing seems to be free.
    let default = || free_memory::default_limit().max(Budget::least(workers, set_threads));
    let limit = memory.max_memory.unwrap_or_else(default);
    Ok(Budget::new(limit, workers, set_threads)?)
}

/// The physical cores that this process may use.
pub(super) fn default_workers() -> NonZeroUsize {
    NonZeroUsize::new(environment::cores().usable.min(cli::MOST_WORKERS))
        .unwrap_or(NonZeroUsize::MIN)
}
