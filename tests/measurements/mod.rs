//! Measurements with exact figures, for the tests of the reports.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::unwrap_used,
    reason = "figures chosen to fit, rows chosen to be there"
)]
#![allow(dead_code, reason = "each test file compiles this module and uses a part of it")]

use std::collections::BTreeMap;
use std::time::Duration;

use wordhash::bench::conclude::{conclude, standings};
use wordhash::bench::evidence::LEVEL;
use wordhash::bench::result::{
    Chunksize, Disturbance, Environment, Input, Measurement, Order, ResultRow, SCHEMA, Sample,
    Setting, Stopped,
};
use wordhash::bench::stats::summarise;
use wordhash::report::model::ModelCurve;
use wordhash::report::timeline::{Bar, Lane, Phase, Timeline};
use wordhash::report::{Report, html, label};

pub(crate) const ROUNDS: usize = 25;

pub(crate) fn micros(micros: u64) -> Duration {
    Duration::from_micros(micros)
}

/// A row of [`ROUNDS`] samples about a median, up to 1.2 % to either side.
fn row(backend: &str, median_us: u64) -> ResultRow {
    let row = ResultRow {
        label: String::new(),
        setting: Setting {
            backend: backend.to_owned(),
            program: None,
            workers: None,
            transport: None,
            start_method: None,
            engine: "avx512".to_owned(),
            iterations: 1,
            parameters: BTreeMap::new(),
        },
        chunksize: None,
        tasks: None,
        samples: Vec::new(),
        summary: None,
        against_reference: None,
        against_recommended: None,
        processes: Vec::new(),
        spilled_bytes: None,
        peak_memory_bytes: None,
    };
    with_samples(row, median_us, 1)
}

/// Gives the row samples that lie `per_mille` apart, their median the middle one. Their order
/// depends on the median, so rows do not rise and fall together.
fn with_samples(row: ResultRow, median_us: u64, per_mille: u64) -> ResultRow {
    const STEPS: [u64; 8] = [3, 7, 9, 11, 13, 17, 19, 23];
    let count = ROUNDS as u64;
    let step = STEPS[(median_us / 100 % 8) as usize];
    let samples: Vec<Sample> = (0..count)
        .map(|round| {
            let place = (round * step + median_us / 7) % count;
            let per_mille = 1000 + place * per_mille - count / 2 * per_mille;
            sample(round as usize, median_us * per_mille / 1000, row.setting.is_serial())
        })
        .collect();
    ResultRow { summary: summarise(&samples), samples, ..row }
}

fn sample(round: usize, total_us: u64, is_serial: bool) -> Sample {
    let start = if is_serial { 0 } else { total_us / 16 };
    let (map, set) = (total_us * 7 / 10, total_us / 5);
    Sample {
        round,
        position: round,
        total: micros(total_us),
        start: (!is_serial).then(|| micros(start)),
        map: Some(micros(map)),
        exchange: None,
        set: Some(micros(set)),
        end: Some(micros(total_us - start - map - set)),
        disturbance: Disturbance {
            user: Some(micros(total_us * 2)),
            system: Some(micros(total_us / 10)),
            involuntary_switches: Some(2),
            page_faults: Some(150),
            foreign_cpu: Some(0.01),
            disturbed: false,
        },
    }
}

pub(crate) fn serial(median_us: u64) -> ResultRow {
    row("serial", median_us)
}

pub(crate) fn threads(workers: usize, size: usize, median_us: u64) -> ResultRow {
    let row = row("threads", median_us);
    ResultRow {
        setting: Setting { workers: Some(workers), ..row.setting },
        chunksize: Some(Chunksize::Fixed(size)),
        tasks: Some(1_049_938_usize.div_ceil(size)),
        ..row
    }
}

pub(crate) fn processes(workers: usize, size: usize, transport: &str, median_us: u64) -> ResultRow {
    let row = threads(workers, size, median_us);
    ResultRow {
        setting: Setting {
            backend: "processes".to_owned(),
            transport: Some(transport.to_owned()),
            start_method: Some("spawn".to_owned()),
            ..row.setting
        },
        ..row
    }
}

/// A measurement of these rows, labelled and concluded.
pub(crate) fn run(mut results: Vec<ResultRow>) -> Measurement {
    const MARGIN: f64 = 0.02;
    let labels = label::labels(&results);
    for (row, label) in results.iter_mut().zip(labels) {
        row.label = label;
    }
    let mut standings = standings(&results, None, results.len(), MARGIN);
    let answers = conclude(&mut results, &mut standings);
    Measurement {
        schema: SCHEMA,
        wordhash: "0.2.0".to_owned(),
        command: ["wordhash", "sweep", "--workers", "4", "1m_words.txt"].map(str::to_owned).into(),
        seed: 81,
        order: Order::Random,
        stopped: Stopped::Decided,
        level: LEVEL,
        margin: MARGIN,
        warnings: Vec::new(),
        environment: environment(),
        input: Input {
            path: "1m_words.txt".to_owned(),
            words: 1_049_938,
            bytes: 11_920_757,
            distinct: Some(979_250),
            checksum: Some("ab12".to_owned()),
        },
        results,
        answers,
        model: None,
        process_start: None,
    }
}

/// The same rows as `--order blocked` measures them.
pub(crate) fn blocked(results: Vec<ResultRow>) -> Measurement {
    let mut run = run(results);
    run.order = Order::Blocked;
    run.answers.clear();
    for row in &mut run.results {
        row.against_reference = None;
        row.against_recommended = None;
    }
    run
}

/// The same measurement after so many rounds.
pub(crate) fn after(rounds: usize, measured: &Measurement) -> Measurement {
    let cut = |row: &ResultRow| {
        let samples = row.samples[..rounds].to_vec();
        ResultRow { summary: summarise(&samples), samples, ..row.clone() }
    };
    run(measured.results.iter().map(cut).collect())
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
        cpus_usable: Some(2),
        architecture: Some("x86_64".to_owned()),
        memory_bytes: Some(8_323_596_288),
        started_at: Some("2026-01-02T03:04:05Z".to_owned()),
        clock_precision: Some(Duration::from_nanos(20)),
        ..Environment::default()
    }
}

/// The chunk sizes of the tutorial, on four processes, after the serial row.
pub(crate) fn tutorial() -> Measurement {
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

/// The sizes of the tutorial over both transports and on threads, after the serial row, with more
/// noise: wide enough to be seen in a picture.
pub(crate) fn crossed() -> Measurement {
    let mut rows = vec![serial(110_200)];
    for (factor, backend) in [(100, "shared"), (131, "pipe"), (90, "threads")] {
        for row in &tutorial().results[1..] {
            let median = row.summary.unwrap().median.as_micros() as u64 * factor / 100;
            let size = row.fixed_chunksize().unwrap();
            let row = match backend {
                "threads" => threads(4, size, median),
                transport => processes(4, size, transport, median),
            };
            rows.push(with_samples(row, median, 5));
        }
    }
    run(rows)
}

/// Four workers that share `tasks` tasks of `words` words, with a pause after each.
pub(crate) fn timeline(label: &str, tasks: usize, words: usize) -> Timeline {
    const WORKERS: usize = 4;
    let total = 60_000;
    let (begin, end) = (4_000_u32, 46_000_u32);
    let each = f64::from(end - begin) / tasks.div_ceil(WORKERS) as f64;
    let lane = |worker: usize| Lane {
        given_name: None,
        pid: Some(4711 + worker as u32),
        bars: (worker..tasks)
            .step_by(WORKERS)
            .map(|task| {
                let at = f64::from(begin) + (task / WORKERS) as f64 * each;
                let bar_end = at + each * (0.94 - 0.05 * worker as f64);
                let (begin, end) = (micros(at as u64), micros(bar_end as u64));
                Bar { first_task: task, tasks: 1, begin, end, words }
            })
            .collect(),
    };
    let phase = |name: &str, begin, end| Phase {
        name: name.to_owned(),
        begin: micros(begin),
        end: micros(end),
    };
    Timeline {
        label: label.to_owned(),
        total: micros(total),
        phases: vec![
            phase("start", 0, begin.into()),
            phase("map", begin.into(), end.into()),
            phase("set", end.into(), total),
        ],
        lanes: (0..WORKERS).map(lane).collect(),
    }
}

/// A model that falls and rises again, for the shared transport.
pub(crate) fn model(run: &Measurement) -> ModelCurve {
    let like_row =
        run.results.iter().position(|row| row.setting.transport.as_deref() == Some("shared"));
    let points = (0..=60).map(|step| {
        let size = 500.0 * (262_485.0_f64 / 500.0).powf(f64::from(step) / 60.0);
        (size as usize, Duration::from_secs_f64(0.0585 + 24.0 / size + size * 1.5e-8))
    });
    ModelCurve { like_row: like_row.unwrap(), points: points.collect() }
}

/// An HTML report with everything in it, and text from outside that would like to be markup.
pub(crate) fn full_page() -> String {
    let mut run = crossed();
    "</title><script>throw 1</script>\u{1f600}&amp;.txt".clone_into(&mut run.input.path);
    run.stopped = Stopped::Runs;
    run.warnings = vec!["3 of 550 runs were disturbed by other programs.".to_owned()];
    for round in [3, 4, 9] {
        run.results[5].samples[round].disturbance.disturbed = true;
    }
    let timelines = [timeline("5000", 210, 5000), timeline("1", 100_000, 1)];
    html::render(&Report {
        models: &[model(&run)],
        model_note: Some("The cost model is off by 2.1% in the middle."),
        timelines: &timelines,
        ..Report::new(&run)
    })
}
