//! Bytes on their way from what makes them to what takes them, in pieces of bounded size: one
//! after the other on the same thread, or side by side on two.
//!
//! It knows nothing of what the bytes mean.

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::sync::mpsc;
use std::thread;

/// Two of them fit in a second-level cache; those of 128 KiB have the threads wait for each other
/// more often, those of 512 KiB gain nothing.
const PIECE_BYTES: usize = 256 << 10;

/// One piece is made while another one is taken.
const PIECES: usize = 2;

/// What is made, cut into pieces. A write fails when nobody wants any more.
pub(super) struct Pieces<'a> {
    piece: Vec<u8>,
    /// Hands a full piece over for an empty one; `None` when no more are wanted.
    hand_over: &'a mut dyn FnMut(Vec<u8>) -> Option<Vec<u8>>,
}

impl Pieces<'_> {
    fn hand_over(&mut self) -> io::Result<()> {
        let full = std::mem::take(&mut self.piece);
        self.piece = (self.hand_over)(full).ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(())
    }

    #[cold]
    fn write_across(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let room = PIECE_BYTES - self.piece.len();
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.piece.extend_from_slice(now);
            bytes = later;
            if self.piece.len() == PIECE_BYTES {
                self.hand_over()?;
            }
        }
        Ok(())
    }
}

impl Write for Pieces<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes).map(|()| bytes.len())
    }

    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.piece.len() + bytes.len() < PIECE_BYTES {
            self.piece.extend_from_slice(bytes);
            Ok(())
        } else {
            self.write_across(bytes)
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.piece.is_empty() { Ok(()) } else { self.hand_over() }
    }
}

/// Whether more is wanted, or why nothing can be taken any more.
pub(super) type Taken = anyhow::Result<ControlFlow<()>>;

/// Has `make` write all there is and `take` take it piece by piece, until it wants no more.
///
/// # Errors
///
/// What `take` says, or that no thread can be had for `make` where it is to run on its own.
pub(super) fn pass_on(
    two_threads: bool,
    make: impl FnOnce(&mut Pieces<'_>) -> io::Result<()> + Send,
    mut take: impl FnMut(&[u8]) -> Taken,
) -> anyhow::Result<()> {
    if two_threads {
        return side_by_side(make, take);
    }
    let mut taken = Ok(ControlFlow::Continue(()));
    let mut hand_over = |mut piece: Vec<u8>| {
        taken = take(&piece);
        piece.clear();
        matches!(taken, Ok(ControlFlow::Continue(()))).then_some(piece)
    };
    run(make, Vec::with_capacity(PIECE_BYTES), &mut hand_over);
    taken.map(|_| ())
}

fn side_by_side(
    make: impl FnOnce(&mut Pieces<'_>) -> io::Result<()> + Send,
    mut take: impl FnMut(&[u8]) -> Taken,
) -> anyhow::Result<()> {
    let (send_full, full) = mpsc::sync_channel(PIECES);
    let (send_empty, empty) = mpsc::sync_channel(PIECES);
    for _ in 1..PIECES {
        send_empty.send(Vec::with_capacity(PIECE_BYTES))?;
    }
    thread::scope(|scope| {
        let maker = thread::Builder::new().spawn_scoped(scope, move || {
            let mut hand_over = |piece| {
                send_full.send(piece).ok()?;
                empty.recv().ok()
            };
            run(make, Vec::with_capacity(PIECE_BYTES), &mut hand_over);
        })?;
        let mut taken = Ok(ControlFlow::Continue(()));
        while let Ok(mut piece) = full.recv() {
            taken = take(&piece);
            if !matches!(taken, Ok(ControlFlow::Continue(()))) {
                break;
            }
            piece.clear();
            // Nobody receives it when all is made.
            let _ = send_empty.send(piece);
        }
        // So that the maker hears that no more is wanted. It is joined because a thread on its way
        // out would count as alive to a fork that follows.
        drop((full, send_empty));
        maker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        taken.map(|_| ())
    })
}

fn run(
    make: impl FnOnce(&mut Pieces<'_>) -> io::Result<()>,
    piece: Vec<u8>,
    hand_over: &mut dyn FnMut(Vec<u8>) -> Option<Vec<u8>>,
) {
    let mut pieces = Pieces { piece, hand_over };
    // The only way to fail is that no more is wanted, and then whoever wants no more knows why.
    let _ = make(&mut pieces).and_then(|()| pieces.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(count: usize) -> Vec<u8> {
        (0..count).map(|place| u8::try_from(place % 251).unwrap()).collect()
    }

    #[test]
    fn what_is_taken_is_what_was_made_in_pieces_of_bounded_size() {
        for two_threads in [false, true] {
            for count in [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 5 * PIECE_BYTES] {
                for part in [1000, PIECE_BYTES, 3 * PIECE_BYTES + 7] {
                    let made = bytes(count);
                    let mut all = Vec::new();
                    pass_on(
                        two_threads,
                        |out| made.chunks(part).try_for_each(|part| out.write_all(part)),
                        |piece| {
                            assert!((1..=PIECE_BYTES).contains(&piece.len()));
                            all.extend_from_slice(piece);
                            Ok(ControlFlow::Continue(()))
                        },
                    )
                    .unwrap();
                    assert!(all == made, "{count} bytes in parts of {part}");
                }
            }
        }
    }

    #[test]
    fn the_maker_ends_when_no_more_is_wanted() {
        let endless = |out: &mut Pieces<'_>| -> io::Result<()> {
            loop {
                out.write_all(&[0; 1000])?;
            }
        };
        for two_threads in [false, true] {
            let mut pieces = 0;
            pass_on(two_threads, endless, |_| {
                pieces += 1;
                Ok(if pieces == 5 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
            })
            .unwrap();
            assert_eq!(pieces, 5);
            let error = pass_on(two_threads, endless, |_| anyhow::bail!("a full disk"));
            assert_eq!(error.unwrap_err().to_string(), "a full disk");
        }
    }
}
