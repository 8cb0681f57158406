//! The values that options take, as text becomes them: counts, lists, ranges.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use crate::chunksize::{ChunkSize, parse_count};

/// The most workers that one run may have. Each takes a process, a socket and a descriptor for its
/// end; more than this is a slip of the finger on any machine that exists.
pub const MOST_WORKERS: usize = 1024;

/// The values of one axis of a sweep: at least one, in the order in which they were given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axis<T>(Vec<T>);

impl<T: Clone> Axis<T> {
    /// All values.
    #[must_use]
    pub fn values(&self) -> &[T] {
        &self.0
    }

    /// The value, if there is just one.
    #[must_use]
    pub fn only(&self) -> Option<T> {
        match &self.0[..] {
            [only] => Some(only.clone()),
            _ => None,
        }
    }
}

/// Reads a list whose items `expand` turns into one or several values.
fn axis<T: PartialEq>(
    text: &str,
    expand: impl Fn(&str) -> Result<Vec<T>, String>,
) -> Result<Axis<T>, String> {
    let mut values = Vec::new();
    for item in text.split(',') {
        for value in expand(item)? {
            if values.contains(&value) {
                continue;
            }
            values.push(value);
        }
    }
    Ok(Axis(values))
}

/// `A..B*F`: A, A × F, A × F², … up to B; `None` when the text is no range.
fn geometric_range(text: &str) -> Option<Result<Vec<NonZeroUsize>, String>> {
    let (first, rest) = text.split_once("..")?;
    let parse = || {
        let (last, factor) = rest.split_once('*')?;
        let (first, last) = (parse_count(first)?, parse_count(last)?);
        let factor = parse_count(factor).filter(|factor| factor.get() > 1)?;
        (first <= last).then(|| {
            std::iter::successors(Some(first), |size| size.checked_mul(factor))
                .take_while(|&size| size <= last)
                .collect()
        })
    };
    Some(parse().ok_or_else(|| "a range is A..B*F with A <= B and F from 2 on".to_owned()))
}

/// Chunk sizes: `500,5000,even`, `1..1m*4`.
pub(super) fn chunk_sizes(text: &str) -> Result<Axis<ChunkSize>, String> {
    axis(text, |item| match geometric_range(item) {
        Some(range) => Ok(range?.into_iter().map(ChunkSize::Fixed).collect()),
        None => item.parse().map(|size| vec![size]).map_err(|error| format!("{error}")),
    })
}

/// Numbers of workers: `1,2,4`, `1..16*2`.
pub(super) fn worker_counts(text: &str) -> Result<Axis<NonZeroUsize>, String> {
    let allowed = || format!("the number of workers is from 1 to {MOST_WORKERS}");
    axis(text, |item| {
        let counts = match geometric_range(item) {
            Some(range) => range?,
            None => vec![parse_count(item).ok_or_else(allowed)?],
        };
        if counts.iter().any(|count| count.get() > MOST_WORKERS) {
            return Err(allowed());
        }
        Ok(counts)
    })
}

/// Numbers of rounds: `1,100`, `1..1k*10`.
pub(super) fn round_counts(text: &str) -> Result<Axis<NonZeroU32>, String> {
    let allowed = || format!("the number of rounds is from 1 to {}", u32::MAX);
    axis(text, |item| {
        let counts = match geometric_range(item) {
            Some(range) => range?,
            None => vec![parse_count(item).ok_or_else(allowed)?],
        };
        counts.into_iter().map(|count| count.try_into().map_err(|_| allowed())).collect()
    })
}

/// A placeholder of programs' commands and its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// The name between the braces.
    pub name: String,
    /// At least one, in the order in which they were given.
    pub values: Vec<String>,
}

/// `level=1,6,9`, `level=1..9`, `flag=,--fast`.
pub(super) fn parameter(text: &str) -> Result<Parameter, String> {
    let (name, values) = text.split_once('=').ok_or("NAME=VALUES, such as level=1,6,9")?;
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if name.is_empty() || !name.bytes().all(is_name) {
        return Err("the name has letters, digits, `_` and `-` only".to_owned());
    }
    let expand = |item: &str| Ok(number_range(item)?.unwrap_or_else(|| vec![item.to_owned()]));
    let Axis(values) = axis(values, expand)?;
    Ok(Parameter { name: name.to_owned(), values })
}

/// `A..B`, `A..B+STEP`, `A..B*FACTOR`; `None` when the text does not look like a range of numbers.
fn number_range(text: &str) -> Result<Option<Vec<String>>, String> {
    const MOST_VALUES: usize = 10_000;
    let is_digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
    let Some((first, rest)) = text.split_once("..") else { return Ok(None) };
    if !is_digit(first.as_bytes().last()) || !is_digit(rest.as_bytes().first()) {
        return Ok(None);
    }
    let (last, step) = match rest.split_once(['+', '*']) {
        Some((last, step)) => (last, step),
        None => (rest, "1"),
    };
    let bounds = || {
        let (first, last) = (count_or_zero(first).ok()?, count_or_zero(last).ok()?);
        let step = parse_count(step)?.get() as u64;
        let next = |value: u64| {
            if rest.contains('*') { value.checked_mul(step) } else { value.checked_add(step) }
        };
        let grows = next(first).is_none_or(|second| second > first);
        (first <= last && grows).then(|| {
            let values = std::iter::successors(Some(first), |&value| next(value));
            values.take_while(|&value| value <= last).take(MOST_VALUES + 1).collect::<Vec<_>>()
        })
    };
    let values = bounds().filter(|values| values.len() <= MOST_VALUES);
    let values = values.ok_or_else(|| {
        format!("a range is A..B, A..B+STEP or A..B*FACTOR, with at most {MOST_VALUES} values")
    })?;
    Ok(Some(values.iter().map(ToString::to_string).collect()))
}

/// Names out of a fixed set: `threads,processes`.
pub(super) fn names<T: clap::ValueEnum + PartialEq>(text: &str) -> Result<Axis<T>, String> {
    axis(text, |item| {
        let found = T::from_str(item, false).map_err(|_| {
            let known: Vec<String> = T::value_variants()
                .iter()
                .filter_map(|value| Some(value.to_possible_value()?.get_name().to_owned()))
                .collect();
            format!("possible values are {}", known.join(", "))
        })?;
        Ok(vec![found])
    })
}

/// One count from 1 on.
pub(super) fn count(text: &str) -> Result<NonZeroUsize, String> {
    parse_count(text).ok_or_else(|| "a number from 1 on (`_`, `k` and `m` allowed)".to_owned())
}

/// One count from 0 on.
pub(super) fn count_or_zero(text: &str) -> Result<u64, String> {
    match text {
        "0" => Ok(0),
        _ => parse_count(text)
            .map(|count| count.get() as u64)
            .ok_or_else(|| "a number from 0 on (`_`, `k` and `m` allowed)".to_owned()),
    }
}

/// How often something is tried again.
pub(super) fn retries(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| format!("the number of retries is from 0 to {}", u32::MAX))
}

/// A span of seconds longer than none.
pub(super) fn seconds(text: &str) -> Result<Duration, String> {
    text.parse::<f64>()
        .ok()
        .filter(|&seconds| seconds > 0.0)
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .filter(|span| !span.is_zero())
        .ok_or_else(|| "a number of seconds above 0, such as 2 or 0.5".to_owned())
}

/// A margin from 0% to 100%, as a fraction.
pub(super) fn margin(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('%').unwrap_or(text).trim_end();
    let margin = number.parse::<f64>().ok().filter(|percent| (0.0..=100.0).contains(percent));
    margin
        .map(|percent| percent / 100.0)
        .ok_or_else(|| "a percentage from 0% to 100%, such as 2%".to_owned())
}

/// A seed. Up to 2^53, the largest number that every reader of JSON keeps.
pub(super) fn seed(text: &str) -> Result<u64, String> {
    const MOST: u64 = 1 << 53;
    let seed = text.replace('_', "").parse().ok().filter(|&seed| seed <= MOST);
    seed.ok_or_else(|| format!("the seed is a number from 0 to {MOST}"))
}

/// A percentage above 0, as a fraction: `2%` and `2` are 0.02.
pub(super) fn percent(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('%').unwrap_or(text).trim_end();
    number
        .parse::<f64>()
        .ok()
        .filter(|percent| percent.is_finite() && *percent > 0.0)
        .map(|percent| percent / 100.0)
        .ok_or_else(|| "a percentage above 0, such as 2%".to_owned())
}

/// A file that results are written to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// Where it is.
    pub path: PathBuf,
    /// What its ending says that it holds.
    pub format: ExportFormat,
}

/// What a file of results holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// Everything, for programs.
    Json,
    /// One line a sample.
    Csv,
    /// A table.
    Markdown,
    /// The curve of time against chunk size.
    Svg,
    /// A page with all of it.
    Html,
    /// What the workers did in one run of each configuration, for trace viewers.
    Trace,
}

impl ExportFormat {
    /// Whether it shows what the workers did.
    #[must_use]
    pub fn has_timelines(self) -> bool {
        matches!(self, Self::Html | Self::Trace)
    }
}

/// The first ending that a name has counts.
const ENDINGS: [(&str, ExportFormat); 6] = [
    (".trace.json", ExportFormat::Trace),
    (".json", ExportFormat::Json),
    (".csv", ExportFormat::Csv),
    (".md", ExportFormat::Markdown),
    (".svg", ExportFormat::Svg),
    (".html", ExportFormat::Html),
];

/// A file whose ending names a format.
pub(super) fn export(text: &str) -> Result<Export, String> {
    let found = ENDINGS.iter().find(|(ending, _)| text.ends_with(ending));
    let (_, format) =
        found.ok_or("the name ends with .json, .csv, .md, .svg, .html or .trace.json")?;
    Ok(Export { path: PathBuf::from(text), format: *format })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(text: &str) -> Result<Vec<String>, String> {
        chunk_sizes(text).map(|axis| axis.values().iter().map(ToString::to_string).collect())
    }

    #[test]
    fn lists_and_ranges_become_values() {
        for (text, values) in [
            ("5000", "5000"),
            ("500,5k,even", "500 5000 even"),
            ("1..1m*10", "1 10 100 1000 10000 100000 1000000"),
            ("1..20*4,even", "1 4 16 even"),
            ("7..7*2", "7"),
            ("5,5,5", "5"),
            ("guided:500,auto", "guided:500 auto"),
        ] {
            assert_eq!(sizes(text).unwrap().join(" "), values, "{text}");
        }
    }

    #[test]
    fn bad_lists_and_ranges_say_what_is_allowed() {
        for text in ["", ",", "5,", "1..", "1..5", "1..5*1", "5..1*2", "0..5*2", "1..5*", "x"] {
            let error = sizes(text).unwrap_err();
            assert!(error.contains("from 1") || error.contains("A..B*F"), "{text:?}: {error}");
        }
    }

    #[test]
    fn parameters_are_lists_and_ranges_of_any_text() {
        for (text, values) in [
            ("x=1,6,9", "1 6 9"),
            ("x=1..4", "1 2 3 4"),
            ("x=0..10+5,fast", "0 5 10 fast"),
            ("x=1..1k*10", "1 10 100 1000"),
            ("x=../a,b..c,a=b", "../a b..c a=b"),
            ("x=", ""),
            ("x=,--fast", " --fast"),
        ] {
            let found = parameter(text).unwrap();
            assert_eq!((found.name.as_str(), found.values.join(" ").as_str()), ("x", values));
        }
        for text in
            ["x", "=1", "a b=1", "{x}=1", "x=4..1", "x=0..4*2", "x=1..4*1", "x=1..4+0", "x=0..1m"]
        {
            assert!(parameter(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_ending_of_a_file_names_its_format() {
        for (name, format) in [
            ("a.json", ExportFormat::Json),
            ("trace.json", ExportFormat::Json),
            ("a.trace.json", ExportFormat::Trace),
            (".trace.json", ExportFormat::Trace),
            ("a.trace/b.json", ExportFormat::Json),
            ("a.csv", ExportFormat::Csv),
            ("a.b.md", ExportFormat::Markdown),
            ("/tmp/a.svg", ExportFormat::Svg),
            ("a.html", ExportFormat::Html),
        ] {
            let expected = Export { path: PathBuf::from(name), format };
            assert_eq!(export(name), Ok(expected), "{name}");
        }
        for name in ["", "json", "a", "a.txt", "a.JSON", "a.trace", "a.json.gz"] {
            assert!(export(name).unwrap_err().contains(".trace.json"), "{name:?}");
        }
    }

    #[test]
    fn worker_counts_have_a_limit() {
        assert_eq!(worker_counts("1..16*2").unwrap().values().len(), 5);
        for text in ["0", "100000", "1025", "1..4k*2", "two"] {
            assert_eq!(
                worker_counts(text).unwrap_err(),
                "the number of workers is from 1 to 1024",
                "{text}"
            );
        }
    }

    #[test]
    fn rounds_and_seconds_have_a_range() {
        assert_eq!(round_counts("1,100").unwrap().values().len(), 2);
        assert!(round_counts("0").is_err() && round_counts("5000m").is_err());
        assert_eq!(seconds("0.5").unwrap(), Duration::from_millis(500));
        for text in ["0", "-1", "nan", "inf", "1e300", "1e-300", "soon"] {
            assert!(seconds(text).is_err(), "{text}");
        }
        assert_eq!((percent("2%"), percent("0.5")), (Ok(0.02), Ok(0.005)));
        assert!(percent("0%").is_err() && percent("x%").is_err());
        assert_eq!((count_or_zero("0"), count_or_zero("2k")), (Ok(0), Ok(2000)));
        assert!(count_or_zero("-1").is_err() && count("0").is_err());
    }
}
