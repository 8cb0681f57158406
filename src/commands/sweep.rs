//! `wordhash sweep`: many chunk sizes, crossed with whatever else is given as a list.

use std::num::NonZeroUsize;

use super::Screen;
use super::config::{self, Defaults};
use super::measure::{Rows, Sweep, Task, measure};
use super::programs::Programs;
use crate::chunksize::ChunkSize;
use crate::cli::{Backend, SweepArgs};
use crate::session::Cluster;

/// The tutorial's sizes.
fn tutorial_sizes() -> Vec<ChunkSize> {
    let fixed = [100_000, 50_000, 10_000, 5_000, 1_000, 500];
    let fixed = fixed.into_iter().filter_map(NonZeroUsize::new).map(ChunkSize::Fixed);
    std::iter::once(ChunkSize::Even).chain(fixed).collect()
}

/// The exit status.
pub(super) fn run(
    arguments: &SweepArgs,
    cluster: Option<&dyn Cluster>,
    screen: &mut Screen<'_>,
) -> anyhow::Result<u8> {
    let sizes = tutorial_sizes();
    let defaults = Defaults { backends: &[Backend::Processes], chunk_sizes: &sizes };
    let programs = Programs::new(&arguments.programs, &arguments.how, &arguments.input, &sizes)?;
    let mut configs = Vec::new();
    if programs.leave_own_rows(&arguments.how) {
        configs = config::all(&arguments.how, &defaults, cluster.map(Cluster::size))?;
    }
    if !arguments.no_serial && programs.is_empty() {
        configs = config::serial_first(&arguments.how, configs)?;
    }
    let task = Task {
        input: &arguments.input,
        how: &arguments.how,
        memory: &arguments.memory,
        measure: &arguments.measure,
        show: &arguments.show,
        setup: arguments.programs.setup.as_deref(),
        sweep: Some(Sweep { refine: arguments.refine, chart: !arguments.no_chart }),
    };
    measure(&task, Rows { configs, programs }, cluster, screen)
}
