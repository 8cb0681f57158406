//! What the round code needs of a vector register: one 64-bit number of each message, side by
//! side, and the few operations that SHA-512 is made of.
//!
//! The trait knows no instruction set; each implementation says how its own does the operation
//! best. A value can only be made from a proof that the CPU has the instructions, so everything
//! that is done with values is safe.
//!
//! Every method is `#[inline(always)]`: the instructions are available only inside the engines'
//! own functions, and only code that is inlined there can use them.

/// Numbers of 64 bits in the lanes of one register.
pub(super) trait Vector: Copy {
    /// Says that the CPU has the instructions.
    type Proof: Copy;

    /// The same number in every lane.
    fn splat(proof: Self::Proof, value: u64) -> Self;

    /// The sum modulo 2^64.
    fn add(self, other: Self) -> Self;

    /// The exclusive or of three.
    fn xor3(self, second: Self, third: Self) -> Self;

    /// `Ch` of FIPS 180-4, section 4.1.3: where a bit of `self` is set, `set`'s bit, else `clear`'s.
    fn choose(self, set: Self, clear: Self) -> Self;

    /// `Maj` of FIPS 180-4, section 4.1.3: each bit as most of the three have it.
    fn majority(self, second: Self, third: Self) -> Self;

    /// Every lane rotated right by `BITS`, 1 to 63.
    fn rotate_right<const BITS: i32>(self) -> Self;

    /// Every lane shifted right by `BITS`, 1 to 63, with zeros coming in.
    fn shift_right<const BITS: i32>(self) -> Self;
}
