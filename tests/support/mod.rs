//! Measurements with exact figures, for the tests of the reports.

#![allow(dead_code, reason = "each test file compiles this module and uses a part of it")]

use std::time::Duration;

use wordhash::bench::result::{
    Chunksize, Comparison, Environment, Input, ResultRow, Sample, SavedRun, Summary, TimeInterval,
    Verdict,
};
use wordhash::report::label;

pub(crate) fn micros(micros: u64) -> Duration {
    Duration::from_micros(micros)
}

/// A row with three samples around `median`, ± 1 %.
fn row(backend: &str, median_us: u64) -> ResultRow {
    let spread = median_us / 100;
    let times = [median_us, median_us - spread, median_us + spread];
    let samples = times.into_iter().enumerate().map(|(round, total)| Sample {
        round,
        position: round,
        total: micros(total),
        start: Some(micros(total / 16)),
        map: Some(micros(total / 2)),
        set: Some(micros(total / 4)),
    });
    let summary = Summary {
        median: micros(median_us),
        mean: micros(median_us),
        stddev: Some(micros(spread)),
        min: micros(median_us - spread),
        max: micros(median_us + spread),
        q1: Some(micros(median_us - spread / 2)),
        q3: Some(micros(median_us + spread / 2)),
        median_interval: Some(TimeInterval {
            low: micros(median_us - spread),
            high: micros(median_us + spread / 2),
        }),
    };
    ResultRow {
        label: String::new(),
        backend: backend.to_owned(),
        workers: None,
        chunksize: None,
        tasks: None,
        transport: None,
        start_method: None,
        engine: "avx512".to_owned(),
        rounds: 1,
        samples: samples.collect(),
        summary: Some(summary),
        processes: Vec::new(),
        against_serial: None,
        spilled_bytes: None,
        peak_memory_bytes: None,
    }
}

pub(crate) fn serial(median_us: u64) -> ResultRow {
    row("serial", median_us)
}

pub(crate) fn threads(workers: usize, size: usize, median_us: u64) -> ResultRow {
    ResultRow {
        workers: Some(workers),
        chunksize: Some(Chunksize::Fixed(size)),
        tasks: Some(1_049_938_usize.div_ceil(size)),
        ..row("threads", median_us)
    }
}

pub(crate) fn processes(workers: usize, size: usize, transport: &str, median_us: u64) -> ResultRow {
    ResultRow {
        backend: "processes".to_owned(),
        transport: Some(transport.to_owned()),
        start_method: Some("spawn".to_owned()),
        ..threads(workers, size, median_us)
    }
}

/// A measurement of these rows, labelled, and compared with the first row if that is serial.
pub(crate) fn run(mut results: Vec<ResultRow>) -> SavedRun {
    let labels = label::labels(&results);
    let serial = results.first().filter(|row| row.backend == "serial").and_then(|row| row.summary);
    for (row, label) in results.iter_mut().zip(labels) {
        row.label = label;
        let Some((serial, summary)) = serial.zip(row.summary) else { continue };
        if row.backend != "serial" {
            row.against_serial = Some(comparison(summary.median, serial.median));
        }
    }
    SavedRun {
        wordhash: "0.1.0".to_owned(),
        environment: environment(),
        input: Input {
            path: "1m_words.txt".to_owned(),
            words: 1_049_938,
            bytes: 11_920_757,
            distinct: Some(979_250),
            checksum: Some("ab12".to_owned()),
        },
        results,
    }
}

fn comparison(time: Duration, serial: Duration) -> Comparison {
    let ratio = time.as_secs_f64() / serial.as_secs_f64();
    let (low, high) = (ratio * 0.96, ratio * 1.04);
    let verdict = match () {
        () if high < 1.0 => Verdict::Faster,
        () if low > 1.0 => Verdict::Slower,
        () => Verdict::NoClearDifference,
    };
    Comparison { ratio, low, high, verdict }
}

fn environment() -> Environment {
    Environment {
        cpu: Some("AMD EPYC 9R14".to_owned()),
        cores_physical: Some(2),
        cores_usable: 2,
        os: Some("Debian GNU/Linux 12 (bookworm)".to_owned()),
        kernel: Some("Linux 6.1.0".to_owned()),
        engine: "avx512".to_owned(),
        engines: vec!["sha2".to_owned(), "avx2".to_owned(), "avx512".to_owned()],
        load_average_1m: Some(0.1),
        cpus_usable: Some(2),
        architecture: Some("x86_64".to_owned()),
        memory_bytes: Some(8_323_596_288),
        started_at: Some("2026-01-02T03:04:05Z".to_owned()),
        clock_precision: Some(Duration::from_nanos(20)),
        ..Environment::default()
    }
}

/// The chunk sizes of the tutorial, on four processes, after the serial row.
pub(crate) fn tutorial() -> SavedRun {
    let sizes = [
        (262_485, 64_000),
        (100_000, 61_400),
        (50_000, 60_100),
        (10_000, 60_300),
        (5_000, 62_100),
        (1_000, 75_000),
        (500, 108_000),
    ];
    let rows = sizes.map(|(size, median)| processes(4, size, "shared", median));
    run(std::iter::once(serial(110_200)).chain(rows).collect())
}
