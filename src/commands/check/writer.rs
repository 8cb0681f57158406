//! Unknown words on their way out, in the shape that was asked for.

use std::collections::BTreeSet;
use std::ops::Range;

use anyhow::bail;
use memchr::{memchr, memchr_iter, memrchr};

use super::super::{OutputError, Screen};
use crate::cli::{CheckArgs, CheckFormat};
use crate::listing::excerpt::{Excerpt, Mark};
use crate::listing::unknown::{self, KnownLists, Summary, Unknown};
use crate::size::Size;
use crate::text::Passage;

/// Results are written in pieces of about this size, which stay in the second-level cache.
const PIECE_BYTES: usize = 256 << 10;

/// What a word of the sorted list takes: a pointer and a length in nodes that are at least half
/// full, and what the allocator adds.
const BYTES_A_WORD: usize = 48;

/// What is written.
enum Shape {
    Plain,
    Marked {
        mark: Mark,
        with_name: bool,
        most_columns: usize,
        /// A line with unknown words that may go on in the next passage.
        begun: Option<Excerpt>,
    },
    Json {
        first: bool,
    },
    Count,
    /// The distinct words and about how many bytes they take.
    List {
        words: BTreeSet<Box<[u8]>>,
        bytes: usize,
        most_bytes: usize,
    },
}

pub(super) struct Writer {
    shape: Shape,
    piece: Vec<u8>,
}

impl Writer {
    /// With several texts their names are written too; a list may take so many bytes.
    pub(super) fn new(
        arguments: &CheckArgs,
        several: bool,
        list_bytes: usize,
        screen: &Screen<'_>,
    ) -> Self {
        let colours = screen.out_is_terminal && !screen.no_color;
        let format = match arguments.format {
            Some(format) => format,
            None if colours => CheckFormat::Marked,
            None => CheckFormat::Plain,
        };
        let shape = if arguments.count {
            Shape::Count
        } else if arguments.list {
            Shape::List { words: BTreeSet::new(), bytes: 0, most_bytes: list_bytes }
        } else {
            match format {
                CheckFormat::Plain => Shape::Plain,
                CheckFormat::Marked => Shape::Marked {
                    mark: if screen.no_color { Mark::Underline } else { Mark::Red },
                    with_name: several,
                    most_columns: arguments.max_columns.into(),
                    begun: None,
                },
                CheckFormat::Json => Shape::Json { first: true },
            }
        };
        Self { shape, piece: Vec::new() }
    }

    /// Writes what comes before the first word.
    pub(super) fn begin(
        &mut self,
        known: &KnownLists,
        screen: &mut Screen<'_>,
    ) -> Result<(), OutputError> {
        match self.shape {
            Shape::Json { .. } => screen.text(unknown::json_head(known)),
            _ => Ok(()),
        }
    }

    /// Begins with the unknown words of a passage.
    pub(super) fn passage<'w, 's>(
        &'w mut self,
        name: &'w str,
        passage: &'w Passage,
        screen: &'w mut Screen<'s>,
    ) -> Writing<'w, 's> {
        Writing { writer: self, name, lines: Lines::of(passage), count: 0, screen }
    }

    /// Writes what is left of a text after its last passage.
    pub(super) fn end_text(
        &mut self,
        name: &str,
        screen: &mut Screen<'_>,
    ) -> Result<(), OutputError> {
        self.end_line(name);
        self.flush(screen)
    }

    /// Writes the line with unknown words that was begun.
    fn end_line(&mut self, name: &str) {
        if let Shape::Marked { mark, with_name, begun, .. } = &mut self.shape
            && let Some(excerpt) = begun.take()
        {
            excerpt.append(with_name.then_some(name), *mark, &mut self.piece);
        }
    }

    /// Writes what comes behind the last word.
    pub(super) fn end(
        &mut self,
        summary: &Summary,
        screen: &mut Screen<'_>,
    ) -> Result<(), OutputError> {
        match &self.shape {
            Shape::Plain | Shape::Marked { .. } => {}
            Shape::Count => screen.line(summary.unknown_words)?,
            Shape::Json { .. } => screen.text(unknown::json_tail(summary))?,
            Shape::List { words, .. } => {
                for word in words {
                    self.piece.extend_from_slice(unknown::shown(word).as_bytes());
                    self.piece.push(b'\n');
                }
            }
        }
        self.flush(screen)
    }

    fn flush(&mut self, screen: &mut Screen<'_>) -> Result<(), OutputError> {
        if self.piece.is_empty() {
            return Ok(());
        }
        let written = screen.out.write_all(&self.piece).and_then(|()| screen.out.flush());
        self.piece.clear();
        written.map_err(OutputError)
    }
}

/// The unknown words of a passage on their way out.
pub(super) struct Writing<'w, 's> {
    writer: &'w mut Writer,
    name: &'w str,
    lines: Lines<'w>,
    count: u64,
    screen: &'w mut Screen<'s>,
}

impl Writing<'_, '_> {
    /// Writes the word at a place of the passage.
    pub(super) fn unknown(&mut self, place: Range<usize>) -> anyhow::Result<()> {
        self.count += 1;
        let word = &self.lines.text[place.clone()];
        match &mut self.writer.shape {
            Shape::Count => {}
            Shape::List { words, bytes, most_bytes } => keep(word, words, bytes, *most_bytes)?,
            Shape::Marked { .. } => self.mark(&place),
            Shape::Plain | Shape::Json { .. } => {
                self.lines.go_to(place.start);
                let (line, column) = (self.lines.line, self.lines.column_of(place.start));
                let unknown = Unknown { text: self.name, line, column, word };
                let out = &mut self.writer.piece;
                match &mut self.writer.shape {
                    Shape::Json { first } => unknown.append_json(std::mem::take(first), out),
                    _ => unknown.append_plain(out),
                }
            }
        }
        if self.writer.piece.len() >= PIECE_BYTES {
            self.writer.flush(self.screen)?;
        }
        Ok(())
    }

    /// Marks a word in its line, of which an excerpt is begun with the first one.
    fn mark(&mut self, place: &Range<usize>) {
        self.lines.go_to(place.start);
        let line = self.lines.line;
        let Shape::Marked { begun, most_columns, .. } = &self.writer.shape else { return };
        let most_columns = *most_columns;
        if begun.as_ref().is_some_and(|begun| begun.line != line) {
            self.writer.end_line(self.name);
        }
        let Shape::Marked { begun, .. } = &mut self.writer.shape else { return };
        let at = place.start - self.lines.start..place.end - self.lines.start;
        let (content, column) = (self.lines.line_reached(), self.lines.bytes_before);
        let new = || Excerpt::of(line, column, content, &at, most_columns);
        begun.get_or_insert_with(new).mark(column + at.start..column + at.end);
    }

    /// Writes what is left; how many words were unknown.
    pub(super) fn end(self) -> Result<u64, OutputError> {
        if self.lines.ends_with_line() {
            self.writer.end_line(self.name);
        }
        self.writer.flush(self.screen)?;
        Ok(self.count)
    }
}

/// Keeps a word for the sorted list.
fn keep(
    word: &[u8],
    words: &mut BTreeSet<Box<[u8]>>,
    bytes: &mut usize,
    most_bytes: usize,
) -> anyhow::Result<()> {
    if words.contains(word) {
        return Ok(());
    }
    *bytes += word.len() + BYTES_A_WORD;
    if *bytes > most_bytes {
        bail!(
            "--list: the distinct unknown words do not fit in {}: give more --max-memory, or leave \
             --list out and sort what is printed",
            Size(most_bytes as u64)
        );
    }
    words.insert(word.into());
    Ok(())
}

/// The lines of a passage, gone through from its start to its end.
struct Lines<'a> {
    text: &'a [u8],
    /// The number of the line that was reached, from 1.
    line: usize,
    /// Where it starts in the passage.
    start: usize,
    /// How many of its bytes stand before the passage.
    bytes_before: usize,
}

impl<'a> Lines<'a> {
    fn of(passage: &'a Passage) -> Self {
        Self {
            text: &passage.text,
            line: passage.line,
            start: 0,
            bytes_before: passage.line_bytes_before,
        }
    }

    /// Whether the passage ends with a line.
    fn ends_with_line(&self) -> bool {
        self.text.ends_with(b"\n")
    }

    /// Goes on to the line of a place.
    fn go_to(&mut self, place: usize) {
        let gone = &self.text[self.start..place];
        if let Some(last) = memrchr(b'\n', gone) {
            self.line += memchr_iter(b'\n', &gone[..=last]).count();
            self.start += last + 1;
            self.bytes_before = 0;
        }
    }

    fn column_of(&self, place: usize) -> usize {
        self.bytes_before + place - self.start + 1
    }

    /// The line that was reached, as much of it as is in the passage, without its end.
    fn line_reached(&self) -> &'a [u8] {
        let rest = &self.text[self.start..];
        let line = &rest[..memchr(b'\n', rest).unwrap_or(rest.len())];
        line.strip_suffix(b"\r").unwrap_or(line)
    }
}
