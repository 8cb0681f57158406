//! The parent's loop: who gets which tasks, and what happens when a worker dies.
//!
//! There is no thread behind it. Whoever wants results turns the loop by [`Scheduler::pump`]; in
//! between nothing happens in the parent, and workers do what they were given. It knows nothing of
//! what tasks are, where they come from or how a worker is started.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::Signal;

use super::batch::{Batch, Pace};
use super::error::{PoolError, TaskFailure};
use super::launch::Launcher;
use super::member::{Client, Ledger, Member, Stage, Trouble};
use super::oom::OomWatch;
use super::report::WorkerReport;
use crate::os::interrupt::Interrupt;

mod deal;
mod deaths;

/// What a pool was built with that its loop goes by.
#[derive(Debug)]
pub(super) struct Limits {
    pub(super) retries: u32,
    pub(super) max_tasks_per_worker: Option<u64>,
    pub(super) progress_timeout: Option<Duration>,
    pub(super) max_tasks_out: usize,
    pub(super) interrupt: Option<Arc<Interrupt>>,
}

/// How long one turn of the loop may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    /// Not at all.
    No,
    /// Until something happens.
    ForEvent,
    /// Until something happens or this time comes.
    Until(Instant),
}

/// What poll said of one member.
#[derive(Clone, Copy, Debug, Default)]
struct Event {
    readable: bool,
    writable: bool,
    ended: bool,
}

#[derive(Debug)]
pub(super) struct Scheduler {
    launcher: Launcher,
    limits: Limits,
    members: Vec<Member>,
    /// Tasks of dead workers, to be given out before any others.
    again: VecDeque<Batch>,
    ledger: Ledger,
    next_task: u64,
    reports: Vec<WorkerReport>,
    idle_deaths: u32,
    last_progress: Instant,
    oom: OomWatch,
    events: Vec<Event>,
    /// No worker is replaced any more.
    ending: bool,
    closed: Option<String>,
}

impl Scheduler {
    /// Starts all workers and waits until they are ready. `jobs` is how many jobs there are.
    pub(super) fn start(
        launcher: Launcher,
        limits: Limits,
        jobs: usize,
    ) -> Result<Self, PoolError> {
        launcher.check_limits()?;
        let mut scheduler = Self {
            members: Vec::with_capacity(launcher.workers),
            launcher,
            limits,
            again: VecDeque::new(),
            ledger: Ledger::new(jobs),
            next_task: 0,
            reports: Vec::new(),
            idle_deaths: 0,
            last_progress: Instant::now(),
            oom: OomWatch::new(),
            events: Vec::new(),
            ending: false,
            closed: None,
        };
        scheduler.fill_up()?;
        while scheduler.members.iter().any(|member| member.stage == Stage::Starting) {
            scheduler.pump(&mut Nobody, Wait::ForEvent)?;
        }
        Ok(scheduler)
    }

    /// Tasks given out and not answered.
    pub(super) fn tasks_out(&self) -> usize {
        self.ledger.tasks_out
    }

    /// The number that the next task will have.
    pub(super) fn next_task(&self) -> u64 {
        self.next_task
    }

    /// The processes at work, or ready to be.
    pub(super) fn pids(&self) -> Vec<u32> {
        self.members.iter().map(Member::pid).collect()
    }

    /// Tasks of this job may be of another size from now on.
    pub(super) fn forget_pace(&mut self, job: u32) {
        self.ledger.paces[job as usize] = Pace::default();
    }

    /// Why there are no workers any more.
    pub(super) fn closed(&self) -> Option<&str> {
        self.closed.as_deref()
    }

    /// The most tasks that may be out.
    pub(super) fn max_tasks_out(&self) -> usize {
        self.limits.max_tasks_out
    }

    /// One turn: gives out what can be given, waits for something to happen, acts on it, and gives
    /// out again. An error closes the pool.
    pub(super) fn pump<C: Client>(&mut self, client: &mut C, wait: Wait) -> Result<(), PoolError> {
        if let Some(reason) = &self.closed {
            return Err(PoolError::Closed(reason.clone()));
        }
        let result = self.turn(client, wait);
        if let Err(error) = &result {
            self.kill(&error.to_string());
        }
        result
    }

    fn turn<C: Client>(&mut self, client: &mut C, wait: Wait) -> Result<(), PoolError> {
        if self.ledger.tasks_out == 0 {
            // Whoever died with nothing to do must not be given a task and blame it.
            self.look(client, Wait::No)?;
        }
        self.hand_out(client)?;
        self.look(client, wait)?;
        self.hand_out(client)
    }

    /// Waits for something to happen and acts on it.
    fn look<C: Client>(&mut self, client: &mut C, wait: Wait) -> Result<(), PoolError> {
        self.check_interrupt()?;
        // One may have been found out while tasks were given out: without a worker there is
        // nothing to wait for.
        self.fill_up()?;
        self.wait(wait)?;
        for index in (0..self.events.len()).rev() {
            self.attend(index, client)?;
        }
        self.check_interrupt()?;
        self.check_progress()?;
        self.retire();
        self.fill_up()
    }

    fn check_interrupt(&self) -> Result<(), PoolError> {
        match self.limits.interrupt.as_ref().and_then(|interrupt| interrupt.pending()) {
            Some(signal) => Err(PoolError::Interrupted { signal }),
            None => Ok(()),
        }
    }

    /// Waits on all sockets, all processes and the interrupt.
    fn wait(&mut self, wait: Wait) -> Result<(), PoolError> {
        let timeout = self.timeout(wait);
        let mut waited = Vec::with_capacity(2 * self.members.len() + 1);
        for member in &self.members {
            let mut flags = PollFlags::empty();
            if !member.hung_up {
                flags |= PollFlags::IN;
            }
            if member.wants_to_send() {
                flags |= PollFlags::OUT;
            }
            waited.push(PollFd::from_borrowed_fd(member.socket(), flags));
            waited.push(PollFd::from_borrowed_fd(member.process().descriptor(), PollFlags::IN));
        }
        if let Some(interrupt) = &self.limits.interrupt {
            waited.push(PollFd::from_borrowed_fd(interrupt.descriptor(), PollFlags::IN));
        }
        match poll(&mut waited, timeout.as_ref()) {
            // A signal's handler ran: the caller looks at the interrupt next.
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => {
                let what = "cannot wait for its workers";
                return Err(PoolError::System { what, source: error.into() });
            }
        }
        self.events.clear();
        self.events.extend(waited.chunks_exact(2).take(self.members.len()).map(|pair| Event {
            readable: pair[0].revents().intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR),
            writable: pair[0].revents().contains(PollFlags::OUT),
            ended: !pair[1].revents().is_empty(),
        }));
        Ok(())
    }

    fn timeout(&self, wait: Wait) -> Option<Timespec> {
        let until = match wait {
            Wait::No => return Some(Timespec::default()),
            // Nobody owes anything: nothing would ever come.
            _ if !self.expects_something() => return Some(Timespec::default()),
            Wait::ForEvent => None,
            Wait::Until(time) => Some(time),
        };
        let stalled =
            self.limits.progress_timeout.and_then(|limit| self.last_progress.checked_add(limit));
        let first = [until, stalled].into_iter().flatten().min()?;
        let left = first.saturating_duration_since(Instant::now());
        Timespec::try_from(left).ok()
    }

    /// Whether a worker owes an answer.
    fn expects_something(&self) -> bool {
        self.ledger.tasks_out > 0 || self.members.iter().any(|member| member.stage != Stage::Ready)
    }

    /// Acts on what happened to one member.
    fn attend<C: Client>(&mut self, index: usize, client: &mut C) -> Result<(), PoolError> {
        let event = self.events[index];
        if event.writable {
            self.members[index].send();
        }
        let mut readable = event.readable || event.ended;
        while readable && !self.members[index].hung_up {
            let before = self.ledger.tasks_out;
            match self.members[index].receive(client, &mut self.ledger) {
                Ok(came) => {
                    if came && self.limits.progress_timeout.is_some() {
                        self.last_progress = Instant::now();
                    }
                    if self.ledger.tasks_out < before {
                        self.idle_deaths = 0;
                    }
                    // The last words of one that ended are read to the end.
                    readable = came && event.ended;
                }
                Err(Trouble::Run(error)) => return Err(error),
                Err(Trouble::Worker(death)) => return self.bury(index, Some(death), client),
            }
        }
        if event.ended || self.members[index].hung_up {
            return self.bury(index, None, client);
        }
        Ok(())
    }

    fn check_progress(&self) -> Result<(), PoolError> {
        let Some(after) = self.limits.progress_timeout else { return Ok(()) };
        if !self.expects_something() || self.last_progress.elapsed() < after {
            return Ok(());
        }
        let owing = self
            .members
            .iter()
            .filter(|member| member.stage != Stage::Ready || !member.held.is_empty());
        let tasks = self.members.iter().filter_map(|member| member.held.front());
        Err(PoolError::Stalled {
            after,
            task: tasks.map(|batch| batch.next).min(),
            pids: owing.map(Member::pid).collect(),
        })
    }

    /// Asks workers that had their share of tasks to leave.
    fn retire(&mut self) {
        let Some(max) = self.limits.max_tasks_per_worker else { return };
        for member in &mut self.members {
            if member.stage == Stage::Ready && member.tasks_given >= max && member.held.is_empty() {
                member.ask_to_leave();
            }
        }
    }

    /// Starts workers until there are as many as there should be.
    fn fill_up(&mut self) -> Result<(), PoolError> {
        if self.ending {
            return Ok(());
        }
        let mut alive = self.members.iter().filter(|member| member.stage != Stage::Leaving).count();
        while alive < self.launcher.workers {
            alive += 1;
            if !self.expects_something() {
                self.last_progress = Instant::now();
            }
            self.members.push(self.launcher.launch(alive)?);
        }
        Ok(())
    }

    /// Asks all workers to leave and waits until they have. Nothing may be out. A worker that does
    /// not go in time, if there is a time limit, is killed.
    pub(super) fn finish(&mut self) {
        self.ending = true;
        self.last_progress = Instant::now();
        while !self.members.is_empty() {
            for member in &mut self.members {
                if member.stage == Stage::Ready && member.held.is_empty() {
                    member.ask_to_leave();
                }
            }
            if self.pump(&mut Nobody, Wait::ForEvent).is_err() {
                break;
            }
        }
        self.kill("it was shut down");
    }

    /// Asks all workers to end by SIGTERM and gives them a moment, then kills them.
    pub(super) fn terminate(&mut self, grace_ms: u32) {
        for member in &self.members {
            member.process().signal(Signal::TERM);
        }
        let end = Instant::now() + Duration::from_millis(grace_ms.into());
        for member in &self.members {
            let left = end.saturating_duration_since(Instant::now()).as_millis();
            member.process().ends_within(u32::try_from(left).unwrap_or(grace_ms));
        }
        self.kill("its workers were terminated");
    }

    /// Kills all workers and waits for them: no process is left when this returns.
    pub(super) fn kill(&mut self, reason: &str) {
        self.ending = true;
        for member in &self.members {
            member.process().signal(Signal::KILL);
        }
        for member in self.members.drain(..) {
            self.reports.push(member.end(None));
        }
        self.again.clear();
        self.ledger.tasks_out = 0;
        self.closed.get_or_insert_with(|| reason.to_owned());
    }

    /// What every worker did that has ended.
    pub(super) fn take_reports(&mut self) -> Vec<WorkerReport> {
        std::mem::take(&mut self.reports)
    }
}

/// A client with no tasks.
pub(super) struct Nobody;

impl Client for Nobody {
    fn next_job(&mut self) -> Option<u32> {
        None
    }

    fn next_task(&mut self, _: &mut Vec<u8>) -> bool {
        false
    }

    fn piece(&mut self, _: u64, _: &[u8], _: usize, _: &[u8]) {}

    fn done(&mut self, _: u64, _: &[u8]) {}

    fn failed(&mut self, _: u64, _: u32, _: TaskFailure) -> Result<(), PoolError> {
        Ok(())
    }
}
