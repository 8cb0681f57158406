//! Other programs as rows: from what the command line says of them to their configurations.

use std::ffi::{OsStr, OsString};
use std::num::{NonZeroU32, NonZeroUsize};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};

use super::config::default_workers;
use crate::chunksize::ChunkSize;
use crate::cli::{Axis, HowArgs, InputArgs, Parameter, ProgramArgs};
use crate::session::Config;
use crate::session::program::{ProgramConfig, ProgramSpec};
use crate::session::template::{Field, Template};

/// The programs of a command line and the axes that their rows lie on.
#[derive(Debug)]
pub(super) struct Programs {
    specs: Vec<Arc<ProgramSpec>>,
    workers: Vec<NonZeroUsize>,
    chunk_sizes: Vec<Size>,
    rounds: Vec<NonZeroU32>,
    parameters: Vec<Parameter>,
}

/// A number of words that a program can be told.
#[derive(Clone, Copy, Debug)]
enum Size {
    Fixed(NonZeroUsize),
    Even,
}

/// What labels of programs must not be, because wordhash's own rows are called so.
const OWN_NAMES: [&str; 4] = ["serial", "threads", "processes", "mpi"];

impl Programs {
    /// Reads the commands. `default_sizes` are the chunk sizes where the command line has none.
    pub(super) fn new(
        arguments: &ProgramArgs,
        how: &HowArgs,
        input: &InputArgs,
        default_sizes: &[ChunkSize],
    ) -> anyhow::Result<Self> {
        let mut programs = Self {
            specs: Vec::new(),
            workers: values(how.workers.as_ref(), default_workers()),
            chunk_sizes: Vec::new(),
            rounds: values(how.rounds.as_ref(), NonZeroU32::MIN),
            parameters: arguments.parameter.clone(),
        };
        let names: Vec<&str> = arguments.parameter.iter().map(|one| one.name.as_str()).collect();
        check_names(&names)?;
        for text in &arguments.program {
            let spec = spec(text, arguments, &names, how, input)?;
            if programs.specs.iter().any(|other| other.label == spec.label) {
                bail!("--program: there are two programs {:?}", spec.label);
            }
            programs.specs.push(Arc::new(spec));
        }
        if programs.uses(&Field::Chunksize) {
            let given = how.chunksize.as_ref().map_or(default_sizes, Axis::values);
            programs.chunk_sizes = programs.sizes(given, how.chunksize.is_some())?;
        }
        Ok(programs)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.specs.is_empty()
    }

    /// Whether wordhash's own rows stand in the table.
    pub(super) fn leave_own_rows(&self, how: &HowArgs) -> bool {
        self.is_empty() || how.backend.is_some() || how.serial
    }

    /// Whether the length of the list must be known.
    pub(super) fn need_list(&self) -> bool {
        self.chunk_sizes.iter().any(|size| matches!(size, Size::Even))
    }

    fn uses(&self, field: &Field) -> bool {
        self.specs.iter().any(|spec| spec.template.has(field))
    }

    /// The chunk sizes as numbers that a program can be told. What the sweep takes by itself leaves
    /// `even` out where a program is not told the number of workers.
    fn sizes(&self, given: &[ChunkSize], by_the_user: bool) -> anyhow::Result<Vec<Size>> {
        let spec = |with: &Field| {
            let mut specs = self.specs.iter().filter(|spec| spec.template.has(&Field::Chunksize));
            specs.find(|spec| !spec.template.has(with))
        };
        let mut sizes = Vec::new();
        for size in given {
            match size {
                ChunkSize::Fixed(words) => sizes.push(Size::Fixed(*words)),
                ChunkSize::Even => match spec(&Field::Workers) {
                    None => sizes.push(Size::Even),
                    Some(spec) if by_the_user => bail!(
                        "-c even: that is the words divided by the workers, and {:?} has no \
                         {{workers}}",
                        spec.label
                    ),
                    Some(_) => {}
                },
                _ if !by_the_user => {
                    bail!("{{chunksize}} of a program needs its sizes: -c 500,5000")
                }
                other => {
                    bail!("-c {other}: {{chunksize}} of a program takes numbers and `even` only")
                }
            }
        }
        Ok(sizes)
    }

    /// The programs' rows; `words` is the length of the list, which counts where
    /// [`Programs::need_list`].
    pub(super) fn rows(&self, words: usize) -> Vec<ProgramConfig> {
        self.specs.iter().flat_map(|spec| self.rows_of(spec, words)).collect()
    }

    fn rows_of(&self, spec: &Arc<ProgramSpec>, words: usize) -> Vec<ProgramConfig> {
        let has = |field: &Field| spec.template.has(field);
        let empty = ProgramConfig {
            spec: Arc::clone(spec),
            workers: None,
            chunksize: None,
            rounds: None,
            parameters: std::collections::BTreeMap::new(),
        };
        let mut rows = vec![empty];
        if has(&Field::Workers) {
            rows = crossed(&rows, &self.workers, |row, &workers| row.workers = Some(workers));
        }
        if has(&Field::Chunksize) {
            rows = crossed(&rows, &self.chunk_sizes, |row, size| {
                row.chunksize = Some(size.of(words, row.workers));
            });
        }
        if has(&Field::Rounds) {
            rows = crossed(&rows, &self.rounds, |row, &rounds| row.rounds = Some(rounds));
        }
        for Parameter { name, values } in &self.parameters {
            if has(&Field::Parameter(name.clone())) {
                rows = crossed(&rows, values, |row, value| {
                    row.parameters.insert(name.clone(), value.clone());
                });
            }
        }
        rows
    }

    /// Whatever the command line names must have an effect on some row.
    pub(super) fn check_use(
        &self,
        how: &HowArgs,
        input: &InputArgs,
        own: &[Config],
    ) -> anyhow::Result<()> {
        if self.is_empty() {
            return Ok(());
        }
        let parallel = own.iter().any(|config| !config.is_serial());
        let axes = [
            ("--workers", how.workers.is_some(), parallel, Field::Workers),
            ("--chunksize", how.chunksize.is_some(), parallel, Field::Chunksize),
            ("--rounds", how.rounds.is_some(), !own.is_empty(), Field::Rounds),
        ];
        for (option, is_given, has_own_use, field) in axes {
            if is_given && !has_own_use && !self.uses(&field) {
                bail!("{option} has no effect: no program's command has {field}");
            }
        }
        for Parameter { name, .. } in &self.parameters {
            let field = Field::Parameter(name.clone());
            if !self.uses(&field) {
                bail!("--parameter {name} has no effect: no program's command has {field}");
            }
        }
        let of_own_rows = [
            ("--transport", how.transport.is_some()),
            ("--start-method", how.start_method.is_some()),
            ("--engine", how.engine.is_some()),
            ("--max-tasks-per-worker", how.max_tasks_per_worker.is_some()),
        ];
        if own.is_empty()
            && let Some((option, _)) = of_own_rows.into_iter().find(|(_, is_given)| *is_given)
        {
            bail!("{option} has no effect on programs: name wordhash's own rows with --backend");
        }
        let needs_words = !own.is_empty() || self.need_list() || self.uses(&Field::Words);
        if input.words.is_some() && !needs_words {
            bail!("WORDS has no effect: no program's command has {{words}}");
        }
        Ok(())
    }
}

impl Size {
    fn of(self, words: usize, workers: Option<NonZeroUsize>) -> NonZeroUsize {
        let even = |workers: NonZeroUsize| NonZeroUsize::new(words.div_ceil(workers.get()));
        match self {
            Self::Fixed(words) => words,
            Self::Even => workers.and_then(even).unwrap_or(NonZeroUsize::MIN),
        }
    }
}

fn values<T: Clone>(axis: Option<&Axis<T>>, default: T) -> Vec<T> {
    axis.map_or_else(|| vec![default], |axis| axis.values().to_vec())
}

/// Every row with every value.
fn crossed<T>(
    rows: &[ProgramConfig],
    values: &[T],
    set: impl Fn(&mut ProgramConfig, &T),
) -> Vec<ProgramConfig> {
    let pairs = rows.iter().flat_map(|row| values.iter().map(move |value| (row, value)));
    let with = |(row, value): (&ProgramConfig, &T)| {
        let mut row = row.clone();
        set(&mut row, value);
        row
    };
    pairs.map(with).collect()
}

fn check_names(names: &[&str]) -> anyhow::Result<()> {
    for (index, name) in names.iter().enumerate() {
        if names[..index].contains(name) {
            bail!("--parameter {name} is given twice; its values are a list: {name}=A,B");
        }
        if Field::FIXED.iter().any(|field| field.name() == *name) {
            bail!("--parameter {name}: {{{name}}} has a meaning of its own");
        }
    }
    Ok(())
}

fn spec(
    text: &OsStr,
    arguments: &ProgramArgs,
    names: &[&str],
    how: &HowArgs,
    input: &InputArgs,
) -> anyhow::Result<ProgramSpec> {
    let (label, command) = label_and_command(text)?;
    let template = Template::parse(command, arguments.shell, names)
        .with_context(|| format!("--program {label}"))?;
    let words = if template.has(&Field::Words) { Some(path_of_list(&label, input)?) } else { None };
    Ok(ProgramSpec {
        label,
        template,
        words,
        prepare: arguments.prepare.clone(),
        timeout: how.timeout,
        compares_output: arguments.same_output,
        ignores_failure: arguments.ignore_failure,
    })
}

fn label_and_command(text: &OsStr) -> anyhow::Result<(String, &OsStr)> {
    let bytes = text.as_bytes();
    let Some(sign) = bytes.iter().position(|&byte| byte == b'=') else {
        bail!("--program {}: LABEL=COMMAND is wanted", text.display());
    };
    let label = String::from_utf8_lossy(&bytes[..sign]).trim().to_owned();
    if label.is_empty() {
        bail!("--program {}: there is no label before the =", text.display());
    }
    if OWN_NAMES.contains(&label.as_str()) {
        bail!("--program {label}: wordhash's own rows are called so; take another label");
    }
    Ok((label, OsStr::from_bytes(&bytes[sign + 1..])))
}

/// The path that `{words}` stands for.
fn path_of_list(label: &str, input: &InputArgs) -> anyhow::Result<OsString> {
    match &input.words {
        Some(path) if path != Path::new("-") => Ok(path.clone().into()),
        _ => bail!(
            "--program {label}: {{words}} is the path of a word list, and none is given; `wordhash \
             generate > words.txt` makes one"
        ),
    }
}
