//! The engines against each other in one run: each in turn on the same words; medians of the time
//! and of the ratio to the `sha2` crate. Run it alone on the machine: `cargo bench --bench engine_ratios`.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::hint::black_box;
use std::num::NonZeroU32;
use std::time::Instant;

use wordhash::sha512::{DIGEST_LEN, Engine};

/// Turns of each engine; the figures are medians over them.
const TURNS: usize = 31;

/// The words' bytes one after another, and where each begins.
struct Words {
    bytes: Vec<u8>,
    borders: Vec<usize>,
}

impl Words {
    /// Makes words of pseudo-random letters; each length comes from a pseudo-random number.
    fn generate(count: usize, length: impl Fn(usize) -> usize) -> Self {
        let mut random = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = || {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            usize::try_from(random >> 33).expect("31 bits fit")
        };
        let mut words = Self { bytes: Vec::new(), borders: vec![0] };
        for _ in 0..count {
            for _ in 0..length(next()) {
                words.bytes.push(b'a' + u8::try_from(next() % 26).expect("below 26"));
            }
            words.borders.push(words.bytes.len());
        }
        words
    }

    fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.borders.windows(2).map(|pair| &self.bytes[pair[0]..pair[1]])
    }

    fn len(&self) -> usize {
        self.borders.len() - 1
    }
}

/// Of one engine: the median nanoseconds a word, and the median of what the first engine took in the
/// same turn as a multiple of that. A ratio within a turn leaves out what the machine did meanwhile.
struct Medians {
    engine: &'static str,
    nanoseconds: f64,
    ratio: f64,
}

/// Measures every engine, the engines taking turns.
fn measure(words: &Words, rounds: NonZeroU32) -> Vec<Medians> {
    let engines = Engine::available();
    let mut digests = vec![[0; DIGEST_LEN]; words.len()];
    let mut samples = vec![Vec::with_capacity(TURNS); engines.len()];
    for _ in 0..TURNS {
        for (engine, samples) in engines.iter().zip(&mut samples) {
            let start = Instant::now();
            engine.hash_words(black_box(words).iter(), rounds, black_box(&mut digests));
            samples.push(start.elapsed().as_secs_f64() * 1e9 / words.len() as f64);
        }
    }
    let figures = engines.iter().zip(&samples).map(|(engine, turns)| {
        let ratios = samples[0].iter().zip(turns).map(|(first, this)| first / this).collect();
        Medians { engine: engine.name(), nanoseconds: median(turns.clone()), ratio: median(ratios) }
    });
    figures.collect()
}

fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}

fn main() {
    // The sum of three gives lengths of 4 to 18 letters with most near the middle.
    let word = |n: usize| 4 + n % 5 + n / 5 % 6 + n / 30 % 6;
    let lists: [(&str, Words, u32); 4] = [
        ("list, 4 to 18 letters", Words::generate(50_000, word), 1),
        ("list, 100 rounds", Words::generate(500, word), 100),
        ("words of 19 to 111 bytes", Words::generate(50_000, |n| 19 + n % 93), 1),
        ("words of 112 to 400 bytes", Words::generate(20_000, |n| 112 + n % 289), 1),
    ];
    println!("{:26} {:>7} {:>12} {:>8}", "", "engine", "ns a hash", "x sha2");
    for (name, words, rounds) in &lists {
        let rounds = NonZeroU32::new(*rounds).expect("not zero");
        for Medians { engine, nanoseconds, ratio } in measure(words, rounds) {
            let each = nanoseconds / f64::from(rounds.get());
            println!("{name:26} {engine:>7} {each:>12.1} {ratio:>8.2}");
        }
    }
}
