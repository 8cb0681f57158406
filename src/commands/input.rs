//! Finding and loading the list that a command line names, or the one it does not name.

use std::io::Seek as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::Screen;
use super::cluster::{Assembly, Cluster};
use super::config::Config;
use super::larger::{self, Extent, Larger};
use crate::cli::{Encoding, InputArgs, MemoryArgs};
use crate::generate::{Spec, generate};
use crate::os::interrupt::Interrupt;
use crate::os::scratch;
use crate::session::budget::Budget;
use crate::words::{Rules, Source, Windows, WordList};

/// A list and its name for people.
pub(super) struct Input<'a> {
    pub(super) text: Text,
    pub(super) name: String,
    /// The ranks of an MPI run with the list open, where there are any.
    assembly: Option<Assembly<'a>>,
}

/// The words of a list.
pub(super) enum Text {
    /// All in memory, with room for all that is made of them.
    Whole(WordList),
    /// More than that.
    Larger(Box<Larger>),
    /// Only the ranks of an MPI run read it.
    Spread(Extent),
}

impl<'a> Input<'a> {
    /// The ranks that have the list open.
    pub(super) fn assembly(&self) -> anyhow::Result<&Assembly<'a>> {
        self.assembly.as_ref().context("no ranks have opened the list")
    }

    /// How long the list is, if that is known yet.
    pub(super) fn extent(&self) -> Option<Extent> {
        match &self.text {
            Text::Whole(list) => Some(Extent { words: list.len(), bytes: list.loaded_bytes() }),
            Text::Larger(larger) => larger.extent(),
            Text::Spread(extent) => Some(*extent),
        }
    }

    /// About how many words a list has that was not read to its end.
    pub(super) fn about_words(&self) -> Option<usize> {
        match &self.text {
            Text::Whole(list) => Some(list.len()),
            Text::Larger(larger) => larger.about_words(),
            Text::Spread(extent) => Some(extent.words),
        }
    }

    /// How long the list is, which is found out if need be; it can be read any number of times
    /// from then on.
    pub(super) fn survey(&mut self, interrupt: &Interrupt) -> anyhow::Result<Extent> {
        match &mut self.text {
            Text::Whole(list) => Ok(Extent { words: list.len(), bytes: list.loaded_bytes() }),
            Text::Larger(larger) => larger.survey(interrupt),
            Text::Spread(extent) => Ok(*extent),
        }
    }

    fn had_byte_order_mark(&self) -> bool {
        let of_ranks = self.assembly.as_ref().is_some_and(Assembly::had_byte_order_mark);
        match &self.text {
            Text::Whole(list) => list.had_byte_order_mark(),
            Text::Larger(larger) => larger.had_byte_order_mark(),
            Text::Spread(_) => of_ranks,
        }
    }
}

/// The name of the list that needs no file.
const BUILT_IN: &str = "the built-in list";

/// Where the systems that have a list keep it, the usual place first.
const SYSTEM_LISTS: [&str; 2] = ["/usr/share/dict/words", "/usr/dict/words"];

/// The ranks that are to open a list.
#[derive(Clone, Copy)]
pub(super) struct OnRanks<'a> {
    cluster: &'a Cluster,
    /// Nobody else needs it.
    alone: bool,
}

/// The ranks for these configurations, if any of them runs there.
pub(super) fn on_ranks<'a>(
    cluster: Option<&'a Cluster>,
    configs: &[Config],
) -> Option<OnRanks<'a>> {
    let alone = configs.iter().all(Config::runs_on_ranks);
    cluster.map(|cluster| OnRanks { cluster, alone })
}

/// Where the list is and how it is split, as the command line says it.
pub(super) struct Wanted {
    /// `None` is the built-in list.
    pub(super) source: Option<Source>,
    pub(super) rules: Rules,
    pub(super) utf8: bool,
    pub(super) temp_dir: PathBuf,
}

impl Wanted {
    pub(super) fn new(arguments: &InputArgs, memory: &MemoryArgs) -> Self {
        Self {
            source: match &arguments.words {
                Some(path) if path == Path::new("-") => Some(Source::StandardInput),
                Some(path) => Some(Source::Path(path.clone())),
                None => default_source(&SYSTEM_LISTS.map(PathBuf::from)),
            },
            rules: Rules { keep_newline: arguments.keep_newline, skip_blank: arguments.skip_blank },
            utf8: arguments.encoding == Encoding::Utf8,
            temp_dir: memory.temp_dir.clone().unwrap_or_else(scratch::default_folder),
        }
    }

    pub(super) fn name(&self) -> Source {
        self.source.clone().unwrap_or_else(|| Source::Path(PathBuf::from(BUILT_IN)))
    }
}

/// Loads the list, or as much of it as there is memory for; where ranks are to hash it, they open
/// it too.
pub(super) fn open<'a>(
    arguments: &InputArgs,
    (memory, budget): (&MemoryArgs, Budget),
    ranks: Option<OnRanks<'a>>,
    interrupt: &Interrupt,
    screen: &mut Screen<'_>,
) -> anyhow::Result<Input<'a>> {
    if arguments.distribute && ranks.is_none() {
        anyhow::bail!("--distribute is for --backend mpi");
    }
    let wanted = Wanted::new(arguments, memory);
    let name = wanted.name().to_string();
    let assembly = ranks.map(|ranks| ranks.cluster.open(&wanted, interrupt)).transpose()?;
    let text = match (&assembly, ranks) {
        (Some(assembly), Some(ranks)) if ranks.alone => Text::Spread(assembly.extent()),
        (Some(assembly), _) => {
            // The bytes that the ranks have, which may have come from a stream.
            let file = assembly.file()?;
            let windows = Windows::of_file(file, wanted.name(), wanted.rules, wanted.utf8)?;
            larger::read(windows, budget, wanted.temp_dir, interrupt)?
        }
        (None, _) => match &wanted.source {
            Some(source) => {
                let windows = Windows::open(source, wanted.rules, wanted.utf8, interrupt)?;
                larger::read(windows, budget, wanted.temp_dir, interrupt)?
            }
            None => built_in(wanted.rules, budget, wanted.temp_dir, interrupt)?,
        },
    };
    let input = Input { text, name, assembly };
    if arguments.words.is_none() {
        screen.note(format_args!("no list given: taking {}", input.name));
    }
    if input.had_byte_order_mark() {
        screen.note(format_args!(
            "{} begins with a UTF-8 byte-order mark, which is not part of the first word",
            input.name
        ));
    }
    Ok(input)
}

/// The first of the lists that is there.
fn default_source(system_lists: &[PathBuf]) -> Option<Source> {
    system_lists.iter().find(|path| path.exists()).cloned().map(Source::Path)
}

/// The list that needs no file; where even that is too large for the memory, a temporary one.
fn built_in(
    rules: Rules,
    budget: Budget,
    temp_dir: PathBuf,
    interrupt: &Interrupt,
) -> anyhow::Result<Text> {
    let spec = Spec::default();
    let words = generate(&spec)?;
    let most = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    if budget.window().holds(most(words.most_bytes()), most(spec.words)) {
        let list = WordList::from_writer(rules, |mut sink| words.write_to(&mut sink))
            .context("no memory for the built-in list")?;
        return Ok(Text::Whole(list));
    }
    let mut file = larger::temporary(&temp_dir, |file| words.write_to(file))?;
    file.rewind()?;
    let name = Source::Path(PathBuf::from(BUILT_IN));
    let windows = Windows::of_file(file.into(), name, rules, false)?;
    larger::read(windows, budget, temp_dir, interrupt)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_list_that_is_there_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (folder.path().join("first"), folder.path().join("second"));
        let lists = [first.clone(), second.clone()];
        assert_eq!(default_source(&lists), None);
        std::fs::write(&second, "word\n").unwrap();
        assert_eq!(default_source(&lists), Some(Source::Path(second)));
        std::fs::write(&first, "word\n").unwrap();
        assert_eq!(default_source(&lists), Some(Source::Path(first)));
    }
}
