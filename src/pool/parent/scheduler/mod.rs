//! The parent's loop: who gets which tasks, and what happens when a worker dies.
//!
//! There is no thread behind it: [`Scheduler::turn`] does what is to do now, and in between nothing
//! happens in the parent, while workers do what they were given. A turn's work is in proportion to
//! what is ready, not to the number of workers. It knows nothing of what tasks are, where they come
//! from or how a worker is started.

use std::collections::VecDeque;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::batch::Batch;
use super::batch_size::BatchSize;
use super::client::{Client, NoTasks};
use super::launch::Launcher;
use super::loop_state::LoopState;
use super::oom::OomWatch;
use super::poller::{Found, Key, Poller, Source};
use super::report::WorkerReport;
use super::worker_handle::{ReceiveError, Stage, WorkerHandle};
use crate::os::interrupt::Interrupt;
use crate::pool::error::{Death, PoolError, TaskFailure};
use crate::pool::protocol::code::CodePlace;

mod deadlines;
mod dispatch;
mod ending;
mod recovery;
mod table;

use deadlines::Deadlines;
use table::Table;

/// What a pool was built with that its loop goes by.
#[derive(Debug)]
pub(in crate::pool) struct Limits {
    pub(in crate::pool) retries: u32,
    pub(in crate::pool) max_tasks_per_worker: Option<u64>,
    pub(in crate::pool) progress_timeout: Option<Duration>,
    pub(in crate::pool) task_timeout: Option<Duration>,
    pub(in crate::pool) max_tasks_out: usize,
    pub(in crate::pool) max_output_bytes: usize,
    pub(in crate::pool) interrupt: Option<Arc<Interrupt>>,
}

/// How long one turn of the loop may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::pool) enum Wait {
    /// Not at all.
    No,
    /// Until something happens.
    ForEvent,
    /// Until something happens or this time comes.
    Until(Instant),
}

/// Workers that are started at once. Of many, the others are started when the first one is ready,
/// between its tasks: all at once would share the processors with it.
const LAUNCHED_AT_ONCE: usize = 4;

/// How long the first workers may take to be ready before the others are started. Where a context
/// takes long to make, all should make theirs at the same time.
const HEAD_START: Duration = Duration::from_millis(10);

#[derive(Debug)]
pub(in crate::pool) struct Scheduler {
    launcher: Launcher,
    limits: Limits,
    poller: Poller,
    found: Found,
    workers: Table,
    /// How many there should be.
    wanted: usize,
    /// Workers that hold nothing; those at the end go first, their caches are warm.
    idle: Vec<Key>,
    /// Workers that hold one batch, behind which another may wait.
    second: VecDeque<Key>,
    /// Tasks of dead workers, given out before any others.
    retry_queue: VecDeque<Batch>,
    state: LoopState,
    next_task: u64,
    reports: Vec<WorkerReport>,
    idle_deaths: u32,
    last_progress: Instant,
    deadlines: Deadlines,
    oom: OomWatch,
    /// No worker is replaced any more.
    ending: bool,
    closed: Option<String>,
}

impl Scheduler {
    /// Starts workers and waits until one of them is ready. The others start as the loop is turned.
    pub(in crate::pool) fn start(launcher: Launcher, limits: Limits) -> Result<Self, PoolError> {
        launcher.check_limits()?;
        let interrupt = limits.interrupt.as_ref().map(|interrupt| interrupt.descriptor());
        let poller = Poller::new(interrupt).map_err(|source| launcher.start_error(1, source))?;
        let mut scheduler = Self {
            workers: Table::default(),
            wanted: launcher.workers.min(LAUNCHED_AT_ONCE),
            idle: Vec::new(),
            second: VecDeque::new(),
            retry_queue: VecDeque::new(),
            state: LoopState::new(limits.max_output_bytes),
            next_task: 0,
            reports: Vec::new(),
            idle_deaths: 0,
            last_progress: Instant::now(),
            deadlines: Deadlines::default(),
            oom: OomWatch::new(),
            found: Found::default(),
            ending: false,
            closed: None,
            poller,
            launcher,
            limits,
        };
        let head_start = Instant::now() + HEAD_START;
        while scheduler.workers.ready() == 0 {
            let late = scheduler.wanted == scheduler.launcher.workers;
            let wait = if late { Wait::ForEvent } else { Wait::Until(head_start) };
            scheduler.turn(&mut NoTasks, wait)?;
            if Instant::now() >= head_start {
                scheduler.wanted = scheduler.launcher.workers;
            }
        }
        scheduler.wanted = scheduler.launcher.workers;
        Ok(scheduler)
    }

    /// Tasks given out and not answered.
    pub(in crate::pool) fn tasks_out(&self) -> usize {
        self.state.tasks_out
    }

    /// The number that the next task will have.
    pub(in crate::pool) fn next_task(&self) -> u64 {
        self.next_task
    }

    /// Has tasks numbered from 0 again. Nothing may be out.
    pub(in crate::pool) fn restart_numbers(&mut self) {
        debug_assert_eq!(self.state.tasks_out, 0);
        self.next_task = 0;
    }

    /// The processes at work, or ready to be.
    pub(in crate::pool) fn pids(&self) -> Vec<u32> {
        let workers = self.workers.iter().filter(|worker| worker.stage != Stage::Dying);
        workers.map(WorkerHandle::pid).collect()
    }

    /// The number by which tasks name the function at this place.
    pub(in crate::pool) fn job_number(&mut self, place: CodePlace) -> u32 {
        self.state.job_number(place)
    }

    /// Tasks of this job may be of another size from now on.
    pub(in crate::pool) fn forget_batch_size(&mut self, job: u32) {
        *self.state.size_of_mut(job) = BatchSize::default();
    }

    /// Why there are no workers any more.
    pub(in crate::pool) fn closed(&self) -> Option<&str> {
        self.closed.as_deref()
    }

    /// The most tasks that may be out.
    pub(in crate::pool) fn max_tasks_out(&self) -> usize {
        self.limits.max_tasks_out
    }

    /// The descriptor that is readable when a turn has something to do.
    pub(in crate::pool) fn descriptor(&self) -> Rc<OwnedFd> {
        self.poller.descriptor()
    }

    /// One turn: gives out what can be given, waits for something to happen, acts on it, and gives
    /// out again. An error closes the pool.
    pub(in crate::pool) fn turn<C: Client>(
        &mut self,
        client: &mut C,
        wait: Wait,
    ) -> Result<(), PoolError> {
        if let Some(reason) = &self.closed {
            return Err(PoolError::Closed(reason.clone()));
        }
        let result = self.try_turn(client, wait);
        if let Err(error) = &result {
            self.kill(&error.to_string());
        }
        result
    }

    fn try_turn<C: Client>(&mut self, client: &mut C, wait: Wait) -> Result<(), PoolError> {
        if self.state.tasks_out == 0 {
            // A worker that died with nothing to do must not be given a task and blame it.
            self.handle_events(client, Wait::No)?;
        }
        self.dispatch(client)?;
        self.handle_events(client, wait)?;
        self.dispatch(client)
    }

    /// Waits for something to happen and acts on it.
    fn handle_events<C: Client>(&mut self, client: &mut C, wait: Wait) -> Result<(), PoolError> {
        self.check_interrupt()?;
        // Starting a worker takes longer than looking for answers: between two of them, the workers
        // that are ready are served.
        let more_missing = self.launch_missing()?;
        self.wait(if more_missing { Wait::No } else { wait })?;
        let mut found = std::mem::take(&mut self.found);
        for (key, source) in found.workers.drain(..) {
            match source {
                Source::Socket { readable, writable } => {
                    self.handle_socket(key, readable, writable, client)?;
                }
                Source::Process => self.handle_end(key, client)?,
            }
        }
        let deadline = found.deadline;
        self.found = found;
        self.check_interrupt()?;
        if deadline { self.check_deadlines() } else { Ok(()) }
    }

    fn check_interrupt(&self) -> Result<(), PoolError> {
        match self.limits.interrupt.as_ref().and_then(|interrupt| interrupt.pending()) {
            Some(signal) => Err(PoolError::Interrupted { signal }),
            None => Ok(()),
        }
    }

    fn wait(&mut self, wait: Wait) -> Result<(), PoolError> {
        let system = |source| PoolError::System { what: "cannot wait for its workers", source };
        let next = self.next_deadline();
        if let Some(deadline) = next {
            self.poller.wake_at(deadline).map_err(system)?;
        }
        let timeout = match wait {
            Wait::No => Some(Duration::ZERO),
            // No worker owes anything: nothing would ever come.
            _ if !self.expects_something() => Some(Duration::ZERO),
            Wait::ForEvent => None,
            Wait::Until(time) => Some(time.saturating_duration_since(Instant::now())),
        };
        let may_sleep = timeout != Some(Duration::ZERO);
        let begin = may_sleep.then(Instant::now);
        self.poller.wait(timeout, &mut self.found).map_err(system)?;
        if let (Some(begin), Some(next)) = (begin, next) {
            self.forgive_suspension(begin, next);
        }
        Ok(())
    }

    /// Whether a worker owes an answer, or its end.
    fn expects_something(&self) -> bool {
        self.state.tasks_out > 0 || self.workers.ready() < self.workers.len()
    }

    /// Reads what a worker sent, and sends what its socket takes now.
    fn handle_socket<C: Client>(
        &mut self,
        key: Key,
        readable: bool,
        writable: bool,
        client: &mut C,
    ) -> Result<(), PoolError> {
        if self.workers.get_mut(key).is_none_or(|worker| worker.disconnected) {
            return Ok(());
        }
        if writable {
            self.workers.expect(key).send();
        }
        if readable {
            self.receive(key, client)?;
        }
        self.offer(key);
        Ok(())
    }

    /// Reads once. Whether anything came.
    fn receive<C: Client>(&mut self, key: Key, client: &mut C) -> Result<bool, PoolError> {
        let before = self.state.tasks_out;
        let worker = self.workers.expect(key);
        let stage = worker.stage;
        let received = worker.receive(client, &mut self.state);
        let (disconnected, now) = (worker.disconnected, worker.stage);
        self.workers.note_stage(stage, now);
        if self.state.tasks_out < before {
            self.idle_deaths = 0;
        }
        match received {
            Ok(came) => {
                if came && self.limits.progress_timeout.is_some() {
                    self.last_progress = Instant::now();
                }
                if disconnected {
                    self.disconnect(key);
                }
                return Ok(came);
            }
            Err(ReceiveError::Run(error)) => return Err(error),
            Err(ReceiveError::Worker(death)) => self.condemn(key, Some(death), None),
            Err(ReceiveError::OutputTooLong) => {
                let limit = self.limits.max_output_bytes;
                self.condemn(key, None, Some(TaskFailure::OutputTooLong { limit }));
            }
        }
        Ok(false)
    }

    /// A worker's process has ended: its last words are read to the end.
    fn handle_end<C: Client>(&mut self, key: Key, client: &mut C) -> Result<(), PoolError> {
        loop {
            match self.workers.get_mut(key) {
                None => return Ok(()),
                Some(worker) if worker.disconnected => break,
                Some(_) => {}
            }
            if !self.receive(key, client)? {
                break;
            }
        }
        self.reap_worker(key, client)
    }

    /// Asks the poller for room in the socket exactly while something waits to be sent.
    fn watch_room(&mut self, key: Key) {
        let worker = self.workers.expect(key);
        let wanted = worker.wants_to_send();
        if wanted != worker.watching_room {
            worker.watching_room = wanted;
            self.poller.watch_room(key, worker.socket(), wanted);
        }
    }

    /// Starts one worker if there are fewer than there should be. Whether more are missing.
    fn launch_missing(&mut self) -> Result<bool, PoolError> {
        let alive = self.workers.alive();
        if self.ending || alive >= self.wanted {
            return Ok(false);
        }
        if !self.expects_something() {
            self.last_progress = Instant::now();
        }
        let worker = self.launcher.launch(alive + 1)?;
        let key = self.workers.insert(worker);
        let worker = self.workers.expect(key);
        let watched = self.poller.add(key, worker.socket(), worker.process().descriptor());
        watched.map_err(|source| self.launcher.start_error(alive + 1, source))?;
        self.watch_room(key);
        Ok(alive + 1 < self.wanted)
    }

    /// What every worker did that has ended.
    pub(in crate::pool) fn take_reports(&mut self) -> Vec<WorkerReport> {
        std::mem::take(&mut self.reports)
    }

    /// A worker is of no use any more: ends it, for a reason that is its own or that of its front
    /// task. Its tasks are given out again when it has ended, so that no two processes ever work on
    /// one.
    fn condemn(&mut self, key: Key, death: Option<Death>, verdict: Option<TaskFailure>) {
        self.disconnect(key);
        let worker = self.workers.expect(key);
        worker.death = death;
        worker.verdict = verdict;
        worker.process().signal(Signal::KILL);
    }
}
