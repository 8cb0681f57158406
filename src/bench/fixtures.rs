//! Rows and measurements with made-up figures, for the tests of the modules beside.

use std::collections::BTreeMap;
use std::time::Duration;

use super::evidence::LEVEL;
use super::result::{
    Chunksize, Environment, Input, Measurement, Order, ResultRow, SCHEMA, Sample, Setting, Stopped,
};
use super::stats::summarise;

/// A row of worker processes with these samples, in microseconds, one a round.
pub(crate) fn row(chunksize: usize, workers: usize, microseconds: &[u64]) -> ResultRow {
    let sample = |(round, &total): (usize, &u64)| Sample {
        round,
        position: round,
        total: Duration::from_micros(total),
        ..Sample::default()
    };
    let samples: Vec<Sample> = microseconds.iter().enumerate().map(sample).collect();
    ResultRow {
        label: chunksize.to_string(),
        setting: Setting {
            backend: "processes".to_owned(),
            program: None,
            workers: Some(workers),
            transport: Some("shared".to_owned()),
            start_method: Some("spawn".to_owned()),
            engine: "sha2".to_owned(),
            iterations: 1,
            parameters: BTreeMap::new(),
        },
        chunksize: Some(Chunksize::Fixed(chunksize)),
        tasks: None,
        summary: summarise(&samples),
        samples,
        against_reference: None,
        against_recommended: None,
        processes: Vec::new(),
        spilled_bytes: None,
        peak_memory_bytes: None,
    }
}

/// A serial row with these samples, in microseconds.
pub(crate) fn serial(microseconds: &[u64]) -> ResultRow {
    let row = row(1, 1, microseconds);
    ResultRow {
        label: "serial".to_owned(),
        setting: Setting {
            backend: "serial".to_owned(),
            workers: None,
            transport: None,
            start_method: None,
            ..row.setting
        },
        chunksize: None,
        ..row
    }
}

/// A measurement of these rows on a quiet machine with two processors.
pub(crate) fn measurement(results: Vec<ResultRow>) -> Measurement {
    Measurement {
        schema: SCHEMA,
        wordhash: "0.2.0".to_owned(),
        command: ["wordhash", "sweep", "words"].map(str::to_owned).to_vec(),
        seed: 1,
        order: Order::Random,
        stopped: Stopped::Runs,
        level: LEVEL,
        margin: 0.02,
        warnings: Vec::new(),
        environment: Environment {
            cores_usable: 2,
            cpus_usable: Some(2),
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
        answers: Vec::new(),
        model: None,
        process_start: None,
    }
}
