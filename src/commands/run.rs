//! `wordhash`: hash a list once, print the counts and the time.

use super::{Screen, config, input};
use crate::backend::Around;
use crate::bench::clock::MonotonicClock;
use crate::cli::{RunArgs, When};
use crate::os::interrupt::Interrupt;
use crate::progress::Progress;
use crate::report::{label, plain};
use crate::session::{Cluster, Config, Lists, Local, RunResult, SessionError, hash_row};

pub(super) fn run(
    arguments: &RunArgs,
    cluster: Option<&dyn Cluster>,
    screen: &mut Screen<'_>,
) -> anyhow::Result<()> {
    screen.quiet = arguments.show.quiet;
    let config = config::single(&arguments.how, cluster.map(Cluster::size))?;
    let interrupt = Interrupt::on_signals()?;
    interrupt.end_at_once(true);
    let budget = config::budget(&arguments.memory, &[config])?;
    let spec = input::list_spec(&arguments.input, &arguments.memory);
    let on = (cluster, &[config][..]);
    let mut lists = input::open(&arguments.input, &spec, budget, on, &interrupt, screen)?;
    let name = spec.name().to_string();
    // The length of a list that is read in windows is known at the end.
    let known_words = if lists.windowed().is_some() { None } else { lists.about_words() };
    if let Some(words) = known_words {
        screen.line(plain::loaded_line(words, &name))?;
    }

    let shown = shows_progress(arguments.show.progress, screen);
    let progress = Progress::new(lists.about_words().unwrap_or(0), shown);
    let clock = MonotonicClock::new();
    let around = Around {
        clock: &clock,
        progress: &|words| progress.advance(words),
        interrupt: &interrupt,
        recorder: None,
    };
    // Other processes are ended in order; without them there is nothing to put in order.
    interrupt.end_at_once(!config.has_others_to_end());
    let result = hash(&mut lists, &config, &around);
    interrupt.end_at_once(true);
    progress.finish();
    let result = result?;
    if known_words.is_none() {
        screen.line(plain::loaded_line(result.size.words, &name))?;
    }
    if let (Some(windowed), Some(spilled)) = (lists.windowed(), &result.spilled) {
        screen.note(windowed.note(spilled));
    }
    screen.line(plain::done_line(result.distinct))?;
    let label = label::long(&hash_row(&config, result.size.words));
    screen.line(plain::time_line(&label, result.parts.total))?;
    // The program ends here. Unmapping the list page by page first would take longer than the
    // kernel takes to drop it all at once.
    std::mem::forget(lists);
    Ok(())
}

/// Hashes the list once. The digests of a list in memory are left to the end of the program, like
/// the list; nobody compares their checksum.
fn hash(
    lists: &mut Lists<'_>,
    config: &Config,
    around: &Around<'_>,
) -> Result<RunResult, SessionError> {
    if let (Some(Local::InMemory(list)), false) = (lists.local(), config.runs_on_ranks()) {
        let hashed = list.hash(config, around)?;
        std::mem::forget(hashed.digests);
        return Ok(hashed.result);
    }
    lists.for_config(config)?.run(config, around)
}

/// Whether the progress bar is shown.
pub(super) fn shows_progress(when: When, screen: &Screen<'_>) -> bool {
    match when {
        When::Always => true,
        When::Never => false,
        When::Auto => screen.err_is_terminal && !screen.quiet,
    }
}
