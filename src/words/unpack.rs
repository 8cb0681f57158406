//! Unpacking gzip and zstd piece by piece, as the bytes come in.
//!
//! Whoever reads pushes packed bytes in and takes what they unpack to, in pieces of bounded size,
//! however much a single packed byte stands for. So reading stays where the waiting and the
//! requests to stop are known, which this module knows nothing of.
//!
//! gzip is `flate2` with its default backend, which is Rust without `unsafe`. zstd is the reference
//! implementation in C: the decoders in Rust that there are cannot be told how large a window they
//! may take, and a window of 100 MB would break the promise that `--max-memory` is.

use std::io::{self, Write as _};

use flate2::write::GzDecoder;
use zstd_safe::{DCtx, DParameter, InBuffer, OutBuffer};

/// A format that is unpacked while reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Gzip,
    Zstd,
}

/// What the first bytes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FirstBytes {
    Packed(Format),
    Plain,
    /// Too few to tell.
    TooFew,
}

const GZIP_MAGIC: &[u8] = b"\x1f\x8b";

/// No format needs more bytes than these to be recognised.
pub(crate) const MAGIC_BYTES: usize = 4;

impl Format {
    /// Recognises the first bytes of an input.
    pub(crate) fn of(first: &[u8]) -> FirstBytes {
        const ZSTD: &[u8] = b"\x28\xb5\x2f\xfd";
        // Frames that decoders leave out (RFC 8878, section 3.1.2) may stand before the first one
        // that counts; tools put seek tables and signatures there. Their first byte varies.
        const SKIPPABLE: &[u8] = b"\x2a\x4d\x18";
        let skippable = match first {
            [0x50..=0x5f, rest @ ..] => Some(rest),
            _ => None,
        };
        if first.starts_with(GZIP_MAGIC) {
            FirstBytes::Packed(Self::Gzip)
        } else if first.starts_with(ZSTD)
            || skippable.is_some_and(|rest| rest.starts_with(SKIPPABLE))
        {
            FirstBytes::Packed(Self::Zstd)
        } else if GZIP_MAGIC.starts_with(first)
            || ZSTD.starts_with(first)
            || skippable.is_some_and(|rest| SKIPPABLE.starts_with(rest))
        {
            FirstBytes::TooFew
        } else {
            FirstBytes::Plain
        }
    }

    /// The format's usual name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}

/// Why bytes cannot be unpacked.
#[derive(Debug)]
pub(crate) enum Fault {
    /// They end before the archive does.
    Cut,
    /// They are not what an archive consists of, or do not match its checksum.
    Broken(io::Error),
    /// The archive is whole, but what follows it is no other one.
    Trailing,
    /// Earlier output would have to be kept for longer than there is memory for.
    WindowTooLarge,
}

/// The windows that every zstd decoder should support (RFC 8878, section 3.1.1.1.2): 2^23 bytes.
/// What a program needs besides its words has room for one.
const USUAL_WINDOW_LOG: u32 = 23;

/// The largest windows that `zstd --long=31` makes: 2^31 bytes.
const MOST_WINDOW_LOG: u32 = 31;

/// At least one block of either format fits.
const STEP_BYTES: usize = 128 << 10;

/// An archive on its way.
pub(crate) enum Unpacker {
    Gzip(Box<Gzip>),
    Zstd {
        context: DCtx<'static>,
        /// Memory for the window beyond the usual one, in bytes.
        beyond_usual: usize,
        /// Whether a frame was begun that has not ended.
        in_frame: bool,
    },
}

/// Members of gzip, one after the other. (`MultiGzDecoder` goes through them too, but does not tell
/// a cut end from a wrong checksum.)
pub(crate) struct Gzip {
    member: GzDecoder<Vec<u8>>,
    /// How many bytes of the member were taken.
    taken: usize,
    /// Whether one ended before it.
    follows: bool,
    /// Whether there are zeros behind that, which fill the last block of a tape.
    padded: bool,
}

impl std::fmt::Debug for Unpacker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Gzip(_) => "Unpacker::Gzip",
            Self::Zstd { .. } => "Unpacker::Zstd",
        })
    }
}

impl Unpacker {
    /// Begins an archive; of `room_bytes`, about a quarter may go into a zstd window.
    pub(crate) fn new(format: Format, room_bytes: usize) -> Result<Self, Fault> {
        if format == Format::Gzip {
            let member = GzDecoder::new(Vec::new());
            return Ok(Self::Gzip(Box::new(Gzip {
                member,
                taken: 0,
                follows: false,
                padded: false,
            })));
        }
        let window_log = (room_bytes / 4).max(1).ilog2().clamp(USUAL_WINDOW_LOG, MOST_WINDOW_LOG);
        let no_memory = || Fault::Broken(io::ErrorKind::OutOfMemory.into());
        let mut context = DCtx::try_create().ok_or_else(no_memory)?;
        context.set_parameter(DParameter::WindowLogMax(window_log)).map_err(fault_of)?;
        let beyond_usual = if window_log > USUAL_WINDOW_LOG { 1_usize << window_log } else { 0 };
        Ok(Self::Zstd { context, beyond_usual, in_frame: false })
    }

    /// What of the room it was given is not there for others.
    pub(crate) fn taken_bytes(&self) -> usize {
        match self {
            Self::Gzip(_) => 0,
            Self::Zstd { beyond_usual, .. } => *beyond_usual,
        }
    }

    /// Takes some of `packed`, which is not empty, and appends what it unpacks to: about
    /// [`STEP_BYTES`] at most. Returns how many bytes it took; none where one part of the archive
    /// has ended and the next one begins.
    pub(crate) fn push(&mut self, packed: &[u8], out: &mut Vec<u8>) -> Result<usize, Fault> {
        match self {
            Self::Gzip(gzip) => gzip.step(packed, out),
            Self::Zstd { context, in_frame, .. } => zstd_step(context, in_frame, packed, out),
        }
    }

    /// After the last packed byte: appends what is left, if the archive is whole.
    pub(crate) fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Fault> {
        match self {
            Self::Gzip(gzip) => gzip.finish(out)?,
            Self::Zstd { context, in_frame, .. } => {
                while *in_frame {
                    let before = out.len();
                    zstd_step(context, in_frame, &[], out)?;
                    if *in_frame && out.len() == before {
                        return Err(Fault::Cut);
                    }
                }
            }
        }
        Ok(())
    }
}

impl Gzip {
    fn step(&mut self, packed: &[u8], out: &mut Vec<u8>) -> Result<usize, Fault> {
        if self.follows && self.taken == 0 {
            let zeros = packed.iter().take_while(|byte| **byte == 0).count();
            self.padded |= zeros > 0;
            if zeros > 0 {
                return Ok(zeros);
            }
            if self.padded {
                return Err(Fault::Trailing);
            }
        }
        // The decoder would look only when it has a whole header.
        let mut magic = GZIP_MAGIC.iter().skip(self.taken).zip(packed);
        if self.follows && magic.any(|(wanted, byte)| wanted != byte) {
            return Err(Fault::Trailing);
        }
        let taken = self.member.write(packed).map_err(Fault::Broken)?;
        out.append(self.member.get_mut());
        self.taken += taken;
        if taken == 0 {
            // It takes no more: its checksum is there.
            self.finish(out)?;
            *self =
                Self { member: GzDecoder::new(Vec::new()), taken: 0, follows: true, padded: false };
        }
        Ok(taken)
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Fault> {
        if self.taken == 0 {
            return Ok(());
        }
        if self.member.header().is_none() {
            return Err(Fault::Cut);
        }
        if let Err(error) = self.member.try_finish() {
            // Half a checksum is called a wrong one; but it would take another byte.
            let cut = error.kind() == io::ErrorKind::UnexpectedEof
                || self.member.write(&[0]).is_ok_and(|taken| taken > 0);
            return Err(if cut { Fault::Cut } else { Fault::Broken(error) });
        }
        out.append(self.member.get_mut());
        Ok(())
    }
}

fn zstd_step(
    context: &mut DCtx<'_>,
    in_frame: &mut bool,
    packed: &[u8],
    out: &mut Vec<u8>,
) -> Result<usize, Fault> {
    let before = out.len();
    out.resize(before + STEP_BYTES, 0);
    let mut input = InBuffer::around(packed);
    let mut output = OutBuffer::around(&mut out[before..]);
    let wanted = context.decompress_stream(&mut output, &mut input);
    let unpacked = output.pos();
    out.truncate(before + unpacked);
    *in_frame = wanted.map_err(fault_of)? != 0;
    Ok(input.pos())
}

/// What an error code of zstd means; the codes are its stable interface (`zstd_errors.h`).
fn fault_of(code: zstd_safe::ErrorCode) -> Fault {
    const NO_FRAME: usize = 10;
    const WINDOW_TOO_LARGE: usize = 16;
    match code.wrapping_neg() {
        // The first frame was recognised before it came here.
        NO_FRAME => Fault::Trailing,
        WINDOW_TOO_LARGE => Fault::WindowTooLarge,
        _ => {
            let name = zstd_safe::get_error_name(code);
            Fault::Broken(io::Error::new(io::ErrorKind::InvalidData, name))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_bytes_tell_as_soon_as_they_can() {
        use FirstBytes::{Packed, Plain, TooFew};
        for (first, known) in [
            (&b""[..], TooFew),
            (b"\x1f", TooFew),
            (b"\x1f\x8b", Packed(Format::Gzip)),
            (b"\x1f\x8b\x08\0", Packed(Format::Gzip)),
            (b"\x1fa", Plain),
            (b"\x28\xb5\x2f", TooFew),
            (b"\x28\xb5\x2f\xfd", Packed(Format::Zstd)),
            (b"(a", Plain),
            (b"P", TooFew),
            (b"_*M", TooFew),
            (b"P*M\x18", Packed(Format::Zstd)),
            (b"_*M\x18", Packed(Format::Zstd)),
            (b"`*M\x18", Plain),
            (b"O*M\x18", Plain),
            (b"P*Ma", Plain),
            (b"Pa", Plain),
        ] {
            assert_eq!(Format::of(first), known, "{first:?}");
        }
    }
}
