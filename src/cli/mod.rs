//! The command line as clap's derive structs; their doc comments are the help text.
//!
//! This is syntax only: what an option means on this machine is decided in [`crate::commands`].
//! Of the rest of the house it knows the values that options name ([`crate::chunksize`]).

mod choices;
mod examples;
mod values;
mod version;

use std::ffi::OsString;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::chunksize::ChunkSize;
use crate::size::Size;
pub use choices::{
    Backend, CheckFormat, Encoding, Engine, Format, Order, StartMethod, Transport, When,
};
pub use values::{Axis, Export, ExportFormat, MOST_WORKERS, Parameter};

/// Hash a word list with SHA-512: serially, on threads or across worker processes
///
/// WORDS is a file with one word a line, or `-` for standard input. Left out, it is
/// /usr/share/dict/words, else /usr/dict/words, else a built-in list of 1,049,938 words.
#[derive(Debug, Parser)]
#[command(name = "wordhash", version, long_version = version::LONG.as_str(), args_conflicts_with_subcommands = true, after_help = examples::PROGRAM,
    subcommand_help_heading = "Commands", disable_help_subcommand = true, max_term_width = 80)]
pub struct Cli {
    /// What to do; without one, the list is hashed once.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The options of the run without a command.
    #[command(flatten)]
    pub run: RunArgs,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Time many chunk sizes, crossed with whatever else is given as a list
    #[command(max_term_width = 80, after_help = examples::SWEEP)]
    Sweep(SweepArgs),
    /// Time serial, threads and processes side by side
    #[command(max_term_width = 80, after_help = examples::COMPARE)]
    Compare(CompareArgs),
    /// Print a saved result again in any format, or export it
    #[command(max_term_width = 80, after_help = examples::SHOW)]
    Show(ShowResultArgs),
    /// Compare two saved results row by row
    #[command(max_term_width = 80, after_help = examples::DIFF)]
    Diff(DiffArgs),
    /// Write every word's SHA-512, in input order
    #[command(max_term_width = 80, after_help = examples::DIGEST)]
    Digest(DigestArgs),
    /// Report the words of a text that are not in a word list
    #[command(max_term_width = 80, after_help = examples::CHECK)]
    Check(CheckArgs),
    /// Write a reproducible, sorted list of pronounceable words
    #[command(max_term_width = 80, after_help = examples::GENERATE)]
    Generate(GenerateArgs),
    /// Show this machine, the hash engines it can run and the defaults that follow
    #[command(max_term_width = 80, after_help = examples::INFO)]
    Info,
    /// Write the script by which a shell completes command lines
    #[command(max_term_width = 80, after_help = examples::COMPLETIONS)]
    Completions(CompletionsArgs),
    /// Write the manual page of the program or of one of its commands
    #[command(max_term_width = 80, after_help = examples::MAN)]
    Man(ManArgs),
}

/// One run.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// The list.
    #[command(flatten)]
    pub input: InputArgs,
    /// How it is hashed.
    #[command(flatten)]
    pub how: HowArgs,
    /// How much memory it may take.
    #[command(flatten)]
    pub memory: MemoryArgs,
    /// What is shown.
    #[command(flatten)]
    pub show: ShowArgs,
}

/// `wordhash sweep`.
#[derive(Debug, Args)]
pub struct SweepArgs {
    /// The list.
    #[command(flatten)]
    pub input: InputArgs,
    /// How it is hashed.
    #[command(flatten)]
    pub how: HowArgs,
    /// How much memory it may take.
    #[command(flatten)]
    pub memory: MemoryArgs,
    /// How it is measured.
    #[command(flatten)]
    pub measure: MeasureArgs,
    /// What else is measured.
    #[command(flatten)]
    pub programs: ProgramArgs,
    /// Leave the serial row out
    #[arg(long, help_heading = "Measuring")]
    pub no_serial: bool,
    /// Then time N more chunk sizes, where the best one seems to be
    #[arg(long, value_name = "N", default_value_t = 0, help_heading = "Measuring")]
    pub refine: usize,
    /// Leave out the curve that a terminal is shown below the table
    #[arg(long, help_heading = "Output")]
    pub no_chart: bool,
    /// What is shown.
    #[command(flatten)]
    pub show: ShowArgs,
}

/// `wordhash compare`.
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// The list.
    #[command(flatten)]
    pub input: InputArgs,
    /// How it is hashed.
    #[command(flatten)]
    pub how: HowArgs,
    /// How much memory it may take.
    #[command(flatten)]
    pub memory: MemoryArgs,
    /// How it is measured.
    #[command(flatten)]
    pub measure: MeasureArgs,
    /// What else is measured.
    #[command(flatten)]
    pub programs: ProgramArgs,
    /// What is shown.
    #[command(flatten)]
    pub show: ShowArgs,
}

/// Where the words come from and what counts as one.
#[derive(Debug, Args)]
#[command(next_help_heading = "Input")]
pub struct InputArgs {
    /// Word list, one word a line; `-` is standard input
    #[arg(value_name = "WORDS")]
    pub words: Option<PathBuf>,
    /// Hash each line with its end, as the tutorial's program does
    #[arg(long)]
    pub keep_newline: bool,
    /// Leave blank lines out
    #[arg(long)]
    pub skip_blank: bool,
    /// What the list must be; with `utf-8` a line that is not is an error
    #[arg(long, value_enum, default_value_t = Encoding::Bytes)]
    pub encoding: Encoding,
    /// With `--backend mpi`: rank 0 reads the list and sends it to all machines,
    /// which need not see the same file
    #[arg(long)]
    pub distribute: bool,
}

/// How the words are hashed. Every list is an axis of `sweep` and `compare`.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "How to run")]
pub struct HowArgs {
    /// Worker processes or threads; with MPI, threads of each rank [default: the
    /// physical cores that may be used; with MPI, 1]
    #[arg(short, long, value_name = "N", value_parser = values::worker_counts)]
    pub workers: Option<Axis<NonZeroUsize>>,
    /// Words in a task: N, `even`, `auto`, or a schedule: `guided[:MIN]`,
    /// `factoring[:MIN]`, `trapezoid[:MIN]` [default: auto; sweep: the tutorial's]
    #[arg(short, long, value_name = "SIZE", value_parser = values::chunk_sizes)]
    pub chunksize: Option<Axis<ChunkSize>>,
    /// `serial`, `threads`, `processes`, or `mpi` where it is built in: started by
    /// `mpirun`, many machines at once [default: processes]
    #[arg(short, long, value_name = "BACKEND", value_parser = values::names::<Backend>)]
    pub backend: Option<Axis<Backend>>,
    /// The same as `--backend serial`
    #[arg(long, conflicts_with = "backend")]
    pub serial: bool,
    /// How bytes and digests reach worker processes and come back: `shared`
    /// memory, or through the `pipe` [default: shared]
    #[arg(long, value_name = "TRANSPORT", value_parser = values::names::<Transport>)]
    pub transport: Option<Axis<Transport>>,
    /// How worker processes are started: `spawn` or `fork` [default: spawn]
    #[arg(long, value_name = "METHOD", value_parser = values::names::<StartMethod>)]
    pub start_method: Option<Axis<StartMethod>>,
    /// `auto`, `sha2`, `avx2` or `avx512` [default: auto, the fastest here]
    #[arg(long, value_name = "ENGINE", value_parser = values::names::<Engine>)]
    pub engine: Option<Axis<Engine>>,
    /// Hash the digest again N-1 times: a heavier task [default: 1]
    #[arg(long, value_name = "N", value_parser = values::round_counts)]
    pub rounds: Option<Axis<NonZeroU32>>,
    /// Replace a worker process after N tasks
    #[arg(long, value_name = "N", value_parser = values::count)]
    pub max_tasks_per_worker: Option<NonZeroUsize>,
    /// How often a task is given out again after its worker died
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = values::retries)]
    pub retries: u32,
    /// Give a run up after so many seconds without any progress, a program
    /// (--program) after so many seconds, or with MPI, without a sign of life from a
    /// rank [default: never; with MPI, 10]
    #[arg(long, value_name = "SECONDS", value_parser = values::seconds)]
    pub timeout: Option<Duration>,
}

/// How much memory a run may take, and what happens beyond.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Memory")]
pub struct MemoryArgs {
    /// Memory that the run may take, all processes together: `4G`, `500m` (powers
    /// of 1024). Digests that do not fit go through temporary files [default:
    /// what the machine or the cgroup has free, less a tenth, at least 256 MiB]
    #[arg(long, value_name = "SIZE")]
    pub max_memory: Option<Size>,
    /// Folder for the temporary files [default: $TMPDIR, else /tmp]
    #[arg(long, value_name = "DIR")]
    pub temp_dir: Option<PathBuf>,
}

/// How often each configuration runs, and in which order.
#[derive(Debug, Args)]
#[command(next_help_heading = "Measuring")]
pub struct MeasureArgs {
    /// Measure exactly N rounds; each runs every configuration once [default: until
    /// every row is decided, at most 200]
    #[arg(long, value_name = "N", value_parser = values::count)]
    pub runs: Option<NonZeroUsize>,
    /// Warm-up rounds, not counted
    #[arg(long, value_name = "N", default_value = "1", value_parser = values::count_or_zero)]
    pub warmup: u64,
    /// Stop measuring after SECONDS, but not before a first verdict is possible
    /// [default: 10; with --precision, 60]
    #[arg(long, value_name = "SECONDS", value_parser = values::seconds, conflicts_with = "runs")]
    pub max_time: Option<Duration>,
    /// Differences up to P% count as `same`
    #[arg(long, value_name = "P%", default_value = "2%", value_parser = values::margin)]
    pub margin: f64,
    /// Keep measuring until every interval is known to within P%
    #[arg(long, value_name = "P%", value_parser = values::percent, conflicts_with = "runs")]
    pub precision: Option<f64>,
    /// `random`: in rounds, each in an order of its own; `blocked`: one
    /// configuration after the other, without verdicts
    #[arg(long, value_enum, default_value_t = Order::Random)]
    pub order: Order,
    /// Seed of the random orders [default: drawn; every result has it]
    #[arg(long, value_name = "N", value_parser = values::seed)]
    pub seed: Option<u64>,
    /// Row that the others are compared with, by its label [default: serial]
    #[arg(long, value_name = "LABEL")]
    pub reference: Option<String>,
    /// Exit with 1 if a row is slower than its reference by more than P%: its whole
    /// interval lies beyond
    #[arg(long, value_name = "P%", value_parser = values::percent)]
    pub fail_above: Option<f64>,
    /// Also write FILE; its ending is its format: `.json` (written after every
    /// round), `.csv`, `.md`, `.svg`, `.html`, or `.trace.json` for a trace viewer
    /// (may be given several times)
    #[arg(long, value_name = "FILE", value_parser = values::export, help_heading = "Output")]
    pub export: Vec<Export>,
    /// How results are written [default: `table` on a terminal, else `plain`]
    #[arg(long, value_enum, help_heading = "Output")]
    pub format: Option<Format>,
}

/// Other programs as rows.
#[derive(Debug, Args)]
#[command(next_help_heading = "Other programs")]
pub struct ProgramArgs {
    /// Time another program, as a whole process (may be given several times).
    /// `{workers}`, `{chunksize}`, `{rounds}`, `{words}` (the path of WORDS) and
    /// `{NAME}` in COMMAND are filled in, with a row for each combination; `{{` is a
    /// brace. COMMAND is split into words as a shell does it. wordhash's own rows
    /// are left out unless --backend names them
    #[arg(long, value_name = "LABEL=COMMAND")]
    pub program: Vec<OsString>,
    /// Values of `{NAME}`: a list, or a range `A..B`, `A..B+STEP`, `A..B*FACTOR` (may be
    /// given several times)
    #[arg(long, value_name = "NAME=VALUES", value_parser = values::parameter, requires = "program")]
    pub parameter: Vec<Parameter>,
    /// Run COMMAND once before anything else, by `sh -c`, untimed
    #[arg(long, value_name = "COMMAND", requires = "program")]
    pub setup: Option<OsString>,
    /// Run COMMAND before every run of a program, by `sh -c`, untimed
    #[arg(long, value_name = "COMMAND", requires = "program")]
    pub prepare: Option<OsString>,
    /// Demand the same bytes on standard output from all runs of all programs
    #[arg(long, requires = "program")]
    pub same_output: bool,
    /// Run programs by `sh -c`, which is timed with them
    #[arg(long, requires = "program")]
    pub shell: bool,
    /// Count runs that end with a status other than 0
    #[arg(long, requires = "program")]
    pub ignore_failure: bool,
}

/// `wordhash show`.
#[derive(Debug, Args)]
pub struct ShowResultArgs {
    /// A result that `--export RESULT.json` or `--format json` saved; `-` is standard
    /// input
    #[arg(value_name = "RESULT.json")]
    pub result: PathBuf,
    /// Write FILE; its ending is its format: `.json`, `.csv`, `.md`, `.svg` or `.html`
    /// (may be given several times)
    #[arg(long, value_name = "FILE", value_parser = values::export, help_heading = "Output")]
    pub export: Vec<Export>,
    /// How the result is printed [default: `table` on a terminal, else `plain`]
    #[arg(long, value_enum, help_heading = "Output")]
    pub format: Option<Format>,
    /// Leave out the curve that a terminal is shown below the table
    #[arg(long, help_heading = "Output")]
    pub no_chart: bool,
    /// Results only
    #[arg(short, long, help_heading = "Output")]
    pub quiet: bool,
}

/// `wordhash diff`.
#[derive(Debug, Args)]
pub struct DiffArgs {
    /// A result that `--export OLD.json` or `--format json` saved; `-` is standard
    /// input
    #[arg(value_name = "OLD.json")]
    pub old: PathBuf,
    /// The result to compare it with; `-` is standard input
    #[arg(value_name = "NEW.json")]
    pub new: PathBuf,
    /// Exit with 1 if a row has become slower by more than P%: its whole interval
    /// lies beyond
    #[arg(long, value_name = "P%", value_parser = values::percent)]
    pub fail_above: Option<f64>,
}

/// `wordhash digest`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "options that do not depend on each other")]
pub struct DigestArgs {
    /// The list.
    #[command(flatten)]
    pub input: InputArgs,
    /// How it is hashed.
    #[command(flatten)]
    pub how: HowArgs,
    /// How much memory it may take.
    #[command(flatten)]
    pub memory: MemoryArgs,
    /// Write the digests without the words
    #[arg(long, help_heading = "Output")]
    pub only_hash: bool,
    /// Write the digests as they are, 64 bytes each, and nothing else
    #[arg(long, conflicts_with_all = ["only_hash", "null", "raw"], help_heading = "Output")]
    pub binary: bool,
    /// End each record with a NUL byte instead of a line end
    #[arg(long, help_heading = "Output")]
    pub null: bool,
    /// Write all words as they stand, printable or not
    #[arg(long, conflicts_with = "only_hash", help_heading = "Output")]
    pub raw: bool,
    /// Write nothing, but hold the digests against FILE, which the same options
    /// have written; exit with 1 at the first record that differs
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub verify: Option<PathBuf>,
    /// What is shown.
    #[command(flatten)]
    pub show: ShowArgs,
}

/// `wordhash check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Texts, one after another; `-` is standard input, and so is none at all
    #[arg(value_name = "TEXT", help_heading = "Input")]
    pub texts: Vec<PathBuf>,
    /// List of known words, one word a line; `-` is standard input (may be given
    /// several times: lists add up)
    #[arg(long, value_name = "WORDS", required = true, help_heading = "Input")]
    pub known: Vec<PathBuf>,
    /// Which words are looked up, and in which forms.
    #[command(flatten)]
    pub look_up: LookUpArgs,
    /// How words are looked up.
    #[command(flatten)]
    pub how: HowArgs,
    /// Memory that the run may take, all processes together: `4G`, `500m` (powers
    /// of 1024) [default: what the machine or the cgroup has free, less a tenth,
    /// at least 256 MiB]
    #[arg(long, value_name = "SIZE", help_heading = "Memory")]
    pub max_memory: Option<Size>,
    /// Print how many words are not known, repeats included, and nothing else
    #[arg(long, conflicts_with_all = ["list", "format"], help_heading = "Output")]
    pub count: bool,
    /// Print the distinct unknown words only, sorted by their bytes
    #[arg(long, conflicts_with = "format", help_heading = "Output")]
    pub list: bool,
    /// How unknown words are written [default: `marked` on a terminal that may
    /// have colours, else `plain`]
    #[arg(long, value_enum, help_heading = "Output")]
    pub format: Option<CheckFormat>,
    /// How many characters of a line `marked` shows
    #[arg(long, value_name = "N", default_value = "500", help_heading = "Output",
          value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub max_columns: u16,
    /// What is shown.
    #[command(flatten)]
    pub show: ShowArgs,
}

/// Which words of texts are looked up, and in which forms.
#[derive(Clone, Copy, Debug, Args)]
pub struct LookUpArgs {
    /// Match words exactly as written [default: also in other case, and with other
    /// apostrophes, hyphens and Unicode forms]
    #[arg(long, help_heading = "Input")]
    pub exact: bool,
    /// Check words with digits or without a letter, too
    #[arg(long, help_heading = "Input")]
    pub numbers: bool,
    /// Check the parts of URLs and e-mail addresses, too
    #[arg(long, help_heading = "Input")]
    pub addresses: bool,
}

/// `wordhash completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// `wordhash man`.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// The command [default: the program itself]
    #[arg(value_name = "COMMAND")]
    pub command: Option<String>,
}

/// What is shown besides the results.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub struct ShowArgs {
    /// Whether standard error shows a progress bar; `auto`: on a terminal
    #[arg(long, value_enum, default_value_t = When::Auto)]
    pub progress: When,
    /// Results only
    #[arg(short, long)]
    pub quiet: bool,
}

/// `wordhash generate`.
#[derive(Debug, Args)]
pub struct GenerateArgs {
    /// Lines to write
    #[arg(long, value_name = "N", default_value = "1049938", value_parser = values::count_or_zero)]
    pub words: u64,
    /// Different words among them [default: 979250 in 1049938, whatever N is]
    #[arg(long, value_name = "M", value_parser = values::count_or_zero)]
    pub distinct: Option<u64>,
    /// Another seed gives another list [default: that of the built-in list]
    #[arg(long, value_name = "S")]
    pub seed: Option<u64>,
}
