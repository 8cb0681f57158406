//! `wordhash check`: the words of a text that are in no known list.
//!
//! The known lists are hashed once, by the chosen backend, and stay as a set of digests
//! (`known_words`). Texts are read passage by passage, and each passage is given to one of as many
//! threads as there are workers (`team`). What has not been looked up before is hashed and looked
//! up there (`checker`), what is unknown is written in the order of the text (`writer`).
//!
//! So the words of texts are hashed on threads where processes are the backend, too. Most passages
//! have so few new words that a worker process would be asked for each of them sooner than the
//! thread that found them has hashed them; and processes that are forked need a program without
//! threads, which means that nothing could be done meanwhile.

mod checker;
mod known_words;
mod team;
mod writer;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};

use super::config;
use super::run::shows_progress;
use super::{DONE, FAILED, REFUSED, Screen};
use crate::cli::{CheckArgs, MemoryArgs, When};
use crate::listing::unknown::{KnownLists, Summary};
use crate::os::interrupt::Interrupt;
use crate::progress::Progress;
use crate::session::Config;
use crate::session::budget::Budget;
use crate::text::{Next, Passage, PassageRoom, Passages, Vocabulary};
use crate::words::{LoadError, Room, Source};
use checker::{Checked, Checker};
use known_words::KnownWords;
use team::Team;
use writer::Writer;

/// What the parts of a check have in common.
#[derive(Clone, Copy)]
struct Setting<'a> {
    config: Config,
    interrupt: &'a Arc<Interrupt>,
    /// Counts the bytes of known lists and texts.
    progress: &'a Progress,
}

const NO_MEMORY: &str = "no memory for the words to be looked up";

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
    let digests = known_words::hashed(&lists, shares.known, &setting)?;
    let known = KnownWords::new(&digests, threads)?;
    let lists =
        KnownLists { lists: lists.iter().map(Source::to_string).collect(), words: known.words() };
    let mut writer = Writer::new(arguments, texts.len() > 1, shares.list_bytes, screen);
    // Nearly all words of most texts are known ones, and none is there more often than once in some
    // bytes; where there are more, the vocabulary grows.
    let distinct = usize::try_from(bytes(&texts) / 16).unwrap_or(usize::MAX).min(known.words());
    let vocabulary = Vocabulary::new(distinct, shares.vocabulary_bytes).context(NO_MEMORY)?;
    let checker = Checker::new(config.work, &known, arguments.exact, vocabulary);
    writer.begin(&lists, screen)?;
    let make_worker = || {
        let mut words = Vec::new();
        let checker = &checker;
        move |passage| checker.check(passage, &mut words).context(NO_MEMORY)
    };
    let summary = team::with_team(threads, make_worker, |team| {
        let (passage, most_read) =
            (shares.passage, shares.passage.usual * team::most_jobs(threads));
        let (read, spare) = (0, Vec::new());
        Check { setting, team, writer: &mut writer, passage, most_read, read, spare }
            .all(&texts, screen)
    });
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

/// What the memory for words is spent on.
struct Shares {
    /// For the known lists: at least half.
    known: Room,
    passage: PassageRoom,
    /// For the words that have been looked up: when they take more, they are forgotten.
    vocabulary_bytes: usize,
    /// For the unknown words where they are sorted.
    list_bytes: usize,
}

impl Shares {
    fn of(budget: Budget, threads: NonZeroUsize) -> Self {
        /// With more, texts would not be checked any faster.
        const MOST_FOR_TEXTS: usize = 1 << 30;
        /// Looking up the words of a passage takes at most so many times its bytes: 12 for each
        /// word and 8 more while it is new, where words and what is between them are two bytes,
        /// and as much again for the parts of compounds and for what lists leave free.
        const TIMES_A_PASSAGE: usize = 32;
        /// It stays in the second-level cache while its words are looked up.
        const MOST_FOR_PASSAGE: usize = 256 << 10;
        /// With less there would be more overhead than work; the shares of the program itself and
        /// of its workers have room for what such a passage takes.
        const LEAST_FOR_PASSAGE: usize = 32 << 10;
        let all = budget.window().bytes;
        let for_texts = (all / 2).min(MOST_FOR_TEXTS);
        let usual = for_texts / 2 / TIMES_A_PASSAGE / team::most_jobs(threads);
        let usual = usual.clamp(LEAST_FOR_PASSAGE, MOST_FOR_PASSAGE);
        Self {
            known: budget.at_most(all - for_texts).window(),
            passage: PassageRoom { usual, most: (for_texts / 16).max(usual) },
            vocabulary_bytes: for_texts / 4,
            list_bytes: for_texts / 4,
        }
    }
}

/// A check on its way.
struct Check<'c, 't> {
    setting: Setting<'c>,
    team: &'c mut Team<'t, Passage, anyhow::Result<Checked>>,
    writer: &'c mut Writer,
    passage: PassageRoom,
    /// With more bytes than this that were read and are not written, nothing is read: passages with
    /// long words are larger than others.
    most_read: usize,
    read: usize,
    /// The memory of passages that were written.
    spare: Vec<Vec<u8>>,
}

impl Check<'_, '_> {
    /// All texts in turn. One that cannot be read is named, and the others are checked all the
    /// same, as grep does.
    fn all(&mut self, texts: &[Source], screen: &mut Screen<'_>) -> anyhow::Result<Summary> {
        let mut summary = Summary::default();
        for text in texts {
            let read = self.text(text, &mut summary, screen);
            match read {
                Ok(()) => summary.texts += 1,
                Err(error) if is_of_text(&error) => {
                    summary.texts_failed += 1;
                    screen.error(error);
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
        let read = loop {
            if self.team.has_room() && self.read <= self.most_read {
                // Nobody is kept waiting for the results of what was read before.
                let may_wait = self.team.is_idle();
                let memory = self.spare.pop().unwrap_or_default();
                match passages.next_passage(memory, may_wait, interrupt) {
                    Ok(Next::Passage(passage)) => {
                        self.read += passage.text.len();
                        self.team.give(passage)?;
                        continue;
                    }
                    Ok(Next::NotYet) => {}
                    Ok(Next::End) => break Ok(()),
                    Err(error) => break Err(error),
                }
            }
            self.write_next(&name, summary, screen)?;
        };
        while !self.team.is_idle() {
            self.write_next(&name, summary, screen)?;
        }
        Ok(read?)
    }

    /// Writes what came of the next passage.
    fn write_next(
        &mut self,
        name: &str,
        summary: &mut Summary,
        screen: &mut Screen<'_>,
    ) -> anyhow::Result<()> {
        let Some(checked) = self.team.next_result() else { return Ok(()) };
        let Checked { passage, words, unknown } = checked?;
        summary.words += words;
        let mut writing = self.writer.passage(name, &passage, screen);
        unknown.iter().try_for_each(|place| writing.unknown(place.range()))?;
        summary.unknown_words += writing.end()?;
        self.setting.progress.advance(passage.text.len());
        self.read -= passage.text.len();
        let mut memory = passage.text;
        memory.clear();
        memory.shrink_to(2 * self.passage.usual);
        self.spare.push(memory);
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
