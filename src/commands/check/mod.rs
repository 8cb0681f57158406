//! `wordhash check`: the words of a text that are in no known list.
//!
//! The known lists are hashed once, by the chosen backend, and stay as a set of digests
//! (`known_words`). Texts are read passage by passage, as many at a time as keep all threads busy,
//! and checked on as many threads as there are workers (`checker`). What is unknown is written in
//! the order of the text (`writer`).
//!
//! So the words of texts are hashed on threads where processes are the backend, too. Most passages
//! have so few new words that a worker process would be asked for each of them sooner than the
//! thread that found them has hashed them; and processes that are forked need a program without
//! threads, which means that nothing could be done meanwhile.

mod checker;
mod known_words;
mod writer;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};

use super::command_line::way_round;
use super::config;
use super::run::shows_progress;
use super::{DONE, FAILED, REFUSED, Screen};
use crate::backend::BackendError;
use crate::cli::{CheckArgs, MemoryArgs, When};
use crate::listing::unknown::{KnownLists, Summary};
use crate::os::interrupt::Interrupt;
use crate::os::threads::{Threads, with_threads};
use crate::progress::Progress;
use crate::session::Config;
use crate::session::budget::Budget;
use crate::text::{Next, Passage, PassageRoom, Passages, WordCache};
use crate::words::{LoadError, Room, Source};
use checker::{Checked, Checker};
use known_words::KnownWords;
use writer::Writer;

/// What the parts of a check have in common.
#[derive(Clone, Copy)]
struct Setting<'a> {
    config: Config,
    interrupt: &'a Arc<Interrupt>,
    /// Counts the bytes of known lists and texts.
    progress: &'a Progress,
}

/// The exit status: whether all words are known.
pub(super) fn run(arguments: &CheckArgs, screen: &mut Screen<'_>) -> anyhow::Result<u8> {
    screen.quiet = arguments.show.quiet;
    let config = config::single(&arguments.how, None)?;
    let (lists, texts) = (sources(&arguments.known), texts(&arguments.texts));
    if lists.iter().chain(&texts).filter(|source| **source == Source::StandardInput).count() > 1 {
        bail!("`-` is there more than once (no TEXT is `-`): standard input can be read only once");
    }
    let interrupt = Interrupt::on_signals()?;
    interrupt.end_at_once(true);
    let memory = MemoryArgs { max_memory: arguments.max_memory, temp_dir: None };
    let threads = config.set_threads();
    let shares = Shares::of(config::budget(&memory, &[config])?, threads);
    // A bar on the same terminal would be written into the results.
    let shown = match arguments.show.progress {
        When::Auto if screen.out_is_terminal => false,
        when => shows_progress(when, screen),
    };
    let bytes = |sources: &[Source]| sources.iter().map(file_bytes).sum::<u64>();
    let progress = Progress::of_bytes(bytes(&lists) + bytes(&texts), shown);
    let setting = Setting { config, interrupt: &interrupt, progress: &progress };
    let hashed = known_words::hashed(&lists, arguments.look_up.exact, shares.known, &setting)?;
    for note in hashed.notes(&lists) {
        screen.note(note);
    }
    let known = KnownWords::new(&hashed, threads)?;
    let lists =
        KnownLists { lists: lists.iter().map(Source::to_string).collect(), words: known.words() };
    let mut writer = Writer::new(arguments, texts.len() > 1, shares.list_bytes, screen);
    // Nearly all words of most texts are known ones.
    let distinct = usize::try_from(bytes(&texts) / 16).unwrap_or(usize::MAX).min(known.words());
    let cache = WordCache::new(distinct, shares.cache_bytes)
        .context("no memory for the words to be looked up")?;
    let checker = Checker::new(config.work, &known, arguments.look_up, cache);
    writer.begin(&lists, screen)?;
    let summary = check_all(&texts, (&checker, &shares), &setting, &mut writer, screen);
    progress.finish();
    let summary = summary?;
    writer.end(&summary, screen)?;
    // The program is about to end; to free word by word first would take longer.
    std::mem::forget((writer, checker));
    Ok(match summary {
        Summary { texts_failed: 1.., .. } => FAILED,
        Summary { unknown_words: 1.., .. } => REFUSED,
        _ => DONE,
    })
}

/// Checks the texts on as many threads as there are workers.
fn check_all(
    texts: &[Source],
    (checker, shares): (&Checker<'_>, &Shares),
    setting: &Setting<'_>,
    writer: &mut Writer,
    screen: &mut Screen<'_>,
) -> anyhow::Result<Summary> {
    let count = setting.config.set_threads().get();
    let summary = with_threads(count, |threads| {
        let reading = Reading {
            interrupt: setting.interrupt,
            passages: shares.passages,
            batch_bytes: shares.passage.usual * shares.passages,
            spare: Vec::new(),
        };
        let passage = shares.passage;
        let check = Check { setting: *setting, threads, checker, writer, passage, reading };
        check.all(texts, screen)
    });
    summary.map_err(|error| BackendError::Threads { threads: count, reason: error.to_string() })?
}

fn source(path: &Path) -> Source {
    if path == Path::new("-") { Source::StandardInput } else { Source::Path(path.to_owned()) }
}

fn sources(paths: &[PathBuf]) -> Vec<Source> {
    paths.iter().map(|path| source(path)).collect()
}

fn texts(paths: &[PathBuf]) -> Vec<Source> {
    if paths.is_empty() { vec![Source::StandardInput] } else { sources(paths) }
}

/// What a file has, as far as that is known before it is read.
fn file_bytes(source: &Source) -> u64 {
    match source {
        Source::Path(path) => path.metadata().map_or(0, |file| file.len()),
        Source::StandardInput => 0,
    }
}

/// The name of a text in results, where compilers and grep have one for standard input too.
fn name(text: &Source) -> String {
    match text {
        Source::Path(path) => path.display().to_string(),
        Source::StandardInput => "<stdin>".to_owned(),
    }
}

/// A passage is no longer unless a word is: then it and what is made of its words stay in the
/// second-level cache. The size is always the same, so that a line that is longer is cut at the
/// same places however many workers there are; and the shares of the program itself and of its
/// workers have room for it.
const PASSAGE_BYTES: usize = 64 << 10;

/// What the memory for words is spent on.
struct Shares {
    /// For the known lists: at least half.
    known: Room,
    passage: PassageRoom,
    /// So many passages are read before they are checked.
    passages: usize,
    /// For the words that have been looked up: when they take more, they are forgotten.
    cache_bytes: usize,
    /// For the unknown words where they are sorted.
    list_bytes: usize,
}

impl Shares {
    fn of(budget: Budget, threads: NonZeroUsize) -> Self {
        /// With more, texts would not be checked any faster.
        const MOST_FOR_TEXTS: usize = 1 << 30;
        /// With so many passages for each thread, those that end early find another one. As many
        /// are read meanwhile.
        const PASSAGES_A_THREAD: usize = 32;
        let all = budget.window().bytes;
        let for_texts = (all / 2).min(MOST_FOR_TEXTS);
        let fitting = for_texts / 4 / (2 * PASSAGE_BYTES);
        let passages = match threads.get() {
            1 => 1,
            threads => fitting.clamp(threads, PASSAGES_A_THREAD * threads),
        };
        Self {
            known: budget.at_most(all - for_texts).window(),
            passage: PassageRoom { usual: PASSAGE_BYTES, most: for_texts / 16 },
            passages,
            cache_bytes: for_texts / 4,
            list_bytes: for_texts / 4,
        }
    }
}

/// A check on its way.
struct Check<'c, 'a> {
    setting: Setting<'c>,
    threads: Threads<'c>,
    checker: &'c Checker<'a>,
    writer: &'c mut Writer,
    passage: PassageRoom,
    reading: Reading<'c>,
}

/// Reads texts batch by batch.
struct Reading<'c> {
    interrupt: &'c Interrupt,
    /// A batch has so many passages at most, and so many bytes unless words are long.
    passages: usize,
    batch_bytes: usize,
    /// The memory of passages that were written.
    spare: Vec<Vec<u8>>,
}

/// The next passages of a text.
#[derive(Default)]
struct Batch {
    passages: Vec<Passage>,
    /// The text has no more: it ends with them, or it cannot be read any further.
    end: Option<Result<(), LoadError>>,
}

impl Reading<'_> {
    /// Reads the passages that are there; if it may wait, it waits for one. So no result is held
    /// back until more of the text is written.
    fn next_batch(&mut self, passages: &mut Passages, may_wait: bool) -> Batch {
        let mut batch = Batch::default();
        let mut bytes = 0;
        while batch.passages.len() < self.passages && bytes < self.batch_bytes {
            let memory = self.spare.pop().unwrap_or_default();
            let may_wait = may_wait && batch.passages.is_empty();
            match passages.next_passage(memory, may_wait, self.interrupt) {
                Ok(Next::Passage(passage)) => {
                    bytes += passage.text.len();
                    batch.passages.push(passage);
                }
                Ok(Next::NotYet) => break,
                Ok(Next::End) => batch.end = Some(Ok(())),
                Err(error) => batch.end = Some(Err(error)),
            }
            if batch.end.is_some() {
                break;
            }
        }
        batch
    }
}

impl Check<'_, '_> {
    /// All texts in turn. One that cannot be read is named, and the others are checked all the
    /// same, as grep does.
    fn all(mut self, texts: &[Source], screen: &mut Screen<'_>) -> anyhow::Result<Summary> {
        let mut summary = Summary::default();
        for text in texts {
            let read = self.text(text, &mut summary, screen);
            match read {
                Ok(()) => summary.texts += 1,
                Err(error) if is_of_text(&error) => {
                    summary.texts_failed += 1;
                    screen.error(format_args!("{error}{}", way_round(&error)));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(summary)
    }

    /// Reads a text and has its passages checked; what was read before an error is written as well.
    fn text(
        &mut self,
        text: &Source,
        summary: &mut Summary,
        screen: &mut Screen<'_>,
    ) -> anyhow::Result<()> {
        let name = name(text);
        let interrupt = self.setting.interrupt;
        let mut passages = Passages::open(text, self.passage, interrupt)?;
        let mut next = Batch::default();
        loop {
            if next.passages.is_empty() {
                next = self.reading.next_batch(&mut passages, true);
            }
            let Batch { passages: batch, end } = std::mem::take(&mut next);
            let (checker, reading) = (self.checker, &mut self.reading);
            let read_on = || match end {
                None => reading.next_batch(&mut passages, false),
                Some(_) => Batch::default(),
            };
            let check = |passage| checker.check(passage);
            let (results, read) = self.threads.map_beside(batch, check, read_on);
            next = read;
            for checked in results {
                self.write(checked, &name, summary, screen)?;
            }
            if let Some(end) = end {
                self.writer.end_text(&name, screen)?;
                return Ok(end?);
            }
        }
    }

    /// Writes what came of a passage.
    fn write(
        &mut self,
        checked: Checked,
        name: &str,
        summary: &mut Summary,
        screen: &mut Screen<'_>,
    ) -> anyhow::Result<()> {
        let Checked { passage, words, unknown } = checked;
        summary.words += words;
        let mut writing = self.writer.passage(name, &passage, screen);
        unknown.into_iter().try_for_each(|place| writing.unknown(place))?;
        summary.unknown_words += writing.end()?;
        self.setting.progress.advance(passage.text.len());
        let mut memory = passage.text;
        memory.clear();
        memory.shrink_to(2 * self.passage.usual);
        self.reading.spare.push(memory);
        Ok(())
    }
}

/// Whether an error is about one text only, so that the others can be checked all the same.
fn is_of_text(error: &anyhow::Error) -> bool {
    match error.downcast_ref() {
        Some(LoadError::Interrupted { .. }) | None => false,
        Some(_) => true,
    }
}
