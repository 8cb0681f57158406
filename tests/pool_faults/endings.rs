//! The parent stopped in each phase by each signal, and workers killed at random: no worker
//! outlives its parent, and results stay right.

use std::collections::BTreeSet;
use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Stdio};

use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};
use wordhash::os::interrupt::Interrupt;
use wordhash::pool::frame::{Header, Kind};
use wordhash::pool::{JobError, Pool, PoolError, StartMethod, Transport};

use crate::faults::sleep_for_ever;
use libtest_mimic::Trial;

use crate::{Case, ends_within_ms};

/// Where the parent is when the signal comes.
const PHASES: [&str; 4] = ["start", "idle", "work", "shutdown"];

const SIGNALS: [(&str, Signal, i32); 3] =
    [("int", Signal::INT, 130), ("term", Signal::TERM, 143), ("kill", Signal::KILL, -9)];

/// A context and a job that say where they are, and then stay there in the asked phase.
pub(crate) struct Stay(String);

/// Not `println!`: a forked worker would share its buffer.
fn say(words: &str) {
    rustix::io::write(rustix::stdio::stdout(), format!("{words}\n").as_bytes()).unwrap();
}

impl Stay {
    fn here(&self, phase: &str) {
        if self.0 == phase {
            say(&format!("in {phase}"));
            sleep_for_ever();
        }
    }
}

#[expect(clippy::unnecessary_wraps, reason = "the signature of a context")]
fn make_stay(phase: String) -> Result<Stay, JobError> {
    say(&format!("worker {}", std::process::id()));
    let stay = Stay(phase);
    stay.here("start");
    Ok(stay)
}

impl Drop for Stay {
    fn drop(&mut self) {
        self.here("shutdown");
    }
}

fn work(stay: &mut Stay, number: u32) -> u32 {
    stay.here("work");
    number
}

/// The parent that is stopped. Returns the exit status of a well-behaved program.
pub(crate) fn be_stopped(phase: &str, transport: Transport, method: StartMethod) -> u8 {
    let interrupt = Interrupt::on_signals().unwrap();
    let status = |signal: i32| u8::try_from(128 + signal).unwrap();
    let pool = Pool::builder()
        .workers(2)
        .transport(transport)
        .start_method(method)
        .interrupt(interrupt.clone())
        .context_with(phase.to_owned(), make_stay)
        .build();
    let pool = match pool {
        Ok(pool) => pool,
        Err(PoolError::Interrupted { signal }) => return status(signal),
        Err(error) => panic!("{error}"),
    };
    if phase == "idle" {
        say("in idle");
        while interrupt.pending().is_none() {
            std::thread::yield_now();
        }
    }
    for result in pool.map_with(work, 0..4) {
        match result {
            Ok(_) => {}
            Err(PoolError::Interrupted { signal }) => return status(signal),
            Err(error) => panic!("{error}"),
        }
    }
    let _ = pool.shutdown();
    interrupt.pending().map_or(0, status)
}

/// Starts such a parent, sends it the signal when it is in the phase, and looks for its workers.
fn stop_parent(
    phase: &str,
    signal: Signal,
    status: i32,
    transport: Transport,
    method: StartMethod,
) {
    let mut parent = Command::new("/proc/self/exe")
        .args(["--be-stopped", phase, transport.name(), method.name()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut workers = BTreeSet::new();
    let mut there = false;
    // Kept open to the end: workers may have more to say.
    let mut lines = BufReader::new(parent.stdout.take().unwrap()).lines();
    for line in lines.by_ref() {
        let line = line.unwrap();
        match line.split_once(' ') {
            Some(("worker", pid)) => drop(workers.insert(pid.parse().unwrap())),
            _ => there = true,
        }
        if there && workers.len() == 2 {
            break;
        }
    }
    let workers: Vec<_> = workers
        .into_iter()
        .map(|pid| pidfd_open(Pid::from_raw(pid).unwrap(), PidfdFlags::empty()).unwrap())
        .collect();
    assert_eq!(workers.len(), 2, "the parent ended early");
    let pid = Pid::from_child(&parent);
    kill_process(pid, signal).unwrap();
    let watch = pidfd_open(pid, PidfdFlags::empty()).unwrap();
    let in_time = ends_within_ms(&watch, 5000);
    let workers_end = workers.iter().all(|worker| ends_within_ms(worker, 1000));
    let _ = parent.kill();
    let ended = parent.wait().unwrap();
    assert!(in_time, "the parent went on");
    assert!(workers_end, "a worker outlived its parent by a second");
    assert_eq!(ended.code().or(ended.signal().map(|signal| -signal)), Some(status));
}

/// Every phase × signal × way to run a pool.
pub(crate) fn stops() -> Vec<Trial> {
    let mut stops: Vec<Trial> = Vec::new();
    for phase in PHASES {
        for (name, signal, status) in SIGNALS {
            for transport in Transport::ALL {
                for method in StartMethod::ALL {
                    stops.push(crate::trial(
                        format!("stopped::{phase}::{name}::{transport}::{method}"),
                        move || stop_parent(phase, signal, status, transport, method),
                    ));
                }
            }
        }
    }
    stops
}

/// Counts primes below `end` from `start`.
pub(crate) fn primes((start, end): (u32, u32)) -> Result<u32, JobError> {
    let is_prime = |&number: &u32| {
        let mut divisors = (2..number).take_while(|divisor| divisor * divisor <= number);
        number > 1 && divisors.all(|divisor| !number.is_multiple_of(divisor))
    };
    Ok(u32::try_from((start..end).filter(is_prime).count())?)
}

const STORM_END: u32 = 1_000_000;
const PRIMES_BELOW_STORM_END: u32 = 78_498;
/// A worker is killed when it was there this many looks before.
const LOOKS: usize = 2;

/// The parent in the storm: counts, whoever dies.
pub(crate) fn be_in_storm(transport: Transport, method: StartMethod) {
    let pool = Pool::builder()
        .workers(3)
        .transport(transport)
        .start_method(method)
        .retries(1000)
        .build()
        .unwrap();
    let ranges = (0..STORM_END / 100).map(|range| (range * 100, range * 100 + 100));
    let count: u32 = pool.map(primes, ranges).map(Result::unwrap).sum();
    assert_eq!(count, PRIMES_BELOW_STORM_END);
    let reports = pool.shutdown();
    let dead = reports.iter().filter(|report| report.death.is_some()).count();
    say(&format!("{dead} died"));
}

/// Kills a worker of such a parent every few milliseconds until it is done. A crowded machine may
/// let none begin to work before it is killed, and many such deaths in a row are an error; so only
/// workers that were there some looks before are killed.
fn storm(transport: Transport, method: StartMethod) {
    let mut parent = Command::new("/proc/self/exe")
        .args(["--be-in-storm", transport.name(), method.name()])
        .spawn()
        .unwrap();
    let watch = pidfd_open(Pid::from_child(&parent), PidfdFlags::empty()).unwrap();
    let children = format!("/proc/{0}/task/{0}/children", parent.id());
    // A linear congruential generator (Numerical Recipes' constants): any spread will do.
    let mut random = 12_345_u32;
    let mut looks = VecDeque::new();
    for _ in 0..4000 {
        if ends_within_ms(&watch, 5) {
            break;
        }
        let pids = std::fs::read_to_string(&children).unwrap_or_default();
        let pids: Vec<i32> = pids.split_whitespace().map(|pid| pid.parse().unwrap()).collect();
        looks.push_back(pids.clone());
        let earlier = if looks.len() > LOOKS { looks.pop_front().unwrap() } else { Vec::new() };
        let pids: Vec<i32> = pids.into_iter().filter(|pid| earlier.contains(pid)).collect();
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        if let Some(&pid) = pids.get(random as usize % pids.len().max(1)) {
            let _ = kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL);
        }
    }
    let in_time = ends_within_ms(&watch, 20_000);
    let _ = parent.kill();
    assert!(parent.wait().unwrap().success() && in_time);
}

/// Kills all other workers of its pool, then does its work.
fn kill_others(number: u32) -> Result<u32, JobError> {
    let parent = rustix::process::getppid().ok_or("no parent")?;
    let parent = parent.as_raw_nonzero();
    let children = std::fs::read_to_string(format!("/proc/{parent}/task/{parent}/children"))?;
    for pid in children.split_whitespace() {
        let pid = pid.parse()?;
        if pid != rustix::process::getpid().as_raw_nonzero().get() {
            let _ = kill_process(Pid::from_raw(pid).expect("a pid"), Signal::KILL);
        }
    }
    Ok(number)
}

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for transport in Transport::ALL {
        cases.push(Case::new(format!("wild_frames::{transport}"), move || {
            outlives_wild_workers(transport);
        }));
        for method in StartMethod::ALL {
            cases.push(Case::new(
                format!("neighbours_that_kill_each_other::{transport}::{method}"),
                move || {
                    let pool = Pool::builder()
                        .workers(3)
                        .transport(transport)
                        .start_method(method)
                        .retries(1000)
                        .build()
                        .unwrap();
                    let numbers: Vec<_> =
                        pool.map(kill_others, 0..30).map(Result::unwrap).collect();
                    assert!(numbers.into_iter().eq(0..30));
                },
            ));
        }
    }
    cases
}

/// Sends frames of random kinds, flags and figures to its parent, then dies.
#[expect(clippy::exit, reason = "this is how it dies")]
fn rave(seed: u64) -> Result<u32, JobError> {
    let mut random = Random(seed);
    for _ in 0..=random.below(3) {
        let mut frame = Header {
            flags: u8::try_from(random.below(16))?,
            body_len: u32::try_from(random.below(64))?,
            first: random.below(20),
            count: u32::try_from(random.below(3))?,
            busy_ns: random.next(),
            ..Header::new(Kind::Done)
        }
        .encode()
        .to_vec();
        // Any kind, or none.
        frame[2] = u8::try_from(random.below(10))?;
        let body = (0..u32::from_le_bytes([frame[4], frame[5], frame[6], frame[7]]))
            .map(|_| u8::try_from(random.below(4)).unwrap_or(0));
        frame.extend(body);
        crate::faults::send_raw(&frame);
    }
    std::process::exit(5)
}

/// splitmix64 (Steele, Lea and Flood 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}

/// Whatever a worker sends, its parent neither panics nor loses other tasks.
fn outlives_wild_workers(transport: Transport) {
    let pool = Pool::builder().workers(2).transport(transport).build().unwrap();
    for seed in 0..100 {
        let wild = pool.submit(rave, seed).unwrap();
        let tame = pool.submit(primes, (0, 100)).unwrap();
        assert_eq!(tame.result(None).unwrap(), 25);
        // A frame that happens to be a right answer is an answer.
        assert!(matches!(wild.result(None), Ok(_) | Err(PoolError::Task(_))));
    }
}

/// One storm for each way to run a pool.
pub(crate) fn storms() -> Vec<Trial> {
    let mut storms: Vec<Trial> = Vec::new();
    for transport in Transport::ALL {
        for method in StartMethod::ALL {
            storms.push(crate::trial(format!("storm::{transport}::{method}"), move || {
                storm(transport, method);
            }));
        }
    }
    storms
}
