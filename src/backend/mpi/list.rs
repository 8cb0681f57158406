//! One list for all ranks: opened by each, found to be the same, counted by all together.

use std::fs::File;
use std::io::Write as _;
use std::os::fd::AsRawFd as _;
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use super::wire::Patience;
use super::{Failure, MpiError, Ranks};
use crate::os::interrupt::Interrupt;
use crate::os::scratch;
use crate::words::parts::{ListFile, NotUtf8, PartIndex, Survey};
use crate::words::{LoadError, Rules, Source, read_blocks};

/// Where a rank finds the words.
#[derive(Clone, Copy)]
pub enum Reading<'a> {
    /// Every rank opens the list itself, this way.
    Each(&'a (dyn Fn() -> Result<ListFile, LoadError> + Sync)),
    /// Rank 0 reads the list and sends it to every machine, which keeps it in a file without a
    /// name.
    FirstSends {
        /// Where rank 0 reads it.
        source: &'a Source,
        /// What counts as a word.
        rules: Rules,
        /// Where the files are made.
        temp_dir: &'a Path,
    },
}

/// A list that all ranks can read parts of.
#[derive(Debug)]
pub struct SharedList {
    pub(super) file: ListFile,
    pub(super) index: PartIndex,
    /// The tally of all its bytes, as they were when they were counted.
    pub(super) tally: u64,
}

impl SharedList {
    /// The number of words.
    #[must_use]
    pub fn words(&self) -> usize {
        usize::try_from(self.index.words()).unwrap_or(usize::MAX)
    }

    /// The file, as this rank sees it.
    #[must_use]
    pub fn file(&self) -> &ListFile {
        &self.file
    }
}

/// Rank 0 sends so much at once.
const SENT_BYTES: usize = 1 << 20;
/// Before it, how much of it there is; 0 is the end.
const HEADER_BYTES: usize = 8;
const FAILED: u64 = u64::MAX;

/// Opens the list on all ranks; `utf8` demands that all of it is UTF-8.
pub(super) fn open(
    ranks: &Ranks,
    reading: Reading<'_>,
    utf8: bool,
    interrupt: &Interrupt,
) -> Result<SharedList, MpiError> {
    let file = match reading {
        Reading::Each(open) => {
            let opened = ranks.meanwhile(open)?;
            ranks.agreed(opened.map_err(Failure::of), interrupt)?
        }
        Reading::FirstSends { source, rules, temp_dir } => {
            let copy = distribute(ranks, source, temp_dir, interrupt)?;
            let opened = ListFile::of_file(copy.into(), source.clone(), rules);
            ranks.agreed(opened.map_err(Failure::of), interrupt)?
        }
    };
    same_everywhere(ranks, &file, interrupt)?;
    let stop = || interrupt.pending();
    let blocks = file.blocks();
    let (rank, size) = (ranks.rank() as u64, ranks.size() as u64);
    let part = share_of(blocks, rank, size)..share_of(blocks, rank + 1, size);
    if utf8 {
        let found = ranks.meanwhile(|| file.check_utf8(part.clone(), &stop))?;
        let found = ranks.agreed(found.map_err(Failure::of), interrupt)?;
        all_utf8(ranks, found, file.origin())?;
    }
    let survey = ranks.meanwhile(|| file.survey(part.clone(), &stop))?;
    let Survey { words, tally } = ranks.agreed(survey.map_err(Failure::of), interrupt)?;
    let tally = ranks.wire.gather_all(&[tally])?.into_iter().fold(0, u64::wrapping_add);
    let own: Vec<u8> = words.iter().flat_map(|words| words.to_ne_bytes()).collect();
    let len_of = |rank: u64| {
        let blocks = share_of(blocks, rank + 1, size) - share_of(blocks, rank, size);
        usize::try_from(blocks).unwrap_or(0) * size_of::<u32>()
    };
    let lens: Vec<usize> = (0..size).map(len_of).collect();
    let all = ranks.wire.gather_all_bytes(own, &lens)?;
    let counts: Vec<u32> =
        all.as_chunks().0.iter().map(|bytes| u32::from_ne_bytes(*bytes)).collect();
    Ok(SharedList { index: PartIndex::new(&counts), file, tally })
}

/// Where the blocks of a rank begin.
fn share_of(blocks: u64, rank: u64, ranks: u64) -> u64 {
    u64::try_from(u128::from(blocks) * u128::from(rank) / u128::from(ranks)).unwrap_or(blocks)
}

/// An error unless all ranks see the same file.
fn same_everywhere(ranks: &Ranks, file: &ListFile, interrupt: &Interrupt) -> Result<(), MpiError> {
    let fingerprint = ranks.meanwhile(|| file.fingerprint())?;
    let fingerprint = ranks.agreed(fingerprint.map_err(Failure::of), interrupt)?;
    let all = ranks.wire.gather_all(&[file.file_bytes(), fingerprint])?;
    let of_rank = |rank: usize| (all[2 * rank], all[2 * rank + 1]);
    match (1..ranks.size()).find(|&rank| of_rank(rank) != of_rank(0)) {
        None => Ok(()),
        Some(other) => Err(MpiError::Differs {
            first: ranks.place(0),
            first_bytes: of_rank(0).0,
            other: ranks.place(other),
            other_bytes: of_rank(other).0,
        }),
    }
}

/// An error if a rank has found a byte that is no UTF-8.
fn all_utf8(
    ranks: &Ranks,
    (lines, found): (u64, Option<NotUtf8>),
    origin: &Source,
) -> Result<(), MpiError> {
    let bad = found.map_or([0; 4], |bad| [1, bad.line, bad.byte, u64::from(bad.value)]);
    let all = ranks.wire.gather_all(&[&[lines][..], &bad].concat())?;
    let mut lines_before = 0;
    for of_rank in all.as_chunks().0 {
        let [lines, is_bad, line, byte, value] = *of_rank;
        if is_bad == 1 {
            let number = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
            let error = LoadError::NotUtf8 {
                origin: origin.clone(),
                line: number(lines_before + line + 1),
                byte: number(byte),
                value: u8::try_from(value).unwrap_or(0),
            };
            return Err(MpiError::Rank { text: error.to_string(), place: None });
        }
        lines_before += lines;
    }
    Ok(())
}

/// Has rank 0 read the list and every machine keep a copy of it; gives this rank its machine's.
///
/// The file has no name. The ranks of a machine open it by way of the one that made it, so that
/// nothing is left of it, however the ranks end.
fn distribute(
    ranks: &Ranks,
    source: &Source,
    temp_dir: &Path,
    interrupt: &Interrupt,
) -> Result<File, MpiError> {
    let leader = ranks.wire.leaders()?[ranks.rank()];
    let no_copy = |error: std::io::Error| {
        Failure::Failed(format!(
            "cannot keep a copy of {source} in {}: {error}; name another folder with --temp-dir",
            temp_dir.display()
        ))
    };
    let own = (leader == ranks.rank()).then(|| scratch::unnamed_file(temp_dir)).transpose();
    let own = ranks.agreed(own.map_err(no_copy), interrupt)?;
    let mut kept = Ok(());
    let mut keep = |bytes: &[u8]| {
        if let (Some(mut file), true) = (own.as_ref(), kept.is_ok()) {
            kept = file.write_all(bytes);
        }
    };
    let sent = if ranks.rank() == 0 {
        send(ranks, source, interrupt, &mut keep)?
    } else {
        receive(ranks, &mut keep)?;
        Ok(())
    };
    ranks.agreed(sent.and(kept.map_err(no_copy)), interrupt)?;
    let descriptor = own.as_ref().map_or(0, |file| i64::from(file.as_raw_fd()));
    let numbers = [u64::from(std::process::id()), descriptor.unsigned_abs()];
    let all = ranks.wire.gather_all(&numbers)?;
    let opened = own.map_or_else(
        || {
            let (pid, descriptor) = (all[2 * leader], all[2 * leader + 1]);
            File::open(format!("/proc/{pid}/fd/{descriptor}")).map_err(no_copy)
        },
        Ok,
    );
    // Nobody closes his before all have opened theirs.
    ranks.agreed(opened, interrupt)
}

/// Rank 0: reads the list and gives every rank each piece of it.
fn send(
    ranks: &Ranks,
    source: &Source,
    interrupt: &Interrupt,
    keep: &mut dyn FnMut(&[u8]),
) -> Result<Result<(), Failure>, MpiError> {
    std::thread::scope(|scope| {
        let (sender, pieces) = sync_channel(2);
        let reader = scope.spawn(move || read_pieces(source, interrupt, &sender));
        loop {
            match pieces.recv_timeout(Duration::from_millis(50)) {
                Ok(piece) => {
                    keep(&piece);
                    send_piece(ranks, piece.len() as u64, &piece)?;
                }
                Err(RecvTimeoutError::Timeout) => ranks.wire.beat()?,
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        let read = reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        send_piece(ranks, if read.is_ok() { 0 } else { FAILED }, &[])?;
        Ok(read.map_err(Failure::of))
    })
}

/// Nobody takes the pieces any more.
struct Gone;

/// Why reading ended early.
enum ReadError {
    Load(LoadError),
    Gone,
}

impl From<LoadError> for ReadError {
    fn from(error: LoadError) -> Self {
        Self::Load(error)
    }
}

impl From<Gone> for ReadError {
    fn from(_: Gone) -> Self {
        Self::Gone
    }
}

fn read_pieces(
    source: &Source,
    interrupt: &Interrupt,
    pieces: &SyncSender<Vec<u8>>,
) -> Result<(), LoadError> {
    let mut gathered: Vec<u8> = Vec::new();
    let read = read_blocks(source, interrupt, |block| {
        gathered.extend_from_slice(block);
        while gathered.len() >= SENT_BYTES {
            let rest = gathered.split_off(SENT_BYTES);
            pieces.send(std::mem::replace(&mut gathered, rest)).map_err(|_| Gone)?;
        }
        Ok::<(), ReadError>(())
    });
    match read {
        Ok(()) if gathered.is_empty() => Ok(()),
        // If nobody takes it, somebody else has an error to tell.
        Ok(()) => {
            let _ = pieces.send(gathered);
            Ok(())
        }
        Err(ReadError::Gone) => Ok(()),
        Err(ReadError::Load(error)) => Err(error),
    }
}

fn send_piece(ranks: &Ranks, len: u64, piece: &[u8]) -> Result<(), MpiError> {
    let mut message = vec![0; HEADER_BYTES + SENT_BYTES];
    message[..HEADER_BYTES].copy_from_slice(&len.to_ne_bytes());
    message[HEADER_BYTES..][..piece.len()].copy_from_slice(piece);
    ranks.wire.broadcast(message, Patience::Busy).map(drop)
}

/// The other ranks: take every piece.
fn receive(ranks: &Ranks, keep: &mut dyn FnMut(&[u8])) -> Result<(), MpiError> {
    let mut message = vec![0; HEADER_BYTES + SENT_BYTES];
    loop {
        message = ranks.wire.broadcast(message, Patience::Calm)?;
        let (header, piece) = message.split_first_chunk().unwrap_or((&[0; HEADER_BYTES], &[]));
        match u64::from_ne_bytes(*header) {
            0 | FAILED => return Ok(()),
            len => keep(&piece[..usize::try_from(len).unwrap_or(0).min(piece.len())]),
        }
    }
}
