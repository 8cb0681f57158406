//! How fast word lists are made: `cargo bench --bench generate` prints nanoseconds a word.

mod rows;

use std::hint::black_box;
use std::io;

use rows::{Row, measure};
use wordhash::generate::{Spec, generate};

const ROUNDS: usize = 21;

fn main() {
    let built_in = Spec::default();
    let all_distinct = Spec { words: 1_000_000, distinct: 1_000_000, seed: 1 };
    let repetitive = Spec { words: 1_000_000, distinct: 1_000, seed: 1 };
    for (name, spec) in
        [("built-in list", built_in), ("all distinct", all_distinct), ("repetitive", repetitive)]
    {
        let words = generate(&spec).expect("such a list can be made");
        let mut table = [
            Row::new("in memory", || {
                black_box(words.to_bytes());
            }),
            Row::new("streamed", || {
                words.write_to(&mut io::sink()).expect("it takes everything");
            }),
        ];
        let count = usize::try_from(spec.words).expect("a million or so");
        measure(&mut table, ROUNDS).print(name, "a word", count);
    }
}
