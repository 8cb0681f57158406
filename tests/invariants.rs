//! What holds for every way to run: the digests are those of the `sha2` crate and of Python's
//! hashlib, in input order, byte for byte.
//!
//! A program of its own instead of libtest's: its worker processes are started from it, and `fork`
//! wants no second thread alive.

mod judges;

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use judges::python;
use libtest_mimic::{Arguments, Failed, Trial};
use sha2::{Digest as _, Sha512};
use wordhash::backend::{
    Around, Backend, Lane, Outcome, Processes, Recorder, Serial, Span, Threads, Work,
};
use wordhash::bench::clock::MonotonicClock;
use wordhash::os::interrupt::Interrupt;
use wordhash::pool::{StartMethod, Transport};
use wordhash::sha512::{Digest, Engine};
use wordhash::words::{Rules, Source, WordList, load};

fn main() -> ExitCode {
    wordhash::pool::init();
    // One thread runs all of them, the one that `fork` copies.
    let arguments = Arguments { test_threads: Some(1), ..Arguments::from_args() };
    libtest_mimic::run(&arguments, trials()).exit_code()
}

fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for (way, backend) in ways() {
        let backend = Arc::new(backend);
        for (name, list) in lists() {
            let backend = Arc::clone(&backend);
            trials.push(Trial::test(format!("{way}_hashes_{name}_as_sha2_does"), move || {
                hashes_as_sha2_does(&**backend, &list()).map_err(Failed::from)
            }));
        }
    }
    for (way, backend) in ways() {
        trials
            .push(Trial::test(format!("{way}_accounts_for_all_words_when_recorded"), move || {
                all_words_are_recorded(&*backend).map_err(Failed::from)
            }));
    }
    for huge_pages in [true, false] {
        let how = if huge_pages { "on" } else { "without" };
        trials.push(Trial::test(
            format!("many_digests_are_the_same_{how}_huge_pages"),
            move || {
                let restored = allow_huge_pages(huge_pages);
                let checked = many_digests_are_those_of_one_thread();
                allow_huge_pages(restored);
                checked.map_err(Failed::from)
            },
        ));
    }
    trials.push(Trial::test("the_digests_are_hashlibs", || {
        the_digests_are_hashlibs().map_err(Failed::from)
    }));
    trials
}

type Way = Box<dyn Backend + Send + Sync>;

fn ways() -> Vec<(String, Way)> {
    let mut ways: Vec<(String, Way)> =
        vec![("serial".to_owned(), Box::new(Serial)), ("threads".to_owned(), Box::new(Threads))];
    for transport in Transport::ALL {
        for start_method in StartMethod::ALL {
            let processes = Processes {
                transport,
                start_method,
                retries: 0,
                max_tasks_per_worker: None,
                progress_timeout: Some(Duration::from_mins(1)),
            };
            ways.push((format!("{transport}_{start_method}"), Box::new(processes)));
        }
    }
    ways
}

type MakeList = Box<dyn Fn() -> WordList + Send>;

/// The sample lists, and lists whose words have every length around the borders of a block.
fn lists() -> Vec<(String, MakeList)> {
    let mut lists: Vec<(String, MakeList)> = sample_lists()
        .into_iter()
        .map(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().replace('.', "_");
            let make = move || {
                let interrupt = Interrupt::manual().expect("a pair of descriptors");
                let source = Source::Path(path.clone());
                load(&source, Rules::default(), false, &interrupt).expect("a sample list")
            };
            (name, Box::new(make) as MakeList)
        })
        .collect();
    lists.push((
        "every_length_to_300".to_owned(),
        Box::new(|| {
            let words =
                (0..=300).map(|len| (0..len).map(|at| b"abcdefghijk"[(at + len) % 11]).collect());
            list_of(&words.collect::<Vec<_>>())
        }),
    ));
    lists.push((
        "short_and_long_in_turn".to_owned(),
        Box::new(|| {
            let words = (0..500_usize)
                .map(|at| vec![b'x'; if at % 5 == 3 { 100 + at * 7 } else { at % 19 }]);
            list_of(&words.collect::<Vec<_>>())
        }),
    ));
    lists.push(("nothing".to_owned(), Box::new(|| list_of(&[]))));
    lists
}

fn sample_lists() -> Vec<PathBuf> {
    let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/words")).expect("words/");
    let paths = folder.map(|entry| entry.expect("an entry").path());
    paths
        .filter(|path| path.extension().is_some_and(|kind| kind == "txt" || kind == "bin"))
        .collect()
}

fn list_of(words: &[Vec<u8>]) -> WordList {
    let mut text = words.join(&b'\n');
    if !text.is_empty() {
        text.push(b'\n');
    }
    WordList::from_bytes(&text, Rules::default()).expect("memory")
}

fn hashes_as_sha2_does(backend: &dyn Backend, list: &WordList) -> Result<(), String> {
    for rounds in [1, 3] {
        let expected: Vec<Digest> = list.words().map(|word| one_by_one(word, rounds)).collect();
        for engine in Engine::available() {
            for chunksize in ["1", "7", "500", "even", "auto", "guided", "factoring:3", "trapezoid"]
            {
                for workers in [1, 2, 3] {
                    let found = digests(backend, list, engine, (rounds, chunksize, workers))?;
                    if let Some(at) = (0..list.len()).find(|&at| found.get(at) != expected.get(at))
                    {
                        return Err(format!(
                            "{engine:?}, {rounds} rounds, chunksize {chunksize}, {workers} workers: \
                             word {at} of {} has another digest",
                            list.len()
                        ));
                    }
                    if found.len() != expected.len() {
                        return Err(format!("{} digests of {} words", found.len(), expected.len()));
                    }
                }
            }
        }
    }
    no_child_is_left()
}

/// Whether the kernel may give this process, and those that it starts, huge pages: says what was
/// so before.
fn allow_huge_pages(allow: bool) -> bool {
    // SAFETY: changes and tells how the kernel makes pages from now on, and touches no memory.
    unsafe {
        let disabled = libc::prctl(libc::PR_GET_THP_DISABLE, 0, 0, 0, 0);
        assert_eq!(libc::prctl(libc::PR_SET_THP_DISABLE, libc::c_int::from(!allow), 0, 0, 0), 0);
        disabled == 0
    }
}

/// Tasks that have huge pages of digests alone, that share them, and that are a word each.
fn many_digests_are_those_of_one_thread() -> Result<(), String> {
    let words: Vec<Vec<u8>> =
        (0..200_000_u32).map(|at| at.wrapping_mul(2_654_435_761).to_string().into()).collect();
    let list = list_of(&words);
    let engine = Engine::detect();
    let expected = digests(&Serial, &list, engine, (1, "even", 1))?;
    for (way, backend) in ways() {
        for chunksize in ["1", "5000", "32_768", "70_000", "even", "guided"] {
            let found = digests(&*backend, &list, engine, (1, chunksize, 2))?;
            if found != expected {
                return Err(format!("{way}, chunksize {chunksize}: other digests"));
            }
        }
    }
    no_child_is_left()
}

fn one_by_one(word: &[u8], rounds: u32) -> Digest {
    let first = Sha512::digest(word);
    (1..rounds).fold(first, |digest, _| Sha512::digest(digest)).into()
}

fn digests(
    backend: &dyn Backend,
    list: &WordList,
    engine: Engine,
    how: (u32, &str, usize),
) -> Result<Vec<Digest>, String> {
    let work = work(engine, how)?;
    Ok(run(backend, list, &work, None)?.digests.as_slice().to_vec())
}

fn run(
    backend: &dyn Backend,
    list: &WordList,
    work: &Work,
    recorder: Option<&Recorder>,
) -> Result<Outcome, String> {
    let interrupt = Interrupt::manual().map_err(|error| error.to_string())?;
    let clock = MonotonicClock::new();
    let around = Around { clock: &clock, progress: &|_| {}, interrupt: &interrupt, recorder };
    backend.run(list, work, &around).map_err(|error| error.to_string())
}

/// What was recorded adds up to the list, whatever the chunk size, and no worker did two things
/// at once.
fn all_words_are_recorded(backend: &dyn Backend) -> Result<(), String> {
    // The digests of the largest task do not fit in one answer.
    let list = list_of(&vec![b"word".to_vec(); 5000]);
    for (rounds, chunksize, workers) in [(1, "1", 2), (1, "7", 3), (20, "even", 2), (1, "9999", 2)]
    {
        let work = work(Engine::detect(), (rounds, chunksize, workers))?;
        let recorder = Recorder::default();
        let outcome = run(backend, &list, &work, Some(&recorder))?;
        let spans = recorder.into_spans();
        let tasks: usize = spans.iter().map(|span| span.tasks).sum();
        let words: usize = spans.iter().map(|span| span.words).sum();
        if (tasks, words) != (outcome.tasks.unwrap_or(1), list.len()) {
            return Err(format!("{chunksize}: {tasks} tasks and {words} words were recorded"));
        }
        let mut by_lane: BTreeMap<Lane, Vec<&Span>> = BTreeMap::new();
        for span in &spans {
            by_lane.entry(span.lane).or_default().push(span);
        }
        for lane in by_lane.values() {
            let whole = lane.iter().all(|span| span.begin <= span.end);
            if !whole || !lane.windows(2).all(|pair| pair[0].end <= pair[1].begin) {
                return Err(format!("{chunksize}: spans overlap: {lane:?}"));
            }
        }
        let mut numbers: Vec<_> = spans.iter().map(|span| (span.first_task, span.tasks)).collect();
        numbers.sort_unstable();
        if numbers.windows(2).any(|pair| pair[0].0 + pair[0].1 != pair[1].0) {
            return Err(format!("{chunksize}: tasks were recorded twice or never: {numbers:?}"));
        }
    }
    no_child_is_left()
}

fn work(engine: Engine, (rounds, chunksize, workers): (u32, &str, usize)) -> Result<Work, String> {
    Ok(Work {
        engine,
        rounds: NonZeroU32::new(rounds).ok_or("rounds")?,
        workers: NonZeroUsize::new(workers).ok_or("workers")?,
        chunksize: chunksize.parse().map_err(|error| format!("{error}"))?,
    })
}

/// Waiting for any child must say that there is none, dead or alive.
fn no_child_is_left() -> Result<(), String> {
    match rustix::process::wait(rustix::process::WaitOptions::NOHANG) {
        Err(rustix::io::Errno::CHILD) => Ok(()),
        other => Err(format!("a child is left: {other:?}")),
    }
}

/// All digests of the sample lists, through the default engine and the pool, beside Python's.
fn the_digests_are_hashlibs() -> Result<(), String> {
    let program = "import hashlib, sys
text = open(sys.argv[1], 'rb').read().removeprefix(b'\\xef\\xbb\\xbf')
lines = text.split(b'\\n')
ended = not lines[-1]
if ended: lines.pop()
for at, line in enumerate(lines):
    if (ended or at + 1 < len(lines)) and line.endswith(b'\\r'): line = line[:-1]
    print(hashlib.sha512(line).hexdigest())";
    for (_, backend) in ways() {
        for path in sample_lists() {
            let interrupt = Interrupt::manual().map_err(|error| error.to_string())?;
            let list = load(&Source::Path(path.clone()), Rules::default(), false, &interrupt)
                .map_err(|error| error.to_string())?;
            let found = digests(&*backend, &list, Engine::detect(), (1, "auto", 2))?;
            let found: String = found.iter().map(|digest| hex::encode(digest) + "\n").collect();
            let Some(expected) = python(program, &[path.as_os_str()]) else { return Ok(()) };
            if found != expected {
                return Err(format!("{}: hashlib gives other digests", path.display()));
            }
        }
    }
    no_child_is_left()
}
