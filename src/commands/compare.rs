//! `wordhash compare`: serial, threads and processes side by side.

use super::Screen;
use super::config::{self, Defaults};
use super::measure::{Task, measure};
use crate::chunksize::ChunkSize;
use crate::cli::{Backend, CompareArgs};
use crate::session::Cluster;

pub(super) fn run(
    arguments: &CompareArgs,
    cluster: Option<&dyn Cluster>,
    screen: &mut Screen<'_>,
) -> anyhow::Result<()> {
    let defaults = Defaults {
        backends: &[Backend::Serial, Backend::Threads, Backend::Processes],
        chunk_sizes: &[ChunkSize::Auto],
    };
    // Without a serial row there would be no speed-ups to show.
    let configs = config::all(&arguments.how, &defaults, cluster.map(Cluster::size))?;
    let configs = config::serial_first(&arguments.how, configs)?;
    let task = Task {
        input: &arguments.input,
        how: &arguments.how,
        memory: &arguments.memory,
        measure: &arguments.measure,
        show: &arguments.show,
        sweep: None,
    };
    measure(&task, configs, cluster, screen)
}
