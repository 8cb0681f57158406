//! The hash engines against each other, in rounds: on lists such as people have, and on single
//! lengths at the borders where an engine changes its way. `cargo bench --bench engines` prints
//! nanoseconds a hash and how many times as fast as the `sha2` crate each engine is; run it alone
//! on the machine.

mod rows;

use std::hint::black_box;
use std::num::NonZeroU32;

use rows::{Row, measure};
use wordhash::os::region::Region;
use wordhash::sha512::{DIGEST_LEN, Digest, Engine};

/// Rounds of each table.
const ROUNDS: usize = 31;
/// Enough words that the ends of a call do not count, few enough that all stay in the cache.
const WORDS: usize = 2048;

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

/// Hashes the words with every engine; digests are stored where real runs store them, on the
/// borders of cache lines.
fn compare(title: &str, words: &Words, iterations: NonZeroU32) {
    let engines = Engine::available();
    let mut regions: Vec<Region> = engines
        .iter()
        .map(|_| Region::private(words.len() * DIGEST_LEN).expect("memory for the digests"))
        .collect();
    let mut table: Vec<Row<'_>> = engines
        .iter()
        .zip(&mut regions)
        .map(|(engine, region)| {
            let (digests, _) = region.private_bytes_mut().as_chunks_mut::<DIGEST_LEN>();
            let digests: &mut [Digest] = digests;
            Row::new(engine.name(), move || {
                engine.hash_words(black_box(words).iter(), iterations, black_box(digests));
            })
        })
        .collect();
    let hashes = words.len() * iterations.get() as usize;
    measure(&mut table, ROUNDS).print(title, "a hash", hashes);
}

fn main() {
    // The sum of three gives lengths of 4 to 18 letters with most near the middle.
    let word = |n: usize| 4 + n % 5 + n / 5 % 6 + n / 30 % 6;
    let hundred = NonZeroU32::new(100).expect("not zero");
    let one = NonZeroU32::MIN;
    compare("list, 4 to 18 letters, from cache", &Words::generate(WORDS, word), one);
    compare("list, 4 to 18 letters", &Words::generate(50_000, word), one);
    compare("list, hashed 100 times", &Words::generate(500, word), hundred);
    compare("words of 19 to 111 bytes", &Words::generate(50_000, |n| 19 + n % 93), one);
    compare("words of 112 to 400 bytes", &Words::generate(20_000, |n| 112 + n % 289), one);
    for length in [1, 8, 15, 16, 31, 32, 55, 56, 111, 112, 200, 1000] {
        compare(&format!("length {length}"), &Words::generate(WORDS, |_| length), one);
    }
}
