//! Unknown words on their way out, in the shape that was asked for.

use std::collections::BTreeSet;
use std::ops::Range;

use anyhow::bail;
use memchr::{memchr, memchr_iter, memrchr};

use super::super::{OutputError, Screen};
use crate::cli::{CheckArgs, CheckFormat};
use crate::report::unknown::{self, KnownLists, Mark, Summary, Unknown};
use crate::size::Size;
use crate::words::{Passage, Shown};

/// Results are written in pieces of about this size, which stay in the second-level cache.
const PIECE_BYTES: usize = 256 << 10;

/// What is written.
enum Shape {
    Plain,
    Marked {
        mark: Mark,
        with_name: bool,
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

    /// Writes the unknown words at these places of a passage; how many there are.
    pub(super) fn passage(
        &mut self,
        name: &str,
        passage: &Passage<'_>,
        places: impl Iterator<Item = Range<usize>>,
        screen: &mut Screen<'_>,
    ) -> anyhow::Result<u64> {
        let mut count = 0;
        let mut lines = Lines::of(passage);
        // The unknown words of one line, which are written when the next line has one.
        let mut of_line = Vec::new();
        for place in places {
            count += 1;
            let word = &passage.text[place.clone()];
            match &mut self.shape {
                Shape::Count => {}
                Shape::List { words, bytes, most_bytes } => {
                    keep(word, words, bytes, *most_bytes)?;
                }
                Shape::Plain | Shape::Json { .. } => {
                    lines.go_to(place.start);
                    let (line, column) = (lines.line, lines.column_of(place.start));
                    let unknown = Unknown { text: name, line, column, word };
                    if let Shape::Json { first } = &mut self.shape {
                        unknown.append_json(std::mem::take(first), &mut self.piece);
                    } else {
                        unknown.append_plain(&mut self.piece);
                    }
                }
                Shape::Marked { mark, with_name } => {
                    if lines.would_leave(place.start) {
                        let name = with_name.then_some(name);
                        lines.append_marked(name, &mut of_line, *mark, &mut self.piece);
                        lines.go_to(place.start);
                    }
                    of_line.push(place.start - lines.start..place.end - lines.start);
                }
            }
            if self.piece.len() >= PIECE_BYTES {
                self.flush(screen)?;
            }
        }
        if let Shape::Marked { mark, with_name } = self.shape {
            lines.append_marked(with_name.then_some(name), &mut of_line, mark, &mut self.piece);
        }
        self.flush(screen)?;
        Ok(count)
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
                    self.piece.extend_from_slice(Shown(word).to_string().as_bytes());
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

/// A pointer and a length in nodes that are at least half full, and what the allocator adds.
const BYTES_A_WORD: usize = 48;

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
    fn of(passage: &Passage<'a>) -> Self {
        Self {
            text: passage.text,
            line: passage.line,
            start: 0,
            bytes_before: passage.line_bytes_before,
        }
    }

    /// Whether a place is beyond the line that was reached.
    fn would_leave(&self, place: usize) -> bool {
        memchr(b'\n', &self.text[self.start..place]).is_some()
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

    /// Appends the line that was reached, if there are words to be marked in it, and forgets them.
    fn append_marked(
        &self,
        name: Option<&str>,
        words: &mut Vec<Range<usize>>,
        mark: Mark,
        out: &mut Vec<u8>,
    ) {
        if words.is_empty() {
            return;
        }
        let rest = &self.text[self.start..];
        let line = &rest[..memchr(b'\n', rest).unwrap_or(rest.len())];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        unknown::append_marked((name, self.line), line, words, mark, out);
        words.clear();
    }
}
