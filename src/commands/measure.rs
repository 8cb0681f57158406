//! Timing many configurations on one list: what `sweep` and `compare` have in common.

use std::cell::RefCell;
use std::sync::Arc;

use super::cluster::Cluster;
use super::config::{self, Config};
use super::export::{self, ExportError};
use super::findings::{Findings, fit_like, siblings, sizes};
use super::input::{self, Input, Text};
use super::larger::Extent;
use super::run::shows_progress;
use super::runs::{Record, Runs};
use super::timelines::{self, Watched};
use super::{Screen, rows};
use crate::backend::BackendError;
use crate::bench::clock::MonotonicClock;
use crate::bench::plan::{Observer, Order, Plan, Precision, run_plan};
use crate::bench::refine::refine;
use crate::bench::result::{Chunksize, Sample};
use crate::bench::warnings::OptionsInUse;
use crate::chunksize::ChunkSize;
use crate::cli::{
    self, Export, ExportFormat, Format, HowArgs, InputArgs, MeasureArgs, MemoryArgs, ShowArgs,
};
use crate::os::interrupt::Interrupt;
use crate::progress::Progress;
use crate::report::{chart, csv, json, markdown, plain, table};

/// What is measured, and how.
pub(super) struct Task<'a> {
    pub(super) input: &'a InputArgs,
    pub(super) how: &'a HowArgs,
    pub(super) memory: &'a MemoryArgs,
    pub(super) measure: &'a MeasureArgs,
    pub(super) show: &'a ShowArgs,
    /// What a sweep has on top; `None` for a comparison.
    pub(super) sweep: Option<Sweep>,
}

/// What a sweep has on top of a comparison.
#[derive(Clone, Copy)]
pub(super) struct Sweep {
    /// So many more sizes are tried.
    pub(super) refine: usize,
    /// A terminal is shown the curve.
    pub(super) chart: bool,
}

/// Loads the list, times the configurations, writes and prints the result. A signal cuts the
/// measurement short: what was measured until then is written and printed, and the signal is the
/// error.
pub(super) fn measure(
    task: &Task<'_>,
    configs: Vec<Config>,
    cluster: Option<&Cluster>,
    screen: &mut Screen<'_>,
) -> anyhow::Result<()> {
    screen.quiet = task.show.quiet;
    let interrupt = Interrupt::on_signals()?;
    export::check(&task.measure.export, &interrupt)?;
    interrupt.end_at_once(true);
    let memory = (task.memory, config::budget(task.memory, &configs)?);
    let ranks = input::on_ranks(cluster, &configs);
    let mut input = input::open(task.input, memory, ranks, &interrupt, screen)?;
    let extent = input.survey(&interrupt)?;
    let configs = rows::without_doubles(configs, extent.words);
    let mut session = Session::new(task, input.name.clone(), extent, &interrupt);
    session.visible = shows_progress(task.show.progress, screen);
    interrupt.end_at_once(false);
    let concluded = session.run(&mut input, configs);
    interrupt.end_at_once(true);
    let (findings, not_written) = concluded?;
    session.conclude(&findings, &not_written, &input.text, screen)?;
    match interrupt.pending() {
        Some(signal) => Err(BackendError::Interrupted { signal }.into()),
        None => Ok(()),
    }
}

/// A measurement on its way.
struct Session<'a> {
    task: &'a Task<'a>,
    interrupt: &'a Arc<Interrupt>,
    clock: MonotonicClock,
    words: usize,
    record: RefCell<Record>,
    visible: bool,
}

impl<'a> Session<'a> {
    fn new(
        task: &'a Task<'a>,
        name: String,
        extent: Extent,
        interrupt: &'a Arc<Interrupt>,
    ) -> Self {
        let clock = MonotonicClock::new();
        let environment = super::info::environment(&clock);
        let record = RefCell::new(Record::new(name, environment, extent));
        Self { task, interrupt, clock, words: extent.words, record, visible: false }
    }

    /// Measures, records timelines where a file shows them, and writes the files a last time. What
    /// was found, and the files for which there was nothing to show.
    fn run(
        &self,
        input: &mut Input<'_>,
        configs: Vec<Config>,
    ) -> anyhow::Result<(Findings, Vec<&'a Export>)> {
        let (configs, samples) = self.sample(input, configs)?;
        let mut findings = self.findings(&samples);
        let exports = &self.task.measure.export;
        if export::want_timelines(exports) && !matches!(input.text, Text::Larger(_)) {
            let progress = Progress::new(configs.len().saturating_mul(self.words), self.visible);
            progress.say("timelines:");
            let watched =
                Watched { clock: &self.clock, interrupt: self.interrupt, progress: &progress };
            let recorded = timelines::record(input, &configs, &findings.run, &watched);
            progress.finish();
            findings.timelines = recorded?;
        }
        let not_written = export::write(exports, &findings, self.interrupt)?;
        Ok((findings, not_written))
    }

    /// Runs all configurations, and then those that refine the answer: all of them, and their
    /// samples.
    fn sample(
        &self,
        input: &mut Input<'_>,
        mut configs: Vec<Config>,
    ) -> anyhow::Result<(Vec<Config>, Vec<Vec<Sample>>)> {
        self.record.borrow_mut().add_rows(&configs);
        let mut samples = self.run_rows(input, &configs, Vec::new())?;
        let finer = self.finer(&configs, &samples);
        if !finer.is_empty() {
            self.record.borrow_mut().add_rows(&finer);
            configs.extend(finer);
            samples = self.run_rows(input, &configs, samples)?;
        }
        Ok((configs, samples))
    }

    /// Runs the rows that have no samples yet, behind those that have.
    fn run_rows(
        &self,
        input: &mut Input<'_>,
        configs: &[Config],
        before: Vec<Vec<Sample>>,
    ) -> anyhow::Result<Vec<Vec<Sample>>> {
        let first = before.len();
        let plan = self.plan(configs.len() - first);
        let runs = plan.rows * (plan.warmups + plan.runs.get());
        let progress = Progress::new(runs.saturating_mul(self.words), self.visible);
        let mut watcher = Watcher { session: self, before, progress: &progress, failed: None };
        let mut runs = Runs {
            input,
            configs,
            first,
            clock: self.clock,
            interrupt: self.interrupt,
            record: &self.record,
        };
        let stop = || self.interrupt.pending().is_some();
        let measured = run_plan(&plan, &mut runs, &self.clock, &mut watcher, &stop);
        progress.finish();
        let Watcher { mut before, failed, .. } = watcher;
        if let Some(error) = failed {
            return Err(error.into());
        }
        let measured = measured.map_err(|failed| {
            failed.source.context(self.record.borrow().label(first + failed.row))
        })?;
        before.extend(measured.samples);
        Ok(before)
    }

    fn plan(&self, rows: usize) -> Plan {
        let arguments = self.task.measure;
        Plan {
            rows,
            runs: arguments.runs,
            warmups: usize::try_from(arguments.warmup).unwrap_or(usize::MAX),
            order: match arguments.order {
                cli::Order::Interleaved => Order::Interleaved,
                cli::Order::Blocked => Order::Blocked,
            },
            precision: arguments
                .precision
                .map(|half_width| Precision { half_width, max_time: arguments.max_time }),
        }
    }

    /// The configurations that `--refine` adds: like the best one, with chunk sizes where the model
    /// or the neighbours say that the best one is.
    fn finer(&self, configs: &[Config], samples: &[Vec<Sample>]) -> Vec<Config> {
        let count = self.task.sweep.map_or(0, |sweep| sweep.refine);
        if count == 0 || self.interrupt.pending().is_some() {
            return Vec::new();
        }
        let findings = self.findings(samples);
        let rows = &findings.run.results;
        let Some(index) = findings.best_sized() else { return Vec::new() };
        let best = &rows[index];
        let Some(size) = best.chunksize.as_ref().and_then(Chunksize::fixed) else {
            return Vec::new();
        };
        let measured: Vec<usize> =
            siblings(rows, best).filter_map(|(_, row)| row.chunksize.as_ref()?.fixed()).collect();
        let optimum = sizes(siblings(rows, best))
            .and_then(|range| Some(fit_like(&findings.run, best).ok()?.best(range)));
        let like = configs[index];
        refine(&measured, size, optimum, self.words, count)
            .into_iter()
            .filter_map(std::num::NonZeroUsize::new)
            .map(|size| like.with_chunksize(ChunkSize::Fixed(size)))
            .collect()
    }

    fn findings(&self, samples: &[Vec<Sample>]) -> Findings {
        let arguments = self.task.measure;
        let in_use = OptionsInUse {
            warmup: arguments.warmup > 0,
            interleaved: arguments.order == cli::Order::Interleaved,
            precision: arguments.precision.is_some(),
            rounds: self.task.how.rounds.is_some(),
        };
        let run = self.record.borrow().saved(samples);
        Findings::of(run, self.task.sweep.is_some(), in_use)
    }

    /// Prints the result, and says which files were not written and what may make it worth less.
    fn conclude(
        &self,
        findings: &Findings,
        not_written: &[&Export],
        text: &Text,
        screen: &mut Screen<'_>,
    ) -> anyhow::Result<()> {
        for Export { path, format } in not_written {
            let reason = match (format, text) {
                (ExportFormat::Trace, Text::Larger(_)) => {
                    "a list larger than memory has no timelines"
                }
                (ExportFormat::Trace, Text::Whole(_) | Text::Spread(_)) => {
                    "interrupted before the timelines"
                }
                _ => "no chunk sizes to draw",
            };
            screen.note(format_args!("{} is not written: {reason}", path.display()));
        }
        if let (Text::Larger(larger), Some(spilled)) = (text, self.record.borrow().spilled()) {
            screen.note(larger.note(spilled));
        }
        screen.text(self.rendered(findings, screen))?;
        for warning in &findings.warnings {
            screen.note(format_args!("warning: {warning}"));
        }
        Ok(())
    }

    fn rendered(&self, findings: &Findings, screen: &Screen<'_>) -> String {
        let for_a_person = if screen.out_is_terminal { Format::Table } else { Format::Plain };
        let report = findings.report();
        match self.task.measure.format.unwrap_or(for_a_person) {
            Format::Plain => plain::render(&report),
            Format::Json => json::render(&findings.run),
            Format::Csv => csv::render(&findings.run),
            Format::Markdown => markdown::render(&report),
            Format::Table => {
                let mut text = table::render(&report, screen.table_layout());
                let chart = self.task.sweep.is_some_and(|sweep| sweep.chart);
                if chart
                    && screen.out_is_terminal
                    && let Some(curve) = chart::Curve::new(&report)
                {
                    text.push('\n');
                    text.push_str(&chart::text::render(&curve, screen.width.unwrap_or(80)));
                }
                text
            }
        }
    }
}

/// Moves the progress bar after each run, and writes the files after each round.
struct Watcher<'a> {
    session: &'a Session<'a>,
    before: Vec<Vec<Sample>>,
    progress: &'a Progress,
    /// The first file that could not be written; the measurement goes on.
    failed: Option<ExportError>,
}

impl Observer for Watcher<'_> {
    fn warmed_up(&mut self, _row: usize) {
        self.progress.advance(self.session.words);
    }

    fn sampled(&mut self, _row: usize, _sample: &Sample) {
        self.progress.advance(self.session.words);
    }

    fn checkpoint(&mut self, samples: &[Vec<Sample>]) {
        let exports = &self.session.task.measure.export;
        if exports.is_empty() || self.failed.is_some() {
            return;
        }
        let all: Vec<Vec<Sample>> = self.before.iter().chain(samples).cloned().collect();
        let findings = self.session.findings(&all);
        self.failed = export::write(exports, &findings, self.session.interrupt).err();
    }
}
