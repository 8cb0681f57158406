//! `wordhash`: hash a list once, print the counts and the time.

use super::cluster::Cluster;
use super::input::Text;
use super::once::once;
use super::rows::empty_row;
use super::{Screen, config, input};
use crate::backend::Around;
use crate::bench::clock::MonotonicClock;
use crate::cli::{RunArgs, When};
use crate::os::interrupt::Interrupt;
use crate::progress::Progress;
use crate::report::{label, plain};

pub(super) fn run(
    arguments: &RunArgs,
    cluster: Option<&Cluster>,
    screen: &mut Screen<'_>,
) -> anyhow::Result<()> {
    screen.quiet = arguments.show.quiet;
    let config = config::single(&arguments.how, cluster.map(Cluster::size))?;
    let interrupt = Interrupt::on_signals()?;
    interrupt.end_at_once(true);
    let memory = (&arguments.memory, config::budget(&arguments.memory, &[config])?);
    let ranks = input::on_ranks(cluster, &[config]);
    let mut input = input::open(&arguments.input, memory, ranks, &interrupt, screen)?;
    let known_words = input.extent().map(|extent| extent.words);
    if let Some(words) = known_words {
        screen.line(plain::loaded_line(words, &input.name))?;
    }

    let about_words = known_words.or_else(|| input.about_words()).unwrap_or(0);
    let progress = Progress::new(about_words, shows_progress(arguments.show.progress, screen));
    let clock = MonotonicClock::new();
    let around = Around {
        clock: &clock,
        progress: &|words| progress.advance(words),
        interrupt: &interrupt,
        recorder: None,
    };
    // Other processes are ended in order; without them there is nothing to put in order.
    interrupt.end_at_once(!config.has_others_to_end());
    let finished = once(&mut input, &config, &around);
    interrupt.end_at_once(true);
    progress.finish();
    let finished = finished?;
    let words = finished.extent.words;
    if known_words.is_none() {
        screen.line(plain::loaded_line(words, &input.name))?;
    }
    if let (Text::Larger(larger), Some(spilled)) = (&input.text, &finished.spilled) {
        screen.note(larger.note(spilled));
    }
    screen.line(plain::done_line(finished.distinct))?;
    let label = label::long(&empty_row(&config, words));
    screen.line(plain::time_line(&label, finished.parts.total))?;
    // The program ends here. Unmapping the digests and the list page by page first would take
    // longer than the kernel takes to drop them all at once.
    std::mem::forget((finished.proof, input.text));
    Ok(())
}

/// Whether the progress bar is shown.
pub(super) fn shows_progress(when: When, screen: &Screen<'_>) -> bool {
    match when {
        When::Always => true,
        When::Never => false,
        When::Auto => screen.err_is_terminal && !screen.quiet,
    }
}
