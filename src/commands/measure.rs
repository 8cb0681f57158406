//! Timing many configurations on one list: what `sweep` and `compare` have in common.

use std::cell::RefCell;
use std::hash::{BuildHasher as _, Hasher as _};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;

use super::cluster::Cluster;
use super::config::{self, Config};
use super::export::{self, ExportError};
use super::findings::Findings;
use super::input::{self, Input, Text};
use super::larger::Extent;
use super::run::shows_progress;
use super::runs::{Record, Runs};
use super::timelines::{self, Watched};
use super::{Screen, cluster, rows};
use crate::backend::BackendError;
use crate::bench::clock::MonotonicClock;
use crate::bench::plan::{Observer, Plan, Rounds, RunFailed, Surroundings, Until, is_worth_a_look};
use crate::bench::refine::refine;
use crate::bench::result::{Order, Sample, Stopped};
use crate::bench::verdict::{Standings, entrants};
use crate::bench::warnings::Asked;
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

/// Rounds of a measurement in blocked order, where nothing can be decided.
const BLOCKED_RUNS: NonZeroUsize = NonZeroUsize::new(10).expect("not 0");
/// Without `--precision`, no further round is begun after this time.
const DEFAULT_TIME: Duration = Duration::from_secs(10);
/// With `--precision`, no further round is begun after this time.
const PRECISION_TIME: Duration = Duration::from_secs(60);
/// Where sizes are to be refined, the first sizes have this share of the time.
const SHARE_BEFORE_REFINING: f64 = 0.5;
/// So many of the quickest rows run again beside the sizes that refine them.
const ROWS_BESIDE_REFINED: usize = 3;

/// Loads the list, times the configurations, prints and writes the result. Whatever cuts the
/// measurement short, what was measured until then is printed and written before the error is
/// given back.
pub(super) fn measure(
    task: &Task<'_>,
    configs: Vec<Config>,
    cluster: Option<&Cluster>,
    screen: &mut Screen<'_>,
) -> anyhow::Result<()> {
    screen.quiet = task.show.quiet;
    check_order(task)?;
    let interrupt = Interrupt::on_signals()?;
    export::check(&task.measure.export, &interrupt)?;
    interrupt.end_at_once(true);
    let memory = (task.memory, config::budget(task.memory, &configs)?);
    let ranks = input::on_ranks(cluster, &configs);
    let mut input = input::open(task.input, memory, ranks, &interrupt, screen)?;
    let extent = input.survey(&interrupt)?;
    let configs = rows::without_doubles(configs, extent.words);
    let visible = shows_progress(task.show.progress, screen);
    let mut session = Session::new(task, input.name.clone(), extent, configs, &interrupt, visible)?;
    interrupt.end_at_once(false);
    session.run(&mut input);
    let findings = session.conclude(&mut input);
    interrupt.end_at_once(true);
    let measured = findings.run.results.iter().any(|row| !row.samples.is_empty());
    if measured || session.failure.is_none() {
        let not_written = session.export(&findings);
        session.print(&findings, &not_written, &input.text, screen)?;
    }
    match (session.failure, interrupt.pending()) {
        (Some(error), _) => Err(error),
        (None, Some(signal)) => Err(BackendError::Interrupted { signal }.into()),
        (None, None) => Ok(()),
    }
}

/// Options that compare rows need rows that can be compared.
fn check_order(task: &Task<'_>) -> anyhow::Result<()> {
    if task.measure.order == cli::Order::Random {
        return Ok(());
    }
    let refine = task.sweep.is_some_and(|sweep| sweep.refine > 0);
    let comparing = [
        (task.measure.precision.is_some(), "--precision"),
        (task.measure.reference.is_some(), "--reference"),
        (refine, "--refine"),
    ];
    match comparing.into_iter().find(|(is_given, _)| *is_given) {
        Some((_, option)) => {
            bail!("{option} compares rows, which --order blocked rules out: use --order random")
        }
        None => Ok(()),
    }
}

/// A measurement on its way.
struct Session<'a> {
    task: &'a Task<'a>,
    interrupt: &'a Arc<Interrupt>,
    clock: MonotonicClock,
    words: usize,
    configs: Vec<Config>,
    plan: Plan,
    /// The row that `--reference` names.
    reference: Option<usize>,
    rounds: Rounds,
    record: RefCell<Record>,
    stopped: Stopped,
    /// Whether the progress bar is shown.
    visible: bool,
    /// The first thing that went wrong. What was measured is reported all the same.
    failure: Option<anyhow::Error>,
}

impl<'a> Session<'a> {
    fn new(
        task: &'a Task<'a>,
        name: String,
        extent: Extent,
        configs: Vec<Config>,
        interrupt: &'a Arc<Interrupt>,
        visible: bool,
    ) -> anyhow::Result<Self> {
        let clock = MonotonicClock::new();
        let environment = super::info::environment(&clock);
        let mut record = Record::new(name, environment, extent, command(&configs));
        record.add_rows(&configs);
        let reference = task.measure.reference.as_deref();
        let reference = reference.map(|label| record.row_called(label)).transpose()?;
        let plan = plan(task.measure);
        let most_rows = configs.len() + task.sweep.map_or(0, |sweep| sweep.refine);
        let mut rounds = Rounds::new(plan, Standings::new(most_rows, task.measure.margin));
        for entrant in entrants(&record.rows(), reference) {
            rounds.enter(entrant);
        }
        Ok(Self {
            task,
            interrupt,
            clock,
            words: extent.words,
            configs,
            plan,
            reference,
            rounds,
            record: RefCell::new(record),
            stopped: Stopped::Interrupted,
            visible,
            failure: None,
        })
    }

    /// Runs all configurations, and then those that refine the answer beside the best ones.
    fn run(&mut self, input: &mut Input<'_>) {
        let count = self.task.sweep.map_or(0, |sweep| sweep.refine);
        let all: Vec<usize> = (0..self.configs.len()).collect();
        let share = if count > 0 { SHARE_BEFORE_REFINING } else { 1.0 };
        if !self.run_rows(input, &all, share) || count == 0 {
            return;
        }
        let (finer, beside) = self.finer(count);
        if finer.is_empty() {
            return;
        }
        let first = self.configs.len();
        self.record.borrow_mut().add_rows(&finer);
        self.configs.extend(finer);
        let entrants = entrants(&self.record.borrow().rows(), self.reference);
        for entrant in entrants.into_iter().skip(first) {
            self.rounds.enter(entrant);
        }
        let rows: Vec<usize> = beside.into_iter().chain(first..self.configs.len()).collect();
        self.run_rows(input, &rows, 1.0);
    }

    /// Runs these rows until it is enough. Whether they came to that end.
    fn run_rows(&mut self, input: &mut Input<'_>, rows: &[usize], time_share: f64) -> bool {
        let first_verdict = self.rounds.standings().first_round();
        let at_least = match self.plan.until {
            Until::Runs(runs) => runs.get(),
            Until::Decided { .. } | Until::Precision { .. } => first_verdict,
        };
        let runs = rows.len() * (self.plan.warmups + at_least);
        let progress = Progress::new(runs.saturating_mul(self.words), self.visible);
        let mut runner = Runs {
            input,
            configs: &self.configs,
            clock: self.clock,
            interrupt: self.interrupt,
            record: &self.record,
        };
        let mut watcher = Watcher {
            exports: &self.task.measure.export,
            words: self.words,
            progress: &progress,
            record: &self.record,
            plan: self.plan,
            margin: self.task.measure.margin,
            interrupt: self.interrupt,
            failed: None,
        };
        let stop = || self.interrupt.pending().is_some();
        let ended = self.rounds.run(
            rows,
            time_share,
            &mut Surroundings {
                runner: &mut runner,
                clock: &self.clock,
                observer: &mut watcher,
                stop: &stop,
            },
        );
        progress.finish();
        let failed = watcher.failed;
        if let Some(error) = failed {
            self.fail(error.into());
        }
        self.stopped = ended.unwrap_or_else(|RunFailed { row, source }| {
            let label = self.record.borrow().label(row);
            self.fail(source.context(label));
            Stopped::Failed
        });
        !matches!(self.stopped, Stopped::Failed | Stopped::Interrupted)
    }

    /// Remembers what went wrong first.
    fn fail(&mut self, error: anyhow::Error) {
        self.failure.get_or_insert(error);
    }

    /// The configurations that `--refine` adds: like the best one, with chunk sizes around its own.
    /// And the rows that run beside them: all references, and the quickest of the same work.
    fn finer(&mut self, count: usize) -> (Vec<Config>, Vec<usize>) {
        let record = self.record.borrow();
        let rows = record.rows();
        let standings = self.rounds.standings();
        let Some(recommended) = standings.answers().first().map(|answer| answer.recommended) else {
            return (Vec::new(), Vec::new());
        };
        let quickest = standings.quickest(recommended);
        let has_size = |&&row: &&usize| rows[row].fixed_chunksize().is_some();
        let best = [recommended].iter().chain(&quickest).find(has_size).copied();
        let Some((best, size)) = best.and_then(|row| Some((row, rows[row].fixed_chunksize()?)))
        else {
            return (Vec::new(), Vec::new());
        };
        let siblings = rows.iter().filter(|row| row.is_sibling_of(&rows[best]));
        let measured: Vec<usize> = siblings.filter_map(|row| row.fixed_chunksize()).collect();
        let like = self.configs[best];
        let finer = refine(&measured, size, self.words, count)
            .into_iter()
            .filter_map(NonZeroUsize::new)
            .map(|size| like.with_chunksize(ChunkSize::Fixed(size)))
            .collect();
        let references = entrants(&rows, self.reference).into_iter().map(|found| found.reference);
        let quickest = quickest.into_iter().take(ROWS_BESIDE_REFINED).chain([best]);
        let mut beside: Vec<usize> = references.flatten().chain(quickest).collect();
        beside.sort_unstable();
        beside.dedup();
        (finer, beside)
    }

    /// What was found, with timelines where a file shows them.
    fn conclude(&mut self, input: &mut Input<'_>) -> Findings {
        let standings = self.rounds.standings();
        let rows: Vec<usize> = (0..self.configs.len()).collect();
        let precision = match self.plan.until {
            Until::Precision { half_width, max_time } => Some((half_width, max_time)),
            Until::Decided { .. } | Until::Runs(_) => None,
        };
        let asked = Asked {
            warmup: self.plan.warmups > 0,
            iterations: self.task.how.rounds.is_some(),
            precision,
            wide_rows: precision
                .map(|(half_width, _)| standings.wider_than(half_width, &rows))
                .unwrap_or_default(),
        };
        let mut standings = standings.clone();
        let run = self.record.borrow().measurement(
            self.rounds.samples(),
            &self.plan,
            self.stopped,
            self.task.measure.margin,
            &mut standings,
        );
        let mut findings = Findings::of(run, self.task.sweep.is_some(), &asked);
        let wanted = export::want_timelines(&self.task.measure.export);
        if wanted && self.failure.is_none() && !matches!(input.text, Text::Larger(_)) {
            let progress =
                Progress::new(self.configs.len().saturating_mul(self.words), self.visible);
            progress.say("timelines:");
            let watched =
                Watched { clock: &self.clock, interrupt: self.interrupt, progress: &progress };
            match timelines::record(input, &self.configs, &findings.run, &watched) {
                Ok(timelines) => findings.timelines = timelines,
                Err(error) => self.fail(error),
            }
            progress.finish();
        }
        findings
    }

    /// Writes all files. Those for which there is nothing to show are given back.
    fn export(&mut self, findings: &Findings) -> Vec<&'a Export> {
        let exports = &self.task.measure.export;
        let (nothing_to_show, failed) = export::write(exports, findings, self.interrupt);
        if let Some(error) = failed {
            self.fail(error.into());
        }
        nothing_to_show
    }

    /// Prints the result, and says which files were not written and what may make it worth less.
    fn print(
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
                (ExportFormat::Trace, _) => "no timelines were recorded",
                _ => "no chunk sizes to draw",
            };
            screen.note(format_args!("{} is not written: {reason}", path.display()));
        }
        if let (Text::Larger(larger), Some(spilled)) = (text, self.record.borrow().spilled()) {
            screen.note(larger.note(spilled));
        }
        let chart = self.task.sweep.is_some_and(|sweep| sweep.chart);
        print(findings, self.task.measure.format, chart, screen)
    }
}

/// Prints a measurement in a format, a table for a person where none is named; then what may make
/// it worth less.
pub(super) fn print(
    findings: &Findings,
    format: Option<Format>,
    chart: bool,
    screen: &mut Screen<'_>,
) -> anyhow::Result<()> {
    screen.text(rendered(findings, format, chart, screen))?;
    for warning in &findings.run.warnings {
        screen.note(format_args!("warning: {warning}"));
    }
    Ok(())
}

fn rendered(
    findings: &Findings,
    format: Option<Format>,
    chart: bool,
    screen: &Screen<'_>,
) -> String {
    let for_a_person = if screen.out_is_terminal { Format::Table } else { Format::Plain };
    let report = findings.report();
    match format.unwrap_or(for_a_person) {
        Format::Plain => plain::render(&report),
        Format::Json => json::render(&findings.run),
        Format::Csv => csv::render(&findings.run),
        Format::Markdown => markdown::render(&report),
        Format::Table => {
            let mut text = table::render(&report, screen.table_layout());
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

fn plan(arguments: &MeasureArgs) -> Plan {
    let order = match arguments.order {
        cli::Order::Random => Order::Random,
        cli::Order::Blocked => Order::Blocked,
    };
    let until = match (arguments.runs, arguments.precision, order) {
        (Some(runs), ..) => Until::Runs(runs),
        (None, Some(half_width), _) => {
            Until::Precision { half_width, max_time: arguments.max_time.unwrap_or(PRECISION_TIME) }
        }
        (None, None, Order::Blocked) => Until::Runs(BLOCKED_RUNS),
        (None, None, Order::Random) => {
            Until::Decided { max_time: arguments.max_time.unwrap_or(DEFAULT_TIME) }
        }
    };
    Plan {
        seed: arguments.seed.unwrap_or_else(drawn_seed),
        order,
        warmups: usize::try_from(arguments.warmup).unwrap_or(usize::MAX),
        until,
    }
}

/// A seed that nobody chose. Of 32 bits: every reader of JSON keeps such a number, and a person can
/// type it.
fn drawn_seed() -> u64 {
    let random = std::collections::hash_map::RandomState::new();
    random.build_hasher().finish() & u64::from(u32::MAX)
}

/// The command line of this process; where ranks were started, with what started them, as far as a
/// rank can know: how many, not where.
fn command(configs: &[Config]) -> Vec<String> {
    let launcher = configs.iter().any(Config::runs_on_ranks).then(cluster::launched_ranks);
    let launcher =
        launcher.flatten().map(|ranks| ["mpirun".to_owned(), "-n".to_owned(), ranks.to_string()]);
    let arguments = std::env::args_os().skip(1);
    let arguments = arguments.map(|argument| argument.to_string_lossy().into_owned());
    let program = std::iter::once("wordhash".to_owned());
    launcher.into_iter().flatten().chain(program).chain(arguments).collect()
}

/// Moves the progress bar after each run, and writes the JSON files after rounds: a program that is
/// killed loses little. Other formats are written at the end.
struct Watcher<'a> {
    exports: &'a [Export],
    words: usize,
    progress: &'a Progress,
    record: &'a RefCell<Record>,
    plan: Plan,
    margin: f64,
    interrupt: &'a Interrupt,
    /// The first file that could not be written; the measurement goes on.
    failed: Option<ExportError>,
}

impl Observer for Watcher<'_> {
    fn ran(&mut self, _row: usize, _counted: bool) {
        self.progress.advance(self.words);
    }

    fn round_ended(&mut self, rounds: usize, samples: &[Vec<Sample>], standings: &mut Standings) {
        self.progress.say(&format!("round {rounds}:"));
        let has_json = self.exports.iter().any(|export| export.format == ExportFormat::Json);
        if !has_json || self.failed.is_some() || !is_worth_a_look(rounds) {
            return;
        }
        // What a reader finds if this is the last that was written.
        let stopped = Stopped::Interrupted;
        let run =
            self.record.borrow().measurement(samples, &self.plan, stopped, self.margin, standings);
        self.failed = export::write_json(self.exports, &run, self.interrupt).err();
    }
}
