//! One run of one configuration, as every rank goes through it.

mod results;

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::time::Duration;

use super::hashers::{Hasher, Job, Level, Queue};
use super::outgoing::Outgoing;
use super::share::Share;
use super::tasks::{Batch, Tasks};
use super::{Failure, MpiError, Place, Ranks, SharedList, Work};
use crate::backend::{Around, BackendError, Checksum, Span, WorkerRecord};
use crate::known::{self, KnownError};
use crate::os::peak_memory::Peak;
use crate::sha512::Engine;

/// How many digests the areas of one thread hold together: 128 MiB, or 64 MiB with more threads.
/// The more, the fewer and longer are the messages.
fn outgoing_digests(threads: NonZeroUsize) -> usize {
    if threads.get() == 1 { 2 << 20 } else { 1 << 20 }
}

/// All ranks meet after so many words: half of what their areas hold, so that one rank can be twice
/// as fast as the others before it has to wait for them.
fn stretch_words(ranks: usize, threads: NonZeroUsize) -> usize {
    (outgoing_digests(threads) / 2).saturating_mul(threads.get()).saturating_mul(ranks)
}

/// Added to the counter, this leaves nobody a task.
const BEYOND_ALL_TASKS: u64 = 1 << 56;

/// How often a rank looks after the others while its threads hash. To look takes some microseconds
/// of a core that a thread could have.
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(2);

/// How often rank 0 does that where a rank of another machine may want to draw a number: between
/// machines, a one-sided call often is a message that MPI answers when it is called.
pub(super) const ANSWER_EVERY: Duration = Duration::from_micros(200);

/// What rank 0 has ordered.
#[derive(Clone, Copy)]
pub(super) struct Orders {
    pub(super) work: Work,
    pub(super) recorded: bool,
    /// What the counter stood at before the run.
    pub(super) first_number: u64,
}

/// What a run gives rank 0. The times of the other ranks are their own.
#[derive(Debug)]
pub struct Spread {
    /// When the run began, as its clock showed it.
    pub begun: Duration,
    /// The parts of the run in their order: `start`, then `map` and `exchange` in turns, `set`.
    pub phases: Vec<(&'static str, Duration, Duration)>,
    /// How many different digests there were.
    pub distinct: usize,
    /// The checksum of all digests, which is taken while they are hashed.
    pub checksum: Checksum,
    /// How many tasks there were.
    pub tasks: usize,
    /// What each rank did, in their order.
    pub ranks: Vec<RankRecord>,
    /// Who worked when, where that was recorded: the times of all ranks begin together.
    pub spans: Vec<Span>,
}

/// What a rank did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RankRecord {
    /// Which rank, on which machine.
    pub place: Place,
    /// The process, and the work of its threads together.
    pub worker: WorkerRecord,
}

impl Spread {
    /// How long all phases of this name took; `None` where there were none.
    #[must_use]
    pub fn part(&self, name: &str) -> Option<Duration> {
        let of_name = self.phases.iter().filter(|(phase, ..)| *phase == name);
        of_name.map(|(_, begin, end)| end.saturating_sub(*begin)).reduce(|one, other| one + other)
    }

    /// From the begin to the end.
    #[must_use]
    pub fn total(&self) -> Duration {
        let end = self.phases.last().map_or(self.begun, |(_, _, end)| *end);
        end.saturating_sub(self.begun)
    }
}

/// Does this rank's part of a run that began at `begun`.
pub(super) fn run(
    ranks: &Ranks,
    list: &SharedList,
    orders: &Orders,
    around: &Around<'_>,
    begun: Duration,
) -> Result<Spread, MpiError> {
    let peak = Peak::begin();
    let cpu = cpu_time();
    let mut course = Course::new(ranks, list, orders, around, begun)?;
    if let Err(error) = course.map_and_exchange() {
        if ranks.is_broken() {
            // Digests may be under way that MPI still reads or writes.
            std::mem::forget(course);
        }
        return Err(error);
    }
    let distinct = course.count()?;
    let end = around.clock.now();
    course.phase("set", end);
    let records = course.records(&peak, cpu)?;
    let (tally, checksum, tasks) = course.sums()?;
    if tally != list.tally {
        return Err(MpiError::Changed);
    }
    let spans = if orders.recorded { course.all_spans()? } else { Vec::new() };
    Ok(Spread { begun, phases: course.phases, distinct, checksum, tasks, ranks: records, spans })
}

/// A run on its way.
struct Course<'a> {
    ranks: &'a Ranks,
    around: &'a Around<'a>,
    job: Job<'a>,
    threads: NonZeroUsize,
    tasks: Tasks,
    /// What the counter stood at before the run.
    first_number: u64,
    hashers: Vec<Hasher>,
    share: Share,
    /// Tasks that were drawn and nobody began.
    waiting: VecDeque<Batch>,
    /// Tasks that were drawn and belong to a later stretch.
    ahead: Option<Batch>,
    /// The counter has no more tasks.
    drawn_all: bool,
    /// The words of the last tasks that were drawn.
    last_drawn: Option<Range<usize>>,
    phases: Vec<(&'static str, Duration, Duration)>,
    started: Duration,
    shown_words: usize,
}

impl<'a> Course<'a> {
    fn new(
        ranks: &'a Ranks,
        list: &'a SharedList,
        orders: &Orders,
        around: &'a Around<'a>,
        begun: Duration,
    ) -> Result<Self, MpiError> {
        let Work { engine, rounds, threads, chunksize } = orders.work;
        let job = Job {
            list: &list.file,
            index: &list.index,
            engine: Engine::forced(engine).unwrap_or_else(Engine::detect),
            rounds,
            recorded: orders.recorded,
            clock: around.clock,
            rank: ranks.rank(),
        };
        let room = room(ranks.size(), threads, list.index.words());
        let room = room.map_err(|error| Failure::Failed(error.to_string()));
        let (hashers, share) = ranks.agreed(room, around.interrupt)?;
        let started = around.clock.now();
        let workers = threads.saturating_mul(NonZeroUsize::new(ranks.size()).unwrap_or(threads));
        Ok(Self {
            ranks,
            around,
            job,
            threads,
            tasks: Tasks::new(chunksize, list.words(), workers, rounds),
            first_number: orders.first_number,
            hashers,
            share,
            waiting: VecDeque::new(),
            ahead: None,
            drawn_all: false,
            last_drawn: None,
            phases: vec![("start", begun, started)],
            started,
            shown_words: 0,
        })
    }

    /// The phase that has just come to its end.
    fn phase(&mut self, name: &'static str, end: Duration) {
        let begin = self.phases.last().map_or(self.started, |(_, _, end)| *end);
        self.phases.push((name, begin, end));
    }

    fn map_and_exchange(&mut self) -> Result<(), MpiError> {
        let stretch = stretch_words(self.ranks.size(), self.threads);
        let mut limit = stretch;
        loop {
            let mapped = self.map(limit)?;
            let done = mapped.is_ok() && self.is_done_but_for_sending();
            let left = self.ranks.meet(mapped.err().as_ref(), u64::from(!done))?;
            let end = self.around.clock.now();
            self.phase("map", end);
            for number in 0..self.hashers.len() {
                self.exchange(number)?;
            }
            // What had found no room in the areas has it now, and is still to be sent.
            let full = self.hashers.iter().any(|hasher| !hasher.is_done());
            let still = self.ranks.meet(None, u64::from(full))?;
            let end = self.around.clock.now();
            self.phase("exchange", end);
            if left.iter().chain(&still).all(|&some| some == 0) {
                return Ok(());
            }
            limit = limit.saturating_add(stretch);
        }
    }

    /// Whether nothing is left but what is in the areas.
    fn is_done_but_for_sending(&self) -> bool {
        self.drawn_all && self.waiting.is_empty() && self.hashers.iter().all(|h| !h.holds_tasks())
    }

    /// Hashes tasks that begin before word `limit`, as many as this rank gets and has room for.
    fn map(&mut self, limit: usize) -> Result<Result<(), Failure>, MpiError> {
        let mut queue = std::mem::take(&mut self.waiting);
        if self.ahead.as_ref().is_some_and(|batch| batch.words.start < limit) {
            queue.extend(self.ahead.take());
        }
        let queue = Queue::new(queue, self.hashers.len());
        let mut hashers = std::mem::take(&mut self.hashers);
        let job = self.job;
        let worked = std::thread::scope(|scope| {
            let threads: Vec<_> = hashers
                .iter_mut()
                .map(|hasher| scope.spawn(|| hasher.work(&job, &queue)))
                .collect();
            let fed = self.feed(&queue, limit);
            if fed.is_err() {
                queue.stop();
            }
            let ends = threads.into_iter().map(|thread| {
                thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            });
            let ends: Vec<_> = ends.collect();
            fed.map(|()| ends.into_iter().collect::<Result<(), _>>())
        });
        self.hashers = hashers;
        self.waiting = queue.into_left();
        let worked = worked?.map_err(Failure::of);
        let interrupted = self.around.interrupt.pending().map(Failure::Interrupted);
        let fared = interrupted.map_or(worked, Err);
        if fared.is_err() {
            self.leave_nobody_a_task()?;
        }
        Ok(fared)
    }

    /// Keeps the queue filled until all threads have ended.
    fn feed(&mut self, queue: &Queue, limit: usize) -> Result<(), MpiError> {
        let wire = &self.ranks.wire;
        let mut counter = self.ranks.counter.borrow_mut();
        let look_every = self.ranks.look_every();
        let mut refill_to = 0;
        loop {
            let (low, high) = self.at_hand();
            let Level { waiting, idle, working } = queue.level(low);
            if working == 0 {
                return Ok(());
            }
            if waiting < low {
                refill_to = high;
            } else if waiting >= refill_to {
                refill_to = 0;
            }
            if self.around.interrupt.pending().is_some() {
                queue.stop();
            }
            if self.drawn_all || self.ahead.is_some() {
                queue.close();
            } else if waiting < idle.max(refill_to) && !counter.is_adding() {
                counter.begin_adding(wire, 1)?;
            }
            if let Some(number) = counter.found(wire)? {
                match self.tasks.batch(number.saturating_sub(self.first_number)) {
                    None => self.drawn_all = true,
                    Some(batch) if batch.words.start >= limit => self.ahead = Some(batch),
                    Some(batch) => {
                        // Tasks are drawn in their order, whoever draws them.
                        let shown = batch.words.start.saturating_sub(self.shown_words);
                        (self.around.progress)(shown);
                        self.shown_words += shown;
                        self.last_drawn = Some(batch.words.clone());
                        queue.push(batch);
                    }
                }
                continue;
            }
            wire.beat()?;
            if counter.is_adding() {
                std::thread::yield_now();
            } else {
                queue.wait_for_change(look_every);
            }
        }
    }

    /// When fewer tasks than the first number wait for a thread of this rank, more are drawn, up to
    /// the second: the main thread wakes up once for several. None are drawn ahead where they might
    /// be missed elsewhere: near the end of the list, and when there are few tasks.
    fn at_hand(&self) -> (usize, usize) {
        let threads = self.threads.get();
        let words = usize::try_from(self.job.index.words()).unwrap_or(usize::MAX);
        let Some(last) = &self.last_drawn else { return (0, 0) };
        let left = words.saturating_sub(last.end);
        let of_each = last.len().saturating_mul(threads).saturating_mul(self.ranks.size());
        match left / of_each.max(1) {
            0..4 => (0, 0),
            4..16 => (threads, threads),
            _ => (threads, 4 * threads),
        }
    }

    /// After an error of this rank: the others need not go on.
    fn leave_nobody_a_task(&self) -> Result<(), MpiError> {
        let wire = &self.ranks.wire;
        let mut counter = self.ranks.counter.borrow_mut();
        while counter.is_adding() {
            counter.found(wire)?;
            wire.beat()?;
        }
        counter.add(wire, BEYOND_ALL_TASKS).map(drop)
    }

    /// Sends what a thread has for the other ranks, and takes what their threads of the same number
    /// have for this one.
    fn exchange(&mut self, number: usize) -> Result<(), MpiError> {
        let wire = &self.ranks.wire;
        let outgoing = &mut self.hashers[number].outgoing;
        let own = outgoing.runs().filled.iter().map(|&filled| filled as u64).collect();
        let coming: Vec<usize> = wire
            .exchange_numbers(own)?
            .into_iter()
            .map(|number| usize::try_from(number).unwrap_or(0))
            .collect();
        let more = coming.iter().sum();
        if !self.share.has_room(more) {
            let share = &mut self.share;
            // The others are about to send: there is no meeting at which to fail.
            self.ranks.meanwhile(|| share.make_room(more))?.inspect_err(|_| wire.give_up())?;
        }
        wire.exchange_digests(outgoing.runs(), self.share.append(more), &coming)?;
        outgoing.clear();
        Ok(())
    }

    /// Counts this rank's share, and adds up what all ranks have counted.
    fn count(&self) -> Result<usize, MpiError> {
        let (share, threads) = (self.share.as_slice(), self.threads);
        let counted = self.ranks.meanwhile(|| known::count_distinct(share, threads))?;
        let failed = counted.as_ref().err().map(|error| {
            Failure::Failed(match error {
                KnownError::TooMany { .. } => format!("{error}, or start more ranks"),
                _ => error.to_string(),
            })
        });
        let counts = self.ranks.meet(failed.as_ref(), counted.unwrap_or(0) as u64)?;
        Ok(usize::try_from(counts.into_iter().sum::<u64>()).unwrap_or(usize::MAX))
    }
}

/// The threads of a rank, each with its areas, and the room for the rank's share.
fn room(
    ranks: usize,
    threads: NonZeroUsize,
    words: u64,
) -> Result<(Vec<Hasher>, Share), BackendError> {
    // A short list never fills the areas: as much as all of it, on one thread.
    let most = usize::try_from(words).unwrap_or(usize::MAX).max(64);
    let each = outgoing_digests(threads).min(most);
    let hashers = (0..threads.get())
        .map(|number| Ok(Hasher::new(number, Outgoing::new(ranks, each)?)))
        .collect::<Result<_, BackendError>>()?;
    Ok((hashers, Share::new(words, ranks)?))
}

/// The processor time that this process has taken so far.
fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::try_from(time).unwrap_or_default()
}
