//! Values of which an option takes one of a few, by name.

use clap::ValueEnum;

/// The ways to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Backend {
    /// One thread for everything.
    Serial,
    /// Threads of this process.
    Threads,
    /// Worker processes.
    Processes,
    /// The ranks of an MPI run.
    Mpi,
}

/// How bytes reach a worker process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Transport {
    /// Through anonymous shared memory.
    Shared,
    /// Through the worker's socket.
    Pipe,
}

/// How a worker process is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StartMethod {
    /// The program is started afresh.
    Spawn,
    /// The program is copied as it stands.
    Fork,
}

/// Which code computes SHA-512.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Engine {
    /// The fastest that this machine can run.
    Auto,
    /// One word after another.
    Sha2,
    /// Four words side by side.
    Avx2,
    /// Eight words side by side.
    Avx512,
}

/// What a list must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Encoding {
    /// Anything.
    Bytes,
    /// UTF-8 throughout.
    #[value(name = "utf-8")]
    Utf8,
}

/// In which order configurations run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Order {
    /// In rounds; each runs all of them in an order drawn at random.
    Random,
    /// All runs of one, then all of the next.
    Blocked,
}

/// How results are written to standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One fact a line, stable.
    Plain,
    /// Aligned columns.
    Table,
    /// Everything, for programs.
    Json,
    /// One line a sample, for spreadsheets.
    Csv,
    /// A table to be pasted into a pull request.
    Markdown,
}

/// How unknown words are written to standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CheckFormat {
    /// `text:line:column: word`, one a line.
    Plain,
    /// The lines with unknown words, and these underlined in red.
    Marked,
    /// Everything, for programs.
    Json,
}

/// When something is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// On a terminal.
    Auto,
    /// In any case.
    Always,
    /// Not at all.
    Never,
}
