//! From configurations and what they gave to the rows of a saved measurement.

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroUsize};

use super::config::Config;
use super::program::ProgramConfig;
use super::row_config::RowConfig;
use crate::backend::WorkerRecord;
use crate::bench::result::{Chunksize, ProcessRow, ResultRow, Setting};

/// The row of a configuration that has not run yet, without a label.
#[must_use]
pub(super) fn empty_row(config: &RowConfig, words: usize) -> ResultRow {
    match config {
        RowConfig::Hash(config) => hash_row(config, words),
        RowConfig::Program(config) => program_row(config),
    }
}

/// The row of another program: what it does not take from the table is not known.
fn program_row(config: &ProgramConfig) -> ResultRow {
    let setting = Setting {
        backend: "program".to_owned(),
        program: Some(config.spec.label.clone()),
        workers: config.workers.map(NonZeroUsize::get),
        transport: None,
        start_method: None,
        engine: String::new(),
        iterations: config.rounds.map_or(1, NonZeroU32::get),
        parameters: config.parameters.clone(),
    };
    let chunksize = config.chunksize.map(|words| Chunksize::Fixed(words.get()));
    row_of(setting, chunksize)
}

/// The row of one of wordhash's own ways to hash a list, not run yet and without a label.
#[must_use]
pub fn hash_row(config: &Config, words: usize) -> ResultRow {
    let work = &config.work;
    let parallel = !config.is_serial();
    let processes = config.processes();
    let setting = Setting {
        backend: config.backend_name().to_owned(),
        program: None,
        workers: parallel.then_some(work.workers.get()),
        transport: processes.map(|processes| processes.transport.to_string()),
        start_method: processes.map(|processes| processes.start_method.to_string()),
        engine: work.engine.name().to_owned(),
        iterations: work.rounds.get(),
        parameters: BTreeMap::new(),
    };
    let chunksize =
        parallel.then(|| match work.chunksize.fixed(words, work.workers, work.rounds) {
            Some(size) => Chunksize::Fixed(size.get()),
            None => Chunksize::Schedule(work.chunksize.to_string()),
        });
    row_of(setting, chunksize)
}

fn row_of(setting: Setting, chunksize: Option<Chunksize>) -> ResultRow {
    ResultRow {
        label: String::new(),
        setting,
        chunksize,
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
pub fn without_doubles(configs: Vec<RowConfig>, words: usize) -> Vec<RowConfig> {
    let mut kept: Vec<(ResultRow, RowConfig)> = Vec::new();
    for config in configs {
        let row = empty_row(&config, words);
        if !kept.iter().any(|(other, _)| *other == row) {
            kept.push((row, config));
        }
    }
    kept.into_iter().map(|(_, config)| config).collect()
}
