//! Every engine on a list such as people have, and on single lengths at the borders where an engine
//! changes its way. Criterion shows the time of one word as `time` of one element.

use std::hint::black_box;
use std::num::NonZeroU32;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use wordhash::sha512::{DIGEST_LEN, Engine};

/// Enough words that the ends of a call do not count, few enough that all stay in the cache.
const WORDS: usize = 2048;

/// Lengths of 4 to 18 letters whose mean is about 10.4, in an order without a pattern.
fn list_lengths() -> Vec<usize> {
    let mut random = 1_u32;
    let mut below = |limit: u32| {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        usize::try_from((random >> 16) % limit).expect("16 bits fit")
    };
    (0..WORDS).map(|_| 4 + below(5) + below(5) + below(7)).collect()
}

fn hash_lengths(criterion: &mut Criterion, name: &str, lengths: &[usize]) {
    let bytes: Vec<u8> = (b'a'..=b'z').cycle().take(lengths.iter().sum()).collect();
    let mut rest = &bytes[..];
    let words: Vec<&[u8]> =
        lengths.iter().map(|length| rest.split_off(..*length).expect("bytes for all")).collect();
    let mut digests = vec![[0; DIGEST_LEN]; words.len()];
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Elements(words.len() as u64));
    for engine in Engine::available() {
        group.bench_function(BenchmarkId::from_parameter(engine.name()), |bencher| {
            bencher.iter(|| {
                let words = black_box(&words).iter().copied();
                engine.hash_words(words, NonZeroU32::MIN, black_box(&mut digests));
            });
        });
    }
    group.finish();
}

fn engines(criterion: &mut Criterion) {
    hash_lengths(criterion, "list", &list_lengths());
    for length in [1, 8, 15, 16, 55, 56, 111, 112, 200, 1000] {
        hash_lengths(criterion, &format!("length {length}"), &vec![length; WORDS]);
    }
}

criterion_group!(benches, engines);
criterion_main!(benches);
