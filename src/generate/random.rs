//! Random numbers that are the same on every machine.
//!
//! `SplitMix64`: G. L. Steele, D. Lea, C. H. Flood, "Fast splittable pseudorandom number
//! generators", OOPSLA 2014, with the constants of S. Vigna's `splitmix64.c`. One number costs an
//! addition and two multiplications and does not wait for the one before it. It is for variety, not
//! for secrets.

/// A stream of 64-bit numbers that a seed fixes.
#[derive(Clone, Debug)]
pub(super) struct SplitMix64 {
    state: u64,
}

impl SplitMix64 {
    /// The stream of `seed`; every seed is as good as any other.
    pub(super) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next number, each of the 2^64 as likely as any other.
    #[inline]
    pub(super) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// The next two numbers as one.
    #[inline]
    pub(super) fn next_wide(&mut self) -> u128 {
        u128::from(self.next()) << 64 | u128::from(self.next())
    }

    /// A number below `end`, which must not be 0.
    ///
    /// The upper half of a 128-bit product, without the rejection that would make it exactly even:
    /// no number is favoured by more than `end` in 2^64, and the stream always moves on by one.
    #[inline]
    pub(super) fn below(&mut self, end: u64) -> u64 {
        let product = u128::from(self.next()) * u128::from(end);
        u64::try_from(product >> 64).expect("the upper half of a 128-bit product has 64 bits")
    }
}

#[cfg(test)]
mod tests {
    use super::SplitMix64;

    #[test]
    fn the_stream_is_the_published_one() {
        let mut random = SplitMix64::new(1_234_567);
        for expected in [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
            4_593_380_528_125_082_431,
            16_408_922_859_458_223_821,
        ] {
            assert_eq!(random.next(), expected);
        }
    }

    #[test]
    fn below_reaches_every_number_under_its_end_and_none_beyond() {
        for end in [1, 2, 3, 10] {
            let mut random = SplitMix64::new(end);
            let mut seen = vec![false; usize::try_from(end).unwrap()];
            for _ in 0..1_000 {
                seen[usize::try_from(random.below(end)).unwrap()] = true;
            }
            assert!(seen.iter().all(|&seen| seen), "end {end}");
        }
    }
}
