//! Which chunk sizes to try next, once some have been measured.
//!
//! Sizes are only numbers here: which of them is best so far, the caller says. All distances are logarithmic: from 500 to 1,000 is as far as from 50,000 to
//! 100,000.

use std::collections::BTreeSet;

/// Up to `count` sizes between 1 and `largest` that are worth a try, none of them measured yet,
/// the most promising first.
///
/// The wider of the two gaps beside the best size is cut in half, again and again; beyond the ends
/// of what was measured the gap reaches to half or double the size. There are fewer than `count`
/// where the gaps are used up.
#[must_use]
pub fn refine(measured: &[usize], best: usize, largest: usize, count: usize) -> Vec<usize> {
    let mut known: BTreeSet<usize> = measured.iter().copied().collect();
    known.insert(best);
    let mut proposed = Vec::new();
    while proposed.len() < count {
        let untried = |size: &usize| (1..=largest).contains(size) && !known.contains(size);
        let next = [below(&known, best), above(&known, best)]
            .into_iter()
            .filter(untried)
            .max_by(|&one, &other| distance(one, best).total_cmp(&distance(other, best)));
        let Some(size) = next else { break };
        known.insert(size);
        proposed.push(size);
    }
    proposed
}

/// Half way from `best` to the next size below.
fn below(known: &BTreeSet<usize>, best: usize) -> usize {
    known.range(..best).next_back().map_or(best / 2, |&neighbour| half_way(neighbour, best))
}

/// Half way from `best` to the next size above.
fn above(known: &BTreeSet<usize>, best: usize) -> usize {
    let neighbour = known.range(best..).find(|&&size| size > best);
    neighbour.map_or(best.saturating_mul(2), |&neighbour| half_way(best, neighbour))
}

/// The geometric mean. Rounded down, so that neighbours that leave no room give the lower one,
/// which is known.
fn half_way(low: usize, high: usize) -> usize {
    let product = low as u128 * high as u128;
    usize::try_from(product.isqrt()).unwrap_or(high)
}

fn distance(one: usize, other: usize) -> f64 {
    (one.max(1) as f64 / other.max(1) as f64).log2().abs()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sizes_close_in_on_the_best_from_both_sides() {
        let sizes = [500, 1000, 5000, 10_000, 50_000];
        for (best, largest, expected) in [
            (5000, 250_000, &[2236, 3343, 7071, 4088][..]),
            (500, 250_000, &[250, 353, 707, 420]),
            (50_000, 250_000, &[22_360, 100_000, 33_436, 70_710]),
            (50_000, 60_000, &[22_360, 33_436, 40_887, 45_214]),
        ] {
            assert_eq!(refine(&sizes, best, largest, 4), expected, "{best}");
        }
    }

    #[test]
    fn there_are_no_sizes_where_there_is_no_room() {
        for (sizes, best, largest) in [(&[1, 2, 3][..], 2, 9), (&[1], 1, 1), (&[3], 3, 0)] {
            assert_eq!(refine(sizes, best, largest, 5), [0; 0], "{sizes:?}");
        }
    }

    proptest! {
        #[test]
        fn every_size_is_new_and_within_bounds(
            measured in proptest::collection::vec(1..100_000_usize, 1..9),
            largest in 1..100_000_usize,
            count in 0..12_usize,
        ) {
            let proposed = refine(&measured, measured[0], largest, count);
            prop_assert!(proposed.len() <= count);
            let distinct: BTreeSet<_> = proposed.iter().chain(&measured).collect();
            let measured: BTreeSet<_> = measured.iter().collect();
            prop_assert_eq!(distinct.len(), measured.len() + proposed.len());
            prop_assert!(proposed.iter().all(|size| (1..=largest).contains(size)));
        }
    }
}
