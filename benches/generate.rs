//! How fast word lists are made, in bytes of list a second.

use std::hint::black_box;
use std::io;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use wordhash::generate::{Spec, generate};

fn generate_lists(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("generate");
    group.sample_size(20).measurement_time(Duration::from_secs(3));
    let built_in = Spec::default();
    let all_distinct = Spec { words: 1_000_000, distinct: 1_000_000, seed: 1 };
    let repetitive = Spec { words: 1_000_000, distinct: 1_000, seed: 1 };
    for (name, spec) in
        [("built_in", built_in), ("all_distinct", all_distinct), ("repetitive", repetitive)]
    {
        let generator = generate(&spec).expect("the figures above can be had");
        group.throughput(Throughput::Bytes(generator.to_bytes().len() as u64));
        group.bench_function(format!("{name}/streamed"), |bencher| {
            bencher.iter(|| generator.write_to(&mut io::sink()).expect("it takes everything"));
        });
        group.bench_function(format!("{name}/in_memory"), |bencher| {
            bencher.iter(|| black_box(generator.to_bytes()));
        });
    }
    group.finish();
}

criterion_group!(benches, generate_lists);
criterion_main!(benches);
