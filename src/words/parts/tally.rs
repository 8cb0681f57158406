//! A sum by which bytes that were counted and bytes that were read are held against each other. It
//! does not know what the bytes are.

/// A sum over bytes at their places in a file: those of parts add up to that of the whole, modulo
/// 2^64, in any order. Each eight bytes are multiplied by a factor that their place gives.
///
/// It tells files apart that differ by accident; who wants to deceive it can.
#[must_use]
pub fn tally(bytes: &[u8], at: u64) -> u64 {
    let lead = usize::try_from(at % 8).unwrap_or(0);
    let head_len = ((8 - lead) % 8).min(bytes.len());
    let (head, rest) = bytes.split_at(head_len);
    let partial = |place: u64, offset: usize, bytes: &[u8]| {
        let mut word = [0; 8];
        word[offset..offset + bytes.len()].copy_from_slice(bytes);
        u64::from_le_bytes(word).wrapping_mul(factor(place))
    };
    let mut sum = if head.is_empty() { 0 } else { partial(at / 8, lead, head) };
    let first = at.div_ceil(8);
    let (words, tail) = rest.as_chunks::<8>();
    for (place, word) in (first..).zip(words) {
        sum = sum.wrapping_add(u64::from_le_bytes(*word).wrapping_mul(factor(place)));
    }
    if !tail.is_empty() {
        sum = sum.wrapping_add(partial(first + words.len() as u64, 0, tail));
    }
    sum
}

/// An odd number: no difference in one place is lost.
pub(super) fn factor(place: u64) -> u64 {
    let bits = place.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (bits ^ bits >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9) | 1
}
