//! `wordhash compare`: serial, threads and processes side by side.

use super::Screen;
use super::config::{self, Defaults};
use super::measure::{Rows, Task, measure};
use super::programs::Programs;
use crate::chunksize::ChunkSize;
use crate::cli::{Backend, CompareArgs};
use crate::session::Cluster;

/// The exit status.
pub(super) fn run(
    arguments: &CompareArgs,
    cluster: Option<&dyn Cluster>,
    screen: &mut Screen<'_>,
) -> anyhow::Result<u8> {
    let defaults = Defaults {
        backends: &[Backend::Serial, Backend::Threads, Backend::Processes],
        chunk_sizes: &[ChunkSize::Auto],
    };
    let (how, programs) = (&arguments.how, &arguments.programs);
    let programs = Programs::new(programs, how, &arguments.input, defaults.chunk_sizes)?;
    let mut configs = Vec::new();
    if programs.leave_own_rows(how) {
        configs = config::all(how, &defaults, cluster.map(Cluster::size))?;
    }
    if programs.is_empty() {
        // Without a serial row there would be no speed-ups to show.
        configs = config::serial_first(how, configs)?;
    }
    let task = Task {
        input: &arguments.input,
        how: &arguments.how,
        memory: &arguments.memory,
        measure: &arguments.measure,
        show: &arguments.show,
        setup: arguments.programs.setup.as_deref(),
        sweep: None,
    };
    measure(&task, Rows { configs, programs }, cluster, screen)
}
