//! The crash matrix: where a worker goes wrong × how × transport × start method, each with the
//! outcome that is expected.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use wordhash::pool::{Death, JobError, Pool, PoolError, StartMethod, TaskFailure, Transport};

use crate::Case;
use crate::faults::{How, OnRead, OnWrite};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Where {
    BeforeFirstFrame,
    ReadingTask,
    Working,
    WritingResult,
    Idle,
    Initializer,
    Shutdown,
}

const PLACES: [Where; 7] = [
    Where::BeforeFirstFrame,
    Where::ReadingTask,
    Where::Working,
    Where::WritingResult,
    Where::Idle,
    Where::Initializer,
    Where::Shutdown,
];

#[derive(Debug, PartialEq)]
enum Outcome {
    /// The pool is not built: the initializer says why.
    InitFailed,
    /// The pool is not built: its workers die.
    DiesAtStart(Death),
    /// The time limit ends the run.
    Stalled,
    /// Item 2 fails with this cause, all others have their results.
    ItemFails(TaskFailure),
    /// All items have their results.
    AllDone,
    /// All items have their results, and workers die when the pool ends.
    AllDoneThenDeath(Death),
}

/// The table.
fn expected(place: Where, how: How) -> Outcome {
    let killed = |death: Death| Outcome::ItemFails(TaskFailure::WorkerDied { death, deaths: 2 });
    match (place, how, how.death()) {
        (Where::BeforeFirstFrame | Where::Initializer, How::Err | How::Panic, _) => {
            Outcome::InitFailed
        }
        // Nobody reads what a dying worker returns; what it leaves is its exit status.
        (Where::Idle, How::Err | How::Panic, _) | (Where::Shutdown, How::Err, _) => {
            Outcome::AllDone
        }
        (Where::Shutdown, How::Panic, _) => Outcome::AllDoneThenDeath(Death::Exit(101)),
        (Where::Shutdown, How::Sigstop, _) => {
            Outcome::AllDoneThenDeath(Death::Signal(libc::SIGKILL))
        }
        (_, How::Sigstop, _) => Outcome::Stalled,
        (_, How::Err, _) => Outcome::ItemFails(TaskFailure::Failed(String::new())),
        (_, How::Panic, _) => Outcome::ItemFails(TaskFailure::Panicked(String::new())),
        (Where::BeforeFirstFrame | Where::Initializer, _, Some(death)) => {
            Outcome::DiesAtStart(death)
        }
        (Where::Idle, _, Some(_)) => Outcome::AllDone,
        (Where::Shutdown, _, Some(death)) => Outcome::AllDoneThenDeath(death),
        (_, _, Some(death)) => killed(death),
        (_, _, None) => unreachable!("all that a worker survives is above"),
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Plan {
    reading: OnRead,
    creating: Option<How>,
    dropping: Option<How>,
    idle: Option<(How, PathBuf)>,
}

pub(crate) struct Victim {
    dropping: Option<How>,
}

fn make_victim(plan: Plan) -> Result<Victim, JobError> {
    plan.creating.map_or(Ok(()), How::commit)?;
    if let Some((how, trigger)) = plan.idle {
        std::thread::spawn(move || {
            if chosen(&trigger) {
                let _ = how.commit();
            }
        });
    }
    Ok(Victim { dropping: plan.dropping })
}

/// Names the workers that are to go wrong while idle; those that replace them are not.
fn choose(trigger: &Path, pids: &[u32]) {
    let unfinished = trigger.with_extension("unfinished");
    std::fs::write(&unfinished, format!("{pids:?}")).unwrap();
    std::fs::rename(&unfinished, trigger).unwrap();
}

/// Waits until workers are named. Whether this is one of them.
fn chosen(trigger: &Path) -> bool {
    loop {
        if let Ok(pids) = std::fs::read_to_string(trigger) {
            let mut pids = pids.trim_matches(['[', ']']).split(", ");
            return pids.any(|pid| pid == std::process::id().to_string());
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        let _ = self.dropping.map_or(Ok(()), How::commit);
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Item {
    number: u32,
    reading: OnRead,
    working: Option<How>,
    writing: Option<How>,
}

#[expect(clippy::needless_pass_by_value, reason = "items are values")]
fn suffer(_: &mut Victim, item: Item) -> Result<(u32, OnWrite), JobError> {
    item.working.map_or(Ok(()), How::commit)?;
    Ok((item.number + 100, OnWrite(item.writing)))
}

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for place in PLACES {
        for how in How::ALL {
            for transport in Transport::ALL {
                for method in StartMethod::ALL {
                    cases.push(Case::new(
                        format!("matrix::{place:?}::{how:?}::{transport}::{method}"),
                        move || run(place, how, transport, method),
                    ));
                }
            }
        }
    }
    cases
}

fn run(place: Where, how: How, transport: Transport, method: StartMethod) {
    let mut expected = expected(place, how);
    if method == StartMethod::Fork && expected == Outcome::AllDoneThenDeath(Death::Exit(101)) {
        // A copy of the program does not end through `main`, whose status for a panic is 101.
        expected = Outcome::AllDoneThenDeath(Death::Exit(70));
    }
    let directory = tempfile::tempdir().unwrap();
    let trigger = directory.path().join("trigger");
    let only = |at: Where| (place == at).then_some(how);
    let plan = Plan {
        reading: OnRead(only(Where::BeforeFirstFrame)),
        creating: only(Where::Initializer),
        dropping: only(Where::Shutdown),
        idle: only(Where::Idle).map(|how| (how, trigger.clone())),
    };
    let limit = if how == How::Sigstop { 500 } else { 15_000 };
    // A worker that goes wrong while idle may just have been sent a task, which is blamed for it.
    let retries = if place == Where::Idle { 4 } else { 1 };
    let built = Pool::builder()
        .workers(2)
        .transport(transport)
        .start_method(method)
        .retries(retries)
        .progress_timeout(Some(Duration::from_millis(limit)))
        .context_with(plan, make_victim)
        .build();
    let pool = match built {
        Ok(pool) => pool,
        Err(error) => return check_not_built(&error, &expected),
    };
    if place == Where::Idle {
        let before = pool.pids();
        choose(&trigger, &before);
        if how.death().is_some() && how.death() != Some(Death::ClosedSocket) {
            wait_for_fault(&before, how);
        }
    }
    let items = (0..5).map(|number| {
        let only = |at| if number == 2 { only(at) } else { None };
        Item {
            number,
            reading: OnRead(only(Where::ReadingTask)),
            working: only(Where::Working),
            writing: only(Where::WritingResult),
        }
    });
    let results: Vec<_> = pool.map_with(suffer, items).collect();
    if expected == Outcome::Stalled && place == Where::Idle && results.len() == 5 {
        // The trigger may be seen only after all is done; then there was nothing to stall.
        return;
    }
    check_results(&results, &expected);
    check_reports(pool, &expected);
}

/// Until every worker is a zombie, or has said what it should not have.
fn wait_for_fault(pids: &[u32], how: How) {
    if matches!(how, How::GarbageFrame | How::GiantFrame) {
        return;
    }
    let state = |pid: &u32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit(") ").next().and_then(|rest| rest.chars().next())
    };
    while !pids.iter().all(|pid| state(pid) == Some('Z')) {
        std::thread::yield_now();
    }
}

fn check_not_built(error: &PoolError, expected: &Outcome) {
    match (error, expected) {
        (PoolError::InitFailed { message, .. }, Outcome::InitFailed) => {
            assert!(!message.is_empty());
        }
        (PoolError::Stalled { pids, .. }, Outcome::Stalled) => assert_eq!(pids.len(), 2),
        (PoolError::DiesAtStart { death, .. }, Outcome::DiesAtStart(expected)) => {
            assert_eq!(death, expected);
        }
        _ => panic!("expected {expected:?}, got {error}"),
    }
}

fn check_results(results: &[Result<(u32, OnWrite), PoolError>], expected: &Outcome) {
    if *expected == Outcome::Stalled {
        let last = results.last().unwrap();
        assert!(matches!(last, Err(PoolError::Stalled { .. })), "{results:?}");
        return;
    }
    assert_eq!(results.len(), 5, "{results:?}");
    for (number, result) in (0..).zip(results) {
        match (result, expected) {
            (Err(PoolError::Task(error)), Outcome::ItemFails(cause)) => {
                assert_eq!((number, error.task), (2, 2));
                match (&error.cause, cause) {
                    (TaskFailure::Failed(_), TaskFailure::Failed(_)) => {}
                    (TaskFailure::Panicked(message), TaskFailure::Panicked(_)) => {
                        assert!(message.starts_with("as asked ("), "{message}");
                    }
                    (cause, expected) => assert_eq!(cause, expected),
                }
            }
            (Ok((output, _)), Outcome::ItemFails(_)) => {
                assert_eq!(*output, number + 100);
                assert_ne!(number, 2);
            }
            (Ok((output, _)), Outcome::AllDone | Outcome::AllDoneThenDeath(_)) => {
                assert_eq!(*output, number + 100);
            }
            _ => panic!("expected {expected:?}, got {result:?}"),
        }
    }
}

fn check_reports(pool: Pool<Victim>, expected: &Outcome) {
    let reports = pool.shutdown();
    match expected {
        Outcome::AllDoneThenDeath(death) => {
            assert_eq!(reports.len(), 2);
            assert!(
                reports.iter().all(|report| report.death.as_ref() == Some(death)),
                "{reports:?}"
            );
        }
        Outcome::ItemFails(TaskFailure::WorkerDied { death, .. }) => {
            let deaths = reports.iter().filter(|report| report.death.as_ref() == Some(death));
            let deaths = deaths.count();
            // Two more where the task was not alone when its first workers died: its batch, of five
            // tasks at most, was retried in groups of two, then one by one.
            assert!((2..=4).contains(&deaths), "{reports:?}");
        }
        _ => {}
    }
}
