//! `wordhash check`: the words of a text that are in no known list.
//!
//! The known lists are hashed once, by the chosen backend, and stay as a set of digests
//! (`known_words`). Texts are read passage by passage. What has not been looked up before is
//! hashed and looked up (`checker`), what is unknown is written in the order of the text
//! (`writer`).

mod checker;
mod known_words;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::bail;

use super::config::{self, Config};
use super::run::shows_progress;
use super::{DONE, FAILED, REFUSED, Screen};
use crate::cli::{CheckArgs, MemoryArgs, When};
use crate::interrupt::Interrupt;
use crate::memory::Budget;
use crate::progress::Progress;
use crate::report::unknown::{KnownLists, Summary};
use crate::words::{LoadError, PassageRoom, Passages, Room, Source};
use checker::Checker;
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
    let shares = Shares::of(config::budget(&memory, &[config])?);
    // A bar on the same terminal would be written into the results.
    let shown = match arguments.show.progress {
        When::Auto if screen.out_is_terminal => false,
        when => shows_progress(when, screen),
    };
    let progress = Progress::of_bytes(lists.iter().chain(&texts).map(file_bytes).sum(), shown);
    let setting = Setting { config, interrupt: &interrupt, progress: &progress };
    let digests = known_words::hashed(&lists, shares.known, &setting)?;
    let known = KnownWords::new(&digests, config.set_threads())?;
    let lists =
        KnownLists { lists: lists.iter().map(Source::to_string).collect(), words: known.words() };
    let writer = Writer::new(arguments, texts.len() > 1, shares.list_bytes, screen);
    let checker = Checker::new(&setting, &known, arguments.exact, shares.vocabulary_bytes)?;
    let mut check = Check { setting, checker, writer, passage: shares.passage };
    check.writer.begin(&lists, screen)?;
    let summary = check.all(&texts, screen);
    progress.finish();
    let summary = summary?;
    check.writer.end(&summary, screen)?;
    // The program is about to end; to free word by word first would take longer.
    std::mem::forget(check);
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
    fn of(budget: Budget) -> Self {
        /// With more, texts would not be checked any faster.
        const MOST_FOR_TEXTS: usize = 1 << 30;
        /// Looking up the words of a passage takes at most so many times its bytes: 12 for each
        /// word's place, where words and what is between them are two bytes; 64 for each of two
        /// digests of a word that is new, where new words are four or more.
        const TIMES_A_PASSAGE: usize = 64;
        const MOST_FOR_PASSAGE: usize = 2 << 20;
        /// With less there would be more overhead than work; the share of the program itself has
        /// room for what such a passage takes.
        const LEAST_FOR_PASSAGE: usize = 64 << 10;
        let all = budget.window().bytes;
        let for_texts = (all / 2).min(MOST_FOR_TEXTS);
        let usual = for_texts / 2 / TIMES_A_PASSAGE;
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
struct Check<'a> {
    setting: Setting<'a>,
    checker: Checker<'a>,
    writer: Writer,
    passage: PassageRoom,
}

impl Check<'_> {
    /// All texts in turn. One that cannot be read is named, and the others are checked all the
    /// same, as grep does.
    fn all(&mut self, texts: &[Source], screen: &mut Screen<'_>) -> anyhow::Result<Summary> {
        let mut summary = Summary::default();
        for text in texts {
            match self.text(text, &mut summary, screen) {
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

    fn text(
        &mut self,
        text: &Source,
        summary: &mut Summary,
        screen: &mut Screen<'_>,
    ) -> anyhow::Result<()> {
        let name = name(text);
        let interrupt = self.setting.interrupt;
        let mut passages = Passages::open(text, self.passage, interrupt)?;
        while let Some(passage) = passages.next_passage(interrupt)? {
            let checked = self.checker.check(passage.text)?;
            summary.words += checked.words;
            let mut writing = self.writer.passage(&name, &passage, screen);
            self.checker.unknown(&checked, passage.text, |place| writing.unknown(place))?;
            summary.unknown_words += writing.end()?;
            self.checker.make_room()?;
            self.setting.progress.advance(passage.text.len());
        }
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
