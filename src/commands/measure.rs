//! Timing many configurations on one list: what `sweep` and `compare` have in common.

use std::ffi::OsStr;
use std::hash::{BuildHasher as _, Hasher as _};
use std::num::NonZeroUsize;
use std::time::Duration;

use anyhow::bail;

use super::config;
use super::export::{self, ExportError};
use super::findings::Findings;
use super::input;
use super::programs::Programs;
use super::run::shows_progress;
use super::{DONE, FAILED, REFUSED, Screen, info, ranks};
use crate::backend::BackendError;
use crate::bench::clock::MonotonicClock;
use crate::bench::plan::{Plan, Until};
use crate::bench::result::{Measurement, Order, ResultRow};
use crate::bench::warnings::Asked;
use crate::cli::{
    self, Export, ExportFormat, Format, HowArgs, InputArgs, MeasureArgs, MemoryArgs, ShowArgs,
};
use crate::os::interrupt::Interrupt;
use crate::progress::Progress;
use crate::report::{chart, csv, json, markdown, plain, table};
use crate::session::program::run_beside;
use crate::session::{
    Cluster, Config, Lists, RowConfig, RowFailed, Session, SessionError, SessionSpec, Watch,
    without_doubles,
};

/// What is measured, and how.
pub(super) struct Task<'a> {
    pub(super) input: &'a InputArgs,
    pub(super) how: &'a HowArgs,
    pub(super) memory: &'a MemoryArgs,
    pub(super) measure: &'a MeasureArgs,
    pub(super) show: &'a ShowArgs,
    /// Is run by a shell before anything else.
    pub(super) setup: Option<&'a OsStr>,
    /// What a sweep has on top; `None` for a comparison.
    pub(super) sweep: Option<Sweep>,
}

/// The rows of a table.
pub(super) struct Rows {
    /// wordhash's own.
    pub(super) configs: Vec<Config>,
    /// Other programs.
    pub(super) programs: Programs,
}

impl Rows {
    /// wordhash's own rows and then the programs', without those that come to the same for so many
    /// words.
    fn into_configs(self, words: usize) -> Vec<RowConfig> {
        let own = self.configs.into_iter().map(RowConfig::Hash);
        let programs = self.programs.rows(words).into_iter().map(RowConfig::Program);
        without_doubles(own.chain(programs).collect(), words)
    }
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
const PRECISION_TIME: Duration = Duration::from_mins(1);
/// Loads the list, times the configurations, prints and writes the result. Whatever cuts the
/// measurement short, what was measured until then is printed and written before the error is
/// given back. The exit status.
pub(super) fn measure(
    task: &Task<'_>,
    Rows { configs, programs }: Rows,
    cluster: Option<&dyn Cluster>,
    screen: &mut Screen<'_>,
) -> anyhow::Result<u8> {
    screen.quiet = task.show.quiet;
    check_order(task)?;
    programs.check_use(task.how, task.input, &configs)?;
    let exports = &task.measure.export;
    let interrupt = Interrupt::on_signals()?;
    export::check(exports, &interrupt)?;
    let clock = MonotonicClock::new();
    if let Some(command) = task.setup {
        run_beside("--setup", command, &clock, &interrupt).map_err(SessionError::from)?;
    }
    interrupt.end_at_once(true);
    let (mut lists, name) = open(task, (&configs, &programs), cluster, &interrupt, screen)?;
    let size = lists.survey(&interrupt)?;
    let spec = session_spec(task, name, &configs);
    let configs = Rows { configs, programs }.into_configs(size.words);
    let asked = asked(task, &spec.plan);
    let environment = info::environment(&clock);
    let mut session = Session::new(spec, size, configs, environment, clock, &interrupt)?;

    let visible = shows_progress(task.show.progress, screen);
    let mut watcher = Watcher::new(exports, size.words.max(1), visible, &interrupt);
    interrupt.end_at_once(false);
    let ended = session.run(&mut lists, &mut watcher);
    let mut failure: Option<anyhow::Error> = ended.err().map(Into::into);
    let asked = Asked { wide_rows: session.wide_rows(), ..asked };
    let mut findings = Findings::of(session.conclude(), task.sweep.is_some(), &asked);
    if export::want_timelines(exports) && failure.is_none() {
        watcher.timelines();
        match session.timelines(&mut lists, &mut watcher) {
            Ok(timelines) => findings.timelines = timelines,
            Err(error) => failure = Some(error.into()),
        }
    }
    interrupt.end_at_once(true);
    let not_saved = watcher.finish().map(anyhow::Error::from);
    let failure = failure.or(not_saved);
    let measured = findings.run.results.iter().any(|row| !row.samples.is_empty());
    let ended_rows = session.take_ended_rows();
    if !measured {
        if let Some(error) = failure {
            return Err(error);
        }
        if !ended_rows.is_empty() && interrupt.pending().is_none() {
            return Ok(say_which_ended(&ended_rows, screen));
        }
    }
    let (not_written, not_exported) = export::write(exports, &findings, &interrupt);
    let spilled = session.spilled();
    if let (Some(windowed), Some(spilled)) = (lists.windowed(), &spilled) {
        screen.note(windowed.note(spilled));
    }
    note_not_written(&not_written, &lists, screen);
    let chart = task.sweep.is_some_and(|sweep| sweep.chart);
    print(&findings, task.measure.format, chart, screen)?;
    let status = say_which_ended(&ended_rows, screen);
    match (failure.or(not_exported.map(Into::into)), interrupt.pending()) {
        (Some(error), _) => Err(error),
        (None, Some(signal)) => Err(BackendError::Interrupted { signal }.into()),
        (None, None) if status != DONE => Ok(status),
        (None, None) => Ok(judge(&findings.run, task.measure.fail_above, screen)),
    }
}

/// Names the rows that ended before the measurement did; the exit status that follows.
fn say_which_ended(rows: &[RowFailed], screen: &mut Screen<'_>) -> u8 {
    for row in rows {
        screen.error(row);
    }
    if rows.is_empty() { DONE } else { FAILED }
}

/// Names the rows that are slower than their reference by more than `limit`, a share of its time,
/// where there is a limit; the exit status that follows.
fn judge(run: &Measurement, limit: Option<f64>, screen: &mut Screen<'_>) -> u8 {
    let Some(limit) = limit else { return DONE };
    let intervals = || {
        let interval = |row: &ResultRow| row.against_reference?.time_ratio_interval();
        run.results.iter().filter_map(move |row| Some((row, interval(row)?)))
    };
    if intervals().next().is_none() {
        screen.note("--fail-above has no effect: no row has an interval against a reference");
    }
    let slower = intervals().filter(|(_, [low, _])| *low > 1.0 + limit);
    let labels: Vec<&str> = slower.map(|(row, _)| row.label.as_str()).collect();
    if labels.is_empty() {
        return DONE;
    }
    let percent = limit * 100.0;
    screen.note(format_args!("slower by more than {percent}%: {}", labels.join("; ")));
    REFUSED
}

/// Opens the list where a row needs it, and says what it is called; without a list, nothing.
fn open<'a>(
    task: &Task<'_>,
    (configs, programs): (&[Config], &Programs),
    cluster: Option<&'a dyn Cluster>,
    interrupt: &Interrupt,
    screen: &mut Screen<'_>,
) -> anyhow::Result<(Lists<'a>, String)> {
    if configs.is_empty() && !programs.need_list() {
        return Ok((Lists::none(), String::new()));
    }
    let budget = config::budget(task.memory, configs)?;
    let list = input::list_spec(task.input, task.memory);
    let on = (cluster.filter(|_| configs.iter().any(Config::runs_on_ranks)), configs);
    let lists = input::open(task.input, &list, budget, on, interrupt, screen)?;
    Ok((lists, list.name().to_string()))
}

fn session_spec(task: &Task<'_>, list: String, configs: &[Config]) -> SessionSpec {
    SessionSpec {
        command: command(configs),
        list,
        plan: plan(task.measure),
        margin: task.measure.margin,
        reference: task.measure.reference.clone(),
        refine: task.sweep.map_or(0, |sweep| sweep.refine),
    }
}

/// What warnings must know of the command line.
fn asked(task: &Task<'_>, plan: &Plan) -> Asked {
    Asked {
        warmup: plan.warmups > 0,
        iterations: task.how.rounds.is_some(),
        precision: match plan.until {
            Until::Precision { half_width, max_time } => Some((half_width, max_time)),
            Until::Decided { .. } | Until::Runs(_) => None,
        },
        wide_rows: Vec::new(),
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
        (task.measure.fail_above.is_some(), "--fail-above"),
        (refine, "--refine"),
    ];
    match comparing.into_iter().find(|(is_given, _)| *is_given) {
        Some((_, option)) => {
            bail!("{option} compares rows, which --order blocked rules out: use --order random")
        }
        None => Ok(()),
    }
}

/// Says which files hold nothing, and why.
fn note_not_written(not_written: &[&Export], lists: &Lists<'_>, screen: &mut Screen<'_>) {
    for Export { path, format } in not_written {
        let reason = match format {
            ExportFormat::Trace if lists.windowed().is_some() => {
                "a list larger than memory has no timelines"
            }
            ExportFormat::Trace if lists.local().is_none() => "programs have no timelines",
            ExportFormat::Trace => "no timelines were recorded",
            _ => "no chunk sizes to draw",
        };
        screen.note(format_args!("{} is not written: {reason}", path.display()));
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

/// A random seed. It has 32 bits: every reader of JSON keeps such a number, and a person can
/// type it.
fn drawn_seed() -> u64 {
    let random = std::collections::hash_map::RandomState::new();
    random.build_hasher().finish() & u64::from(u32::MAX)
}

/// The command line of this process; where ranks were started, with what started them, as far as a
/// rank can know: how many, not where.
fn command(configs: &[Config]) -> Vec<String> {
    let launcher = configs.iter().any(Config::runs_on_ranks).then(ranks::launched_ranks);
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
    progress: Progress,
    interrupt: &'a Interrupt,
    /// The first file that could not be written; the measurement goes on.
    failed: Option<ExportError>,
}

impl<'a> Watcher<'a> {
    fn new(exports: &'a [Export], words: usize, visible: bool, interrupt: &'a Interrupt) -> Self {
        Self { exports, words, progress: Progress::new(0, visible), interrupt, failed: None }
    }

    /// From now on, timelines are recorded.
    fn timelines(&self) {
        self.progress.say("timelines:");
    }

    /// Takes the bar away; the first file that could not be written.
    fn finish(self) -> Option<ExportError> {
        self.progress.finish();
        self.failed
    }
}

impl Watch for Watcher<'_> {
    fn expect(&mut self, runs: usize) {
        self.progress.expect(runs.saturating_mul(self.words));
    }

    fn ran(&mut self) {
        self.progress.advance(self.words);
    }

    fn round_ended(&mut self, rounds: usize, so_far: &mut dyn FnMut() -> Measurement) {
        self.progress.say(&format!("round {rounds}:"));
        let has_json = self.exports.iter().any(|export| export.format == ExportFormat::Json);
        if has_json && self.failed.is_none() {
            self.failed = export::write_json(self.exports, &so_far(), self.interrupt).err();
        }
    }
}
