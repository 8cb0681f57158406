//! Finding and loading the list that a command line names, or the one it does not name.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::Screen;
use crate::cli::{Encoding, InputArgs};
use crate::interrupt::Interrupt;
use crate::words::generate::{Spec, generate};
use crate::words::{Rules, Source, WordList, load};

/// A loaded list and its name for people.
pub(super) struct Input {
    pub(super) list: WordList,
    pub(super) name: String,
}

/// Where the systems that have a list keep it, the usual place first.
const SYSTEM_LISTS: [&str; 2] = ["/usr/share/dict/words", "/usr/dict/words"];

/// Loads the list.
pub(super) fn open(
    arguments: &InputArgs,
    interrupt: &Interrupt,
    screen: &mut Screen<'_>,
) -> anyhow::Result<Input> {
    let rules = Rules { keep_newline: arguments.keep_newline, skip_blank: arguments.skip_blank };
    let utf8 = arguments.encoding == Encoding::Utf8;
    let source = match &arguments.words {
        Some(path) if path == Path::new("-") => Some(Source::StandardInput),
        Some(path) => Some(Source::Path(path.clone())),
        None => default_source(&SYSTEM_LISTS.map(PathBuf::from)),
    };
    let input = match &source {
        Some(source) => {
            let list = load(source, rules, utf8, interrupt)?;
            Input { list, name: source.to_string() }
        }
        None => built_in(rules)?,
    };
    if arguments.words.is_none() {
        screen.note(format_args!("no list given: taking {}", input.name));
    }
    if input.list.had_byte_order_mark() {
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

/// The list that needs no file.
fn built_in(rules: Rules) -> anyhow::Result<Input> {
    let words = generate(&Spec::default())?;
    let list = WordList::from_writer(rules, |mut sink| words.write_to(&mut sink))
        .context("no memory for the built-in list")?;
    Ok(Input { list, name: "the built-in list".to_owned() })
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
