//! Two registers as one vector of twice the lanes.
//!
//! A rotation takes two cycles and every round waits for those of the round before, so a single
//! register leaves the CPU's vector units short of work that is ready. With two, each instruction
//! has an independent one at its side.

#![expect(clippy::inline_always, reason = "only inlined code may use the engines' instructions")]

use super::vector::Vector;

/// The lanes of the first register, then those of the second.
#[derive(Clone, Copy)]
pub(super) struct Pair<V>(pub(super) V, pub(super) V);

impl<V: Vector> Vector for Pair<V> {
    type Proof = V::Proof;

    #[inline(always)]
    fn splat(proof: V::Proof, value: u64) -> Self {
        let both = V::splat(proof, value);
        Self(both, both)
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(self.0.add(other.0), self.1.add(other.1))
    }

    #[inline(always)]
    fn xor3(self, second: Self, third: Self) -> Self {
        Self(self.0.xor3(second.0, third.0), self.1.xor3(second.1, third.1))
    }

    #[inline(always)]
    fn choose(self, set: Self, clear: Self) -> Self {
        Self(self.0.choose(set.0, clear.0), self.1.choose(set.1, clear.1))
    }

    #[inline(always)]
    fn majority(self, second: Self, third: Self) -> Self {
        Self(self.0.majority(second.0, third.0), self.1.majority(second.1, third.1))
    }

    #[inline(always)]
    fn rotate_right<const BITS: i32>(self) -> Self {
        Self(self.0.rotate_right::<BITS>(), self.1.rotate_right::<BITS>())
    }

    #[inline(always)]
    fn shift_right<const BITS: i32>(self) -> Self {
        Self(self.0.shift_right::<BITS>(), self.1.shift_right::<BITS>())
    }
}
