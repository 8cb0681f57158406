//! The known set: count and build, by size and threads. At the end, two threads against one, in
//! turn, as a ratio.

use std::hint::black_box;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput};
use wordhash::known::{KnownSet, count_distinct};
use wordhash::os::region::Region;
use wordhash::sha512::Digest;

const ONE: NonZeroUsize = NonZeroUsize::MIN;
const TWO: NonZeroUsize = NonZeroUsize::MIN.saturating_add(1);
const SIZES: [usize; 3] = [1_000, 100_000, 1_049_938];
const PAIRS: usize = 31;

/// As many pseudo-random digests as fit the bytes, one in fifteen equal to another, in no order:
/// the mixture of the built-in word list.
fn fill(bytes: &mut [u8]) {
    let mut state = 0_u64;
    let mut next = || {
        // splitmix64 (Steele, Lea, Flood 2014).
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    };
    let (parts, _) = bytes.as_chunks_mut();
    for part in parts {
        *part = next().to_le_bytes();
    }
    let (digests, _) = bytes.as_chunks_mut::<64>();
    for place in 1..digests.len() {
        let random = next();
        if random % 15 == 0 {
            let earlier = next() % place as u64;
            digests[place] = digests[usize::try_from(earlier).expect("an index")];
        }
    }
}

fn by_size_and_threads(criterion: &mut Criterion, digests: &[Digest]) {
    let mut group = criterion.benchmark_group("known");
    group.sample_size(20).measurement_time(Duration::from_secs(2));
    for size in SIZES {
        let digests = &digests[..size];
        group.throughput(Throughput::Elements(size as u64));
        for threads in [ONE, TWO] {
            let label = format!("{size}/{threads} threads");
            group.bench_function(BenchmarkId::new("count", &label), |bencher| {
                bencher.iter(|| count_distinct(digests, threads).expect("memory and threads"));
            });
            group.bench_function(BenchmarkId::new("build", &label), |bencher| {
                bencher.iter(|| KnownSet::build(digests, threads).expect("memory and threads"));
            });
        }
    }
    group.finish();
}

/// The median of the pairs' ratios, and the median milliseconds with one and with two threads.
fn paired(mut run: impl FnMut(NonZeroUsize)) -> (f64, f64, f64) {
    let mut time = |threads| {
        let start = Instant::now();
        run(threads);
        start.elapsed().as_secs_f64() * 1e3
    };
    let pairs: Vec<_> = (0..PAIRS).map(|_| (time(ONE), time(TWO))).collect();
    let median = |value: fn(&(f64, f64)) -> f64| {
        let mut values: Vec<_> = pairs.iter().map(value).collect();
        values.sort_by(f64::total_cmp);
        values[PAIRS / 2]
    };
    (median(|(one, two)| two / one), median(|&(one, _)| one), median(|&(_, two)| two))
}

#[expect(clippy::print_stdout, reason = "a benchmark's results")]
fn print_ratios(digests: &[Digest]) {
    let count = paired(|threads| {
        black_box(count_distinct(digests, threads).expect("memory and threads"));
    });
    let build = paired(|threads| {
        black_box(KnownSet::build(digests, threads).expect("memory and threads"));
    });
    for (what, (ratio, one, two)) in [("count", count), ("build", build)] {
        println!("{what}: two threads / one = {ratio:.3} ({two:.2} ms / {one:.2} ms, medians)");
    }
}

fn main() {
    let mut region = Region::private(SIZES[2] * 64).expect("memory for the digests");
    fill(region.private_bytes_mut());
    let (digests, _) = region.private_bytes().as_chunks();
    let mut criterion = Criterion::default().configure_from_args();
    by_size_and_threads(&mut criterion, digests);
    criterion.final_summary();
    print_ratios(digests);
}
