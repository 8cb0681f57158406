//! Where a text may have words: the runs of bytes between those that are never in one.
//!
//! It knows what single bytes are, and nothing of the rules by which words are found in a run.
//!
//! Bytes are classed 64 at a time, without a branch, and each class is a bit mask; so there is one
//! branch a run that is hard to foretell, not one a byte. The loops over 64 bytes become SIMD
//! instructions by themselves, on every processor. (A table of 256 classes, one look-up a byte,
//! took twice as long.)

use std::ops::Range;

const BLOCK_BYTES: usize = 64;

/// What a run has besides ASCII's letters and digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Others {
    Nothing,
    /// One ASCII mark, at its end. (Where that is the last byte of a block, it is [`Something`]
    /// like others.)
    ///
    /// [`Something`]: Others::Something
    MarkAtEnd,
    Something,
}

/// Calls `run` with the place of each run, in order. The text begins and ends where a run may.
#[inline]
pub(super) fn each_run(text: &[u8], mut run: impl FnMut(Range<usize>, Others)) {
    let mut runs = Runs { text, start: 0, others_before: false };
    let (blocks, rest) = text.as_chunks();
    for (number, block) in blocks.iter().enumerate() {
        runs.block(number * BLOCK_BYTES, block, &mut run);
    }
    // The end of the text ends its last run, as white space does.
    let mut last = [b' '; BLOCK_BYTES];
    last[..rest.len()].copy_from_slice(rest);
    runs.block(text.len() - rest.len(), &last, &mut run);
}

struct Runs<'a> {
    text: &'a [u8],
    /// Where the run that was reached starts.
    start: usize,
    /// Whether it has others in the blocks before.
    others_before: bool,
}

impl Runs<'_> {
    #[inline]
    fn block(
        &mut self,
        at: usize,
        block: &[u8; BLOCK_BYTES],
        run: &mut impl FnMut(Range<usize>, Others),
    ) {
        let (mut ends, mut others) = masks(block);
        while ends != 0 {
            let place = ends.trailing_zeros();
            let end = at + place as usize;
            let up_to_end = ends ^ (ends - 1);
            let of_run = others & up_to_end;
            if end > self.start {
                let kind = if of_run == 0 && !self.others_before {
                    Others::Nothing
                } else if of_run << 1 == 1 << place
                    && !self.others_before
                    && self.text[end - 1].is_ascii()
                {
                    Others::MarkAtEnd
                } else {
                    Others::Something
                };
                run(self.start..end, kind);
            }
            self.start = end + 1;
            self.others_before = false;
            others ^= of_run;
            ends &= ends - 1;
        }
        self.others_before |= others != 0;
    }
}

/// The bits of the bytes that are apart, and of those that are neither apart nor letters or digits
/// of ASCII.
#[cfg(target_arch = "x86_64")]
#[inline]
fn masks(block: &[u8; BLOCK_BYTES]) -> (u64, u64) {
    let (sixteens, _) = block.as_chunks();
    let (mut apart, mut others) = (0, 0);
    for (place, &sixteen) in sixteens.iter().enumerate() {
        // SAFETY: every x86-64 processor has SSE2.
        let (of_apart, of_others) = unsafe { sse2::masks(sixteen) };
        apart |= u64::from(of_apart) << (16 * place);
        others |= u64::from(of_others) << (16 * place);
    }
    (apart, others)
}

/// The same for sixteen bytes, with instructions that every x86-64 processor has.
#[cfg(target_arch = "x86_64")]
mod sse2 {
    use std::arch::x86_64::{
        __m128i, _mm_add_epi8, _mm_cmpeq_epi8, _mm_cmplt_epi8, _mm_movemask_epi8, _mm_or_si128,
        _mm_set_epi64x, _mm_set1_epi8,
    };

    #[inline]
    #[target_feature(enable = "sse2")]
    pub(super) fn masks(bytes: [u8; 16]) -> (u16, u16) {
        let (halves, _) = bytes.as_chunks();
        let bytes = _mm_set_epi64x(i64::from_le_bytes(halves[1]), i64::from_le_bytes(halves[0]));
        let lower = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
        let core = _mm_or_si128(between(lower, b'a', b'z'), between(bytes, b'0', b'9'));
        // The marks of `is_mark`.
        let points = _mm_or_si128(between(bytes, b',', b'.'), between(bytes, b':', b';'));
        let quotes = _mm_or_si128(is(bytes, b'\''), is(bytes, b'"'));
        let marks = _mm_or_si128(_mm_or_si128(points, quotes), is(bytes, b'_'));
        // What is not ASCII has the highest bit already.
        let (core, others) = (bits(core), bits(_mm_or_si128(marks, bytes)));
        (!(core | others), others)
    }

    /// All bits of those that are between two bytes of ASCII.
    #[inline]
    #[target_feature(enable = "sse2")]
    fn between(bytes: __m128i, least: u8, most: u8) -> __m128i {
        // Shifted so that those are the lowest ones of all signed bytes.
        let shifted = _mm_add_epi8(bytes, _mm_set1_epi8(0x80_u8.wrapping_sub(least).cast_signed()));
        _mm_cmplt_epi8(shifted, _mm_set1_epi8((0x81 + most - least).cast_signed()))
    }

    #[inline]
    #[target_feature(enable = "sse2")]
    fn is(bytes: __m128i, byte: u8) -> __m128i {
        _mm_cmpeq_epi8(bytes, _mm_set1_epi8(byte.cast_signed()))
    }

    /// The highest bits of all bytes.
    #[inline]
    #[target_feature(enable = "sse2")]
    fn bits(bytes: __m128i) -> u16 {
        u16::try_from(_mm_movemask_epi8(bytes)).expect("sixteen bits")
    }
}

/// The bits of the bytes that are apart, and of those that are neither apart nor letters or digits
/// of ASCII.
#[cfg(not(target_arch = "x86_64"))]
#[inline]
fn masks(block: &[u8; BLOCK_BYTES]) -> (u64, u64) {
    let mut apart = [0; BLOCK_BYTES];
    let mut others = [0; BLOCK_BYTES];
    for ((apart, others), &byte) in apart.iter_mut().zip(&mut others).zip(block) {
        let other = is_mark(byte) | !byte.is_ascii();
        *others = u8::from(other);
        *apart = u8::from(!(other | is_core(byte)));
    }
    (bits(&apart), bits(&others))
}

/// A bit for each byte, which is 0 or 1.
#[cfg(not(target_arch = "x86_64"))]
#[inline]
fn bits(bytes: &[u8; BLOCK_BYTES]) -> u64 {
    /// Takes bit 0 of byte n to bit 56 + n; no two products meet in a bit.
    const TO_TOP_BYTE: u64 = 0x0102_0408_1020_4080;
    let (eights, _) = bytes.as_chunks::<8>();
    eights.iter().rev().fold(0, |bits, &eight| {
        bits << 8 | u64::from_le_bytes(eight).wrapping_mul(TO_TOP_BYTE) >> 56
    })
}

/// A letter or a digit of ASCII.
#[inline]
pub(super) fn is_core(byte: u8) -> bool {
    ((byte | 0x20).wrapping_sub(b'a') < 26) | (byte.wrapping_sub(b'0') < 10)
}

/// What the rules for words speak of: the quotation mark is inside of words in Hebrew.
#[inline]
fn is_mark(byte: u8) -> bool {
    const MARKS: [u8; 8] = *b"_.':,;-\"";
    // To compare with all of them takes no branch.
    MARKS.iter().fold(0, |found, &mark| found | u8::from(byte == mark)) != 0
}

/// ASCII that no rule ever has inside of a word: white space, brackets, slashes, NUL, ….
#[inline]
pub(super) fn is_apart(byte: u8) -> bool {
    !(is_core(byte) | is_mark(byte) | !byte.is_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The same, byte by byte.
    fn expected(text: &[u8]) -> Vec<(Range<usize>, Others)> {
        let mut runs = Vec::new();
        let mut start = 0;
        for run in text.split(|&byte| is_apart(byte)) {
            let end = start + run.len();
            if let [inner @ .., last] = run {
                let others = if run.iter().all(u8::is_ascii_alphanumeric) {
                    Others::Nothing
                } else if inner.iter().all(u8::is_ascii_alphanumeric)
                    && last.is_ascii()
                    && !end.is_multiple_of(BLOCK_BYTES)
                {
                    Others::MarkAtEnd
                } else {
                    Others::Something
                };
                runs.push((start..end, others));
            }
            start = end + 1;
        }
        runs
    }

    proptest! {
        #[test]
        fn runs_are_those_found_byte_by_byte(
            pieces in prop::collection::vec("[aZ09]{0,70}[._\u{e4}]{0,2}[ \n]{0,3}|[\\x00-\\xff]{0,9}", 0..9),
            cut in 0..BLOCK_BYTES,
        ) {
            let text = pieces.concat();
            let text = &text.as_bytes()[cut.min(text.len())..];
            let mut runs = Vec::new();
            each_run(text, |run, others| runs.push((run, others)));
            prop_assert_eq!(runs, expected(text));
        }
    }
}
