//! Rows and runs with made-up figures, for the tests of the modules beside.

use std::time::Duration;

use super::result::{Chunksize, Environment, Input, ResultRow, Sample, SavedRun};
use super::stats::summarise;

/// A row of worker processes with these samples, in microseconds, one a round.
pub(crate) fn row(chunksize: usize, microseconds: &[u64]) -> ResultRow {
    let totals: Vec<_> = microseconds.iter().copied().map(Duration::from_micros).collect();
    let sample = |(round, &total): (usize, &Duration)| Sample {
        round,
        position: round,
        total,
        start: None,
        map: None,
        exchange: None,
        set: None,
    };
    ResultRow {
        label: chunksize.to_string(),
        backend: "processes".to_owned(),
        workers: Some(4),
        chunksize: Some(Chunksize::Fixed(chunksize)),
        tasks: None,
        transport: Some("shared".to_owned()),
        start_method: Some("spawn".to_owned()),
        engine: "sha2".to_owned(),
        rounds: 1,
        samples: totals.iter().enumerate().map(sample).collect(),
        summary: summarise(&totals),
        processes: Vec::new(),
        against_serial: None,
        spilled_bytes: None,
        peak_memory_bytes: None,
    }
}

/// A serial row with these samples, in microseconds.
pub(crate) fn serial(microseconds: &[u64]) -> ResultRow {
    ResultRow {
        label: "serial".to_owned(),
        backend: "serial".to_owned(),
        workers: None,
        chunksize: None,
        transport: None,
        start_method: None,
        ..row(1, microseconds)
    }
}

/// A run with these rows on a quiet machine with two processors.
pub(crate) fn run(results: Vec<ResultRow>) -> SavedRun {
    SavedRun {
        wordhash: "0.1.0".to_owned(),
        environment: Environment {
            cores_usable: 2,
            cpus_usable: Some(2),
            load_average_1m: Some(0.1),
            clock_precision: Some(Duration::from_nanos(20)),
            ..Environment::default()
        },
        input: Input {
            path: "words".to_owned(),
            words: 1000,
            bytes: 9000,
            distinct: Some(900),
            checksum: Some("ab12".to_owned()),
        },
        results,
        answer: None,
    }
}
