//! `wordhash compare`: serial, threads and processes side by side.

use super::config::{self, Defaults};
use super::measure::measure;
use super::{Screen, input, rows};
use crate::chunksize::ChunkSize;
use crate::cli::{Backend, CompareArgs};
use crate::interrupt::Interrupt;

pub(super) fn run(arguments: &CompareArgs, screen: &mut Screen<'_>) -> anyhow::Result<()> {
    screen.quiet = arguments.show.quiet;
    let defaults = Defaults {
        backends: &[Backend::Serial, Backend::Threads, Backend::Processes],
        chunk_sizes: &[ChunkSize::Auto],
    };
    // Without a serial row there would be no speed-ups to show.
    let configs = config::serial_first(&arguments.how, config::all(&arguments.how, &defaults)?)?;
    let interrupt = Interrupt::on_signals()?;
    interrupt.end_at_once(true);
    let memory = (&arguments.memory, config::budget(&arguments.memory, &configs)?);
    let mut input = input::open(&arguments.input, memory, &interrupt, screen)?;
    let extent = input.survey(&interrupt)?;
    let configs = rows::without_doubles(configs, extent.words);
    measure(input, extent, &configs, (&arguments.measure, &arguments.show), &interrupt, screen)
}
