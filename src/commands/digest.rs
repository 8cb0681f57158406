//! `wordhash digest`: every word's SHA-512, in input order; written, or held against a file.
//!
//! The list is taken window by window, each hashed by the chosen backend like a list of its own,
//! so that memory stays bounded however long the list is.
//!
//! A window's records are formatted by one thread and written by another; hashing has all cores to
//! itself before, so on two of them there would be nothing to gain from writing meanwhile. Beside
//! `cat` of the same bytes, both through a pipe, on two cores of a virtual machine (Zen 4):
//!
//! ```text
//! $ scripts/compare_cat.sh 1m_words.txt
//!                                               MB  digest s   cat s  ratio
//! digest --workers 2                           148     0.128   0.096   1.35
//! digest --workers 2 -b threads                148     0.093   0.086   1.13
//! digest --workers 2 --serial                  148     0.151   0.140   1.19
//! digest --workers 2 --only-hash               135     0.104   0.091   1.22
//! digest --workers 2 --null --raw              148     0.120   0.112   1.05
//! digest --workers 2 --binary                   67     0.099   0.048   2.01
//! ```
//!
//! Where something else keeps one of the two cores busy, the first ratio is near 3.

use std::io;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use super::config;
use super::input;
use super::pieces::{Pieces, pass_on};
use super::run::shows_progress;
use super::verify::{Mismatch, Verifier};
use super::{DONE, OutputError, REFUSED, Screen};
use crate::backend::Around;
use crate::bench::clock::MonotonicClock;
use crate::cli::{DigestArgs, When};
use crate::listing::digests::RecordFormat;
use crate::os::interrupt::Interrupt;
use crate::progress::Progress;
use crate::session::{Config, Local, Windowed};
use crate::sha512::Digest;
use crate::words::WordList;

/// More than this for a window would make the first record come later and nothing faster.
const MOST_WINDOW_BYTES: usize = 256 << 20;

/// The exit status: whether the digests are those of the file that they were to be held against.
pub(super) fn run(arguments: &DigestArgs, screen: &mut Screen<'_>) -> anyhow::Result<u8> {
    screen.quiet = arguments.show.quiet;
    let config = config::single(&arguments.how, None)?;
    let interrupt = Interrupt::on_signals()?;
    interrupt.end_at_once(true);
    let verifier = arguments
        .verify
        .as_deref()
        .map(|path| open_records(path, arguments, &interrupt))
        .transpose()?;
    let budget = config::budget(&arguments.memory, &[config])?.at_most(MOST_WINDOW_BYTES);
    let list = input::open_here(&arguments.input, &arguments.memory, budget, &interrupt, screen)?;
    // A bar on the same terminal would be written into the records.
    let shown = match arguments.show.progress {
        When::Auto if screen.out_is_terminal => false,
        when => shows_progress(when, screen),
    };
    let progress = Progress::new(about_words(&list), shown);
    let mut run = Run {
        config,
        format: record_format(arguments),
        interrupt: &interrupt,
        progress: &progress,
        verifier,
        records: 0,
    };
    let held = run.all(list, screen);
    progress.finish();
    if let Some(mismatch) = held? {
        screen.line(mismatch)?;
        return Ok(REFUSED);
    }
    if let Some(verifier) = &run.verifier {
        screen.line(format_args!("{}: {} digests hold", verifier.name(), run.records))?;
    }
    Ok(DONE)
}

/// The records that the list's are held against.
fn open_records(
    path: &Path,
    arguments: &DigestArgs,
    interrupt: &Arc<Interrupt>,
) -> anyhow::Result<Verifier> {
    if path == Path::new("-") && arguments.input.words.as_deref() == Some(path) {
        anyhow::bail!("`-` is both the list and --verify: standard input can be read only once");
    }
    Ok(Verifier::open(path, !arguments.binary, interrupt)?)
}

fn record_format(arguments: &DigestArgs) -> RecordFormat {
    let end = if arguments.null { b'\0' } else { b'\n' };
    if arguments.binary {
        RecordFormat::Binary
    } else if arguments.only_hash {
        RecordFormat::Digest { end }
    } else {
        RecordFormat::DigestAndWord { end, raw: arguments.raw }
    }
}

fn about_words(list: &Local) -> usize {
    match list {
        Local::InMemory(list) => list.words().len(),
        Local::Windowed(list) => list.about_words().unwrap_or(0),
    }
}

/// A run on its way.
struct Run<'a> {
    config: Config,
    format: RecordFormat,
    interrupt: &'a Arc<Interrupt>,
    progress: &'a Progress,
    verifier: Option<Verifier>,
    /// How many are done.
    records: usize,
}

impl Run<'_> {
    /// All records; the first one that is not as it should be, if there is something to hold them
    /// against.
    fn all(&mut self, list: Local, screen: &mut Screen<'_>) -> anyhow::Result<Option<Mismatch>> {
        let mismatch = match list {
            Local::InMemory(list) => {
                let mismatch = self.window(list.words(), screen)?;
                // The program is about to end; to unmap page by page first would take longer.
                std::mem::forget(list);
                mismatch
            }
            Local::Windowed(list) => self.windows(list, screen)?,
        };
        match (mismatch, &mut self.verifier) {
            (None, Some(verifier)) => Ok(verifier.end(self.records)?),
            (mismatch, _) => Ok(mismatch),
        }
    }

    fn windows(
        &mut self,
        mut list: Box<Windowed>,
        screen: &mut Screen<'_>,
    ) -> anyhow::Result<Option<Mismatch>> {
        while let Some(window) = list.next_window(self.interrupt)? {
            let mismatch = self.window(&window.list, screen)?;
            if mismatch.is_some() {
                return Ok(mismatch);
            }
        }
        Ok(None)
    }

    fn window(
        &mut self,
        list: &WordList,
        screen: &mut Screen<'_>,
    ) -> anyhow::Result<Option<Mismatch>> {
        let clock = MonotonicClock::new();
        let around = Around {
            clock: &clock,
            progress: &|words| self.progress.advance(words),
            interrupt: self.interrupt,
            recorder: None,
        };
        // Worker processes are ended in order; a write to a pipe that nobody reads is not waited
        // for.
        self.interrupt.end_at_once(!self.config.has_others_to_end());
        let backend = self.config.backend()?;
        let outcome = backend.run(list, &self.config.work, &around);
        self.interrupt.end_at_once(true);
        let digests = outcome?.digests;
        let records = Records { list, digests: digests.as_slice(), format: self.format };
        let (mut taken, mut difference) = (0, None);
        pass_on(
            !self.config.is_serial(),
            |out| records.write(out),
            |piece| {
                let Some(verifier) = &mut self.verifier else {
                    screen.out.write_all(piece).map_err(OutputError)?;
                    return Ok(ControlFlow::Continue(()));
                };
                difference = verifier.hold(piece)?;
                if let Some(difference) = &mut difference {
                    difference.place += taken;
                    return Ok(ControlFlow::Break(()));
                }
                taken += piece.len();
                Ok(ControlFlow::Continue(()))
            },
        )?;
        if let (Some(difference), Some(verifier)) = (difference, &self.verifier) {
            let (number, byte, word) = records.at(difference.place).expect("a byte of theirs");
            let record = self.records + number;
            return Ok(Some(verifier.mismatch(difference.cut, record, byte, word)));
        }
        self.records += list.len();
        screen.out.flush().map_err(OutputError)?;
        Ok(None)
    }
}

/// The records of a list.
struct Records<'a> {
    list: &'a WordList,
    digests: &'a [Digest],
    format: RecordFormat,
}

impl<'a> Records<'a> {
    fn write(&self, out: &mut Pieces<'_>) -> io::Result<()> {
        let mut records = self.list.words().zip(self.digests);
        records.try_for_each(|(word, digest)| self.format.write(digest, word, out))
    }

    /// Which record the byte at `place` of them all belongs to, which of its bytes it is, both
    /// counted from 1, and the record's word.
    fn at(&self, mut place: usize) -> Option<(usize, usize, &'a [u8])> {
        let mut record = Vec::new();
        for (number, (word, digest)) in self.list.words().zip(self.digests).enumerate() {
            record.clear();
            self.format.write(digest, word, &mut record).ok()?;
            if place < record.len() {
                return Some((number + 1, place + 1, word));
            }
            place -= record.len();
        }
        None
    }
}
