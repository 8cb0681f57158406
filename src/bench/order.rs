//! Random orders of rows that a seed fixes.
//!
//! Every order is as likely as any other: on that the evidence of a table rests. The stream is the
//! same on every machine and in every version, so a saved seed gives the same orders again; that is
//! why it is not left to a crate, whose stream may change.

/// Draws one order after another.
#[derive(Clone, Debug)]
pub struct Orders {
    state: u64,
}

impl Orders {
    /// The orders of `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// Puts rows in an order drawn uniformly from all orders: Fisher and Yates's shuffle in the
    /// form of R. Durstenfeld, "Algorithm 235", 1964.
    pub fn shuffle(&mut self, rows: &mut [usize]) {
        for last in (1..rows.len()).rev() {
            rows.swap(last, self.up_to(last));
        }
    }

    /// A number from 0 to `most`, each exactly as likely as the others: numbers from an incomplete
    /// last stretch are drawn again.
    fn up_to(&mut self, most: usize) -> usize {
        let count = most as u64 + 1;
        let even = u64::MAX - u64::MAX % count;
        loop {
            let drawn = self.next();
            if drawn < even {
                return usize::try_from(drawn % count).expect("no more than `most`");
            }
        }
    }

    /// `SplitMix64`: G. L. Steele, D. Lea, C. H. Flood, "Fast splittable pseudorandom number
    /// generators", OOPSLA 2014.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn a_seed_gives_the_same_orders_for_ever() {
        let mut orders = Orders::new(81);
        let mut rows = [0, 1, 2, 3, 4];
        let drawn = [(); 3].map(|()| {
            orders.shuffle(&mut rows);
            rows
        });
        assert_eq!(drawn, [[1, 3, 0, 4, 2], [4, 0, 2, 1, 3], [1, 3, 4, 0, 2]]);
    }

    #[test]
    fn all_orders_are_equally_likely() {
        const DRAWS: usize = 24_000;
        let mut orders = Orders::new(1);
        let mut counts: BTreeMap<[usize; 4], usize> = BTreeMap::new();
        for _ in 0..DRAWS {
            let mut rows = [0, 1, 2, 3];
            orders.shuffle(&mut rows);
            *counts.entry(rows).or_default() += 1;
        }
        assert_eq!(counts.len(), 24);
        // Five standard deviations of a count with mean 1,000.
        for (order, count) in counts {
            assert!((845..=1155).contains(&count), "{order:?}: {count}");
        }
    }

    #[test]
    fn orders_of_nothing_and_of_one_row_are_what_they_are() {
        let mut orders = Orders::new(7);
        orders.shuffle(&mut []);
        let mut only = [3];
        orders.shuffle(&mut only);
        assert_eq!(only, [3]);
    }
}
