//! From configurations and what they gave to the rows of a saved measurement.

use std::collections::BTreeMap;

use super::config::Config;
use crate::backend::WorkerRecord;
use crate::bench::result::{Chunksize, ProcessRow, ResultRow, Setting};

/// The row of a configuration that has not run yet, without a label.
#[must_use]
pub fn empty_row(config: &Config, words: usize) -> ResultRow {
    let work = &config.work;
    let parallel = !config.is_serial();
    let processes = config.processes();
    ResultRow {
        label: String::new(),
        setting: Setting {
            backend: config.backend_name().to_owned(),
            program: None,
            workers: parallel.then_some(work.workers.get()),
            transport: processes.map(|processes| processes.transport.to_string()),
            start_method: processes.map(|processes| processes.start_method.to_string()),
            engine: work.engine.name().to_owned(),
            iterations: work.rounds.get(),
            parameters: BTreeMap::new(),
        },
        chunksize: parallel.then(|| match work.chunksize.fixed(words, work.workers, work.rounds) {
            Some(size) => Chunksize::Fixed(size.get()),
            None => Chunksize::Schedule(work.chunksize.to_string()),
        }),
        tasks: None,
        samples: Vec::new(),
        summary: None,
        against_reference: None,
        against_recommended: None,
        processes: Vec::new(),
        spilled_bytes: None,
        peak_memory_bytes: None,
    }
}

/// What a worker process did, as it is saved.
pub(super) fn process_row(record: &WorkerRecord) -> ProcessRow {
    let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    ProcessRow {
        host: None,
        rank: None,
        pid: record.pid,
        tasks: count(record.tasks),
        words: record.words.map(count),
        busy: Some(record.busy),
        cpu: record.cpu,
        peak_rss_bytes: record.peak_rss_bytes,
    }
}

/// Configurations that run as the same row: equal but for a chunk size that comes to the same.
#[must_use]
pub fn without_doubles(configs: Vec<Config>, words: usize) -> Vec<Config> {
    let mut kept: Vec<(ResultRow, Config)> = Vec::new();
    for config in configs {
        let row = empty_row(&config, words);
        if !kept.iter().any(|(other, _)| *other == row) {
            kept.push((row, config));
        }
    }
    kept.into_iter().map(|(_, config)| config).collect()
}
