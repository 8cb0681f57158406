//! Which list a command line names, or means where it names none.

use std::path::{Path, PathBuf};

use super::Screen;
use crate::cli::{Encoding, InputArgs, MemoryArgs};
use crate::os::interrupt::Interrupt;
use crate::os::scratch;
use crate::session::budget::Budget;
use crate::session::{Cluster, Config, ListSpec, Lists, Local, OnRanks};
use crate::words::{Rules, Source};

/// Where the systems that have a list keep it, the usual place first.
const SYSTEM_LISTS: [&str; 2] = ["/usr/share/dict/words", "/usr/dict/words"];

/// Where the list is and how it is split.
pub(super) fn list_spec(arguments: &InputArgs, memory: &MemoryArgs) -> ListSpec {
    ListSpec {
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

/// The first of the lists that is there.
fn default_source(system_lists: &[PathBuf]) -> Option<Source> {
    system_lists.iter().find(|path| path.exists()).cloned().map(Source::Path)
}

/// Opens the list for these configurations, as much of it as there is memory for; where ranks are
/// to hash it, they open it too. A note says what a reader may not expect of it.
pub(super) fn open<'a>(
    arguments: &InputArgs,
    spec: &ListSpec,
    budget: Budget,
    (cluster, configs): (Option<&'a dyn Cluster>, &[Config]),
    interrupt: &Interrupt,
    screen: &mut Screen<'_>,
) -> anyhow::Result<Lists<'a>> {
    if arguments.distribute && cluster.is_none() {
        anyhow::bail!("--distribute is for --backend mpi");
    }
    let alone = configs.iter().all(Config::runs_on_ranks);
    let ranks = cluster.map(|cluster| OnRanks { cluster, alone });
    let lists = Lists::open(spec, budget, ranks, interrupt)?;
    note(arguments, spec, lists.had_byte_order_mark(), screen);
    Ok(lists)
}

/// Opens the list in this process.
pub(super) fn open_here(
    arguments: &InputArgs,
    memory: &MemoryArgs,
    budget: Budget,
    interrupt: &Interrupt,
    screen: &mut Screen<'_>,
) -> anyhow::Result<Local> {
    if arguments.distribute {
        anyhow::bail!("--distribute is for --backend mpi");
    }
    let spec = list_spec(arguments, memory);
    let local = Local::open(&spec, budget, interrupt)?;
    note(arguments, &spec, local.had_byte_order_mark(), screen);
    Ok(local)
}

fn note(
    arguments: &InputArgs,
    spec: &ListSpec,
    had_byte_order_mark: bool,
    screen: &mut Screen<'_>,
) {
    let name = spec.name();
    if arguments.words.is_none() {
        screen.note(format_args!("no list given: taking {name}"));
    }
    if had_byte_order_mark {
        screen.note(format_args!(
            "{name} begins with a UTF-8 byte-order mark, which is not part of the first word"
        ));
    }
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
