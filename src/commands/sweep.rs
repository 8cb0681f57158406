//! `wordhash sweep`: many chunk sizes, crossed with whatever else is given as a list.

use std::num::NonZeroUsize;

use super::config::{self, Defaults};
use super::measure::measure;
use super::{Screen, input, rows};
use crate::chunksize::ChunkSize;
use crate::cli::{Backend, SweepArgs};
use crate::interrupt::Interrupt;

/// The tutorial's sizes.
fn tutorial_sizes() -> Vec<ChunkSize> {
    let fixed = [100_000, 50_000, 10_000, 5_000, 1_000, 500];
    let fixed = fixed.into_iter().filter_map(NonZeroUsize::new).map(ChunkSize::Fixed);
    std::iter::once(ChunkSize::Even).chain(fixed).collect()
}

pub(super) fn run(arguments: &SweepArgs, screen: &mut Screen<'_>) -> anyhow::Result<()> {
    screen.quiet = arguments.show.quiet;
    let how = &arguments.how;
    let sizes = tutorial_sizes();
    let defaults = Defaults { backends: &[Backend::Processes], chunk_sizes: &sizes };
    let mut configs = config::all(how, &defaults)?;
    if !arguments.no_serial {
        configs = config::serial_first(how, configs)?;
    }
    let interrupt = Interrupt::on_signals()?;
    interrupt.end_at_once(true);
    let memory = (&arguments.memory, config::budget(&arguments.memory, &configs)?);
    let mut input = input::open(&arguments.input, memory, &interrupt, screen)?;
    let extent = input.survey(&interrupt)?;
    let configs = rows::without_doubles(configs, extent.words);
    measure(input, extent, &configs, (&arguments.measure, &arguments.show), &interrupt, screen)
}
