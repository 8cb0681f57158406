//! The ranks of an MPI run, as commands see them: joined at the start, dismissed at the end.
//!
//! What is in `joined` needs an MPI to be built with; without the Cargo feature `mpi`, `absent`
//! stands for it, with types that no value has, so that commands need not know the difference.

#[cfg(not(feature = "mpi"))]
mod absent;
#[cfg(feature = "mpi")]
mod joined;

#[cfg(not(feature = "mpi"))]
use absent as present;
#[cfg(feature = "mpi")]
use joined as present;

pub(super) use present::{Assembly, Cluster, Follower};

use crate::cli::{Backend, Cli, Command, HowArgs, InputArgs, MemoryArgs};

/// What this process is to do.
#[cfg_attr(not(feature = "mpi"), expect(dead_code, reason = "nobody joins"))]
pub(super) enum Part {
    /// There are no ranks.
    Alone,
    /// Rank 0: the command.
    First(Box<Cluster>),
    /// Another rank: what rank 0 says.
    Other(Box<Follower>),
}

/// Joins the other ranks if the command line asks for them.
pub(super) fn join(cli: &Cli) -> anyhow::Result<Part> {
    let (how, input, memory) = match &cli.command {
        None => (&cli.run.how, &cli.run.input, &cli.run.memory),
        Some(Command::Sweep(arguments)) => (&arguments.how, &arguments.input, &arguments.memory),
        Some(Command::Compare(arguments)) => (&arguments.how, &arguments.input, &arguments.memory),
        Some(_) => return Ok(Part::Alone),
    };
    if asks_for_ranks(how) { present::join(Asked { how, input, memory }) } else { Ok(Part::Alone) }
}

fn asks_for_ranks(how: &HowArgs) -> bool {
    how.backend.as_ref().is_some_and(|axis| axis.values().contains(&Backend::Mpi))
}

/// The part of the command line that all ranks go by.
#[derive(Clone, Copy)]
#[cfg_attr(not(feature = "mpi"), expect(dead_code, reason = "nobody joins"))]
struct Asked<'a> {
    how: &'a HowArgs,
    input: &'a InputArgs,
    memory: &'a MemoryArgs,
}

/// Whether this process is a rank other than the first, by what its environment says.
pub(super) fn is_other_rank() -> bool {
    launched_rank().is_some_and(|rank| rank > 0)
}

/// How many ranks were started, where whoever did it says so.
pub(super) fn launched_ranks() -> Option<u32> {
    ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok()?.parse().ok())
}

/// For the first of several ranks that nobody told to work together: what to say of that.
pub(super) fn reminder(cli: &Cli) -> Option<String> {
    let quiet = match &cli.command {
        None => cli.run.show.quiet,
        Some(Command::Sweep(arguments)) => arguments.show.quiet,
        Some(Command::Compare(arguments)) => arguments.show.quiet,
        Some(_) => true,
    };
    let ranks = launched_ranks().filter(|&ranks| ranks > 1 && !quiet && !is_other_rank())?;
    Some(format!(
        "{ranks} ranks were started, and each does all of this alone; with --backend mpi they share it"
    ))
}

/// The rank of this process as whoever started it says. Before MPI is joined there is no other way
/// to know, and in a program without MPI none at all.
fn launched_rank() -> Option<u32> {
    ["OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok()?.parse().ok())
}
