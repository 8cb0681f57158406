//! `wordhash sweep`: many chunk sizes, crossed with whatever else is given as a list.

use std::num::NonZeroUsize;

use super::Screen;
use super::config::{self, Defaults};
use super::measure::{Sweep, Task, measure};
use crate::chunksize::ChunkSize;
use crate::cli::{Backend, SweepArgs};
use crate::session::Cluster;

/// The tutorial's sizes.
fn tutorial_sizes() -> Vec<ChunkSize> {
    let fixed = [100_000, 50_000, 10_000, 5_000, 1_000, 500];
    let fixed = fixed.into_iter().filter_map(NonZeroUsize::new).map(ChunkSize::Fixed);
    std::iter::once(ChunkSize::Even).chain(fixed).collect()
}

pub(super) fn run(
    arguments: &SweepArgs,
    cluster: Option<&dyn Cluster>,
    screen: &mut Screen<'_>,
) -> anyhow::Result<()> {
    let sizes = tutorial_sizes();
    let defaults = Defaults { backends: &[Backend::Processes], chunk_sizes: &sizes };
    let mut configs = config::all(&arguments.how, &defaults, cluster.map(Cluster::size))?;
    if !arguments.no_serial {
        configs = config::serial_first(&arguments.how, configs)?;
    }
    let task = Task {
        input: &arguments.input,
        how: &arguments.how,
        memory: &arguments.memory,
        measure: &arguments.measure,
        show: &arguments.show,
        sweep: Some(Sweep { refine: arguments.refine, chart: !arguments.no_chart }),
    };
    measure(&task, configs, cluster, screen)
}
