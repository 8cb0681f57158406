//! The ranks of an MPI run, as commands see them: joined at the start, dismissed at the end.

use crate::cli::{Backend, Cli, Command, HowArgs, InputArgs, MemoryArgs};
use crate::session::{Cluster, Follower};

/// What this process is to do.
#[cfg_attr(not(feature = "mpi"), expect(dead_code, reason = "only MPI has ranks"))]
pub(super) enum Role {
    /// There are no ranks.
    Alone,
    /// Rank 0: the command.
    First(Box<dyn Cluster>),
    /// Another rank: what rank 0 says.
    Other(Box<dyn Follower>),
}

/// Joins the other ranks if the command line asks for them.
pub(super) fn join(cli: &Cli) -> anyhow::Result<Role> {
    let (how, input, memory) = match &cli.command {
        None => (&cli.run.how, &cli.run.input, &cli.run.memory),
        Some(Command::Sweep(arguments)) => (&arguments.how, &arguments.input, &arguments.memory),
        Some(Command::Compare(arguments)) => (&arguments.how, &arguments.input, &arguments.memory),
        Some(_) => return Ok(Role::Alone),
    };
    if asks_for_ranks(how) { join_ranks(how, input, memory) } else { Ok(Role::Alone) }
}

fn asks_for_ranks(how: &HowArgs) -> bool {
    how.backend.as_ref().is_some_and(|axis| axis.values().contains(&Backend::Mpi))
}

#[cfg(feature = "mpi")]
fn join_ranks(how: &HowArgs, input: &InputArgs, memory: &MemoryArgs) -> anyhow::Result<Role> {
    use crate::session::ranks;
    let spec = super::input::list_spec(input, memory);
    Ok(match ranks::join(spec, input.distribute, how.timeout)? {
        ranks::Role::First(cluster) => Role::First(cluster),
        ranks::Role::Other(follower) => Role::Other(follower),
    })
}

#[cfg(not(feature = "mpi"))]
fn join_ranks(_: &HowArgs, _: &InputArgs, _: &MemoryArgs) -> anyhow::Result<Role> {
    anyhow::bail!(
        "--backend mpi: this wordhash was built without MPI; build it with `cargo install --path . \
         --features mpi` (Debian: libopenmpi-dev, openmpi-bin, libclang-dev)"
    )
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
pub(super) fn launched_rank() -> Option<u32> {
    ["OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok()?.parse().ok())
}
