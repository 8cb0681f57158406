//! What a run has given, brought together from all ranks.

use std::time::Duration;

use super::super::MpiError;
use super::super::hashers::Done;
use super::{Course, RankRecord, cpu_time};
use crate::backend::{Checksum, Lane, Span, WorkerRecord};
use crate::os::peak_memory::Peak;

impl Course<'_> {
    fn done(&self) -> Done {
        self.hashers.iter().fold(Done::default(), |sum, hasher| Done {
            tasks: sum.tasks + hasher.done.tasks,
            words: sum.words + hasher.done.words,
            busy: sum.busy + hasher.done.busy,
            checksum: sum.checksum.and(hasher.done.checksum),
            tally: sum.tally.wrapping_add(hasher.done.tally),
        })
    }

    /// The sums over all ranks: the tally of what was read, the checksum, the tasks.
    pub(super) fn sums(&self) -> Result<(u64, Checksum, usize), MpiError> {
        let own = self.done();
        let all = self.ranks.wire.gather_all(&[own.tally, own.checksum.to_bits(), own.tasks])?;
        let mut sums = [0_u64; 3];
        for of_rank in all.as_chunks::<3>().0 {
            for (sum, number) in sums.iter_mut().zip(of_rank) {
                *sum = sum.wrapping_add(*number);
            }
        }
        let tasks = usize::try_from(sums[2]).unwrap_or(usize::MAX);
        Ok((sums[0], Checksum::from_bits(sums[1]), tasks))
    }

    pub(super) fn records(&self, peak: &Peak, cpu: Duration) -> Result<Vec<RankRecord>, MpiError> {
        let own = self.done();
        let nanoseconds = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let all = self.ranks.wire.gather_all(&[
            u64::from(std::process::id()),
            own.tasks,
            own.words,
            nanoseconds(own.busy),
            nanoseconds(cpu_time().saturating_sub(cpu)),
            peak.bytes().unwrap_or(0),
        ])?;
        let records = all.as_chunks().0.iter().enumerate();
        Ok(records.map(|(rank, numbers)| self.record(rank, *numbers)).collect())
    }

    fn record(&self, rank: usize, [pid, tasks, words, busy, cpu, peak]: [u64; 6]) -> RankRecord {
        let worker = WorkerRecord {
            pid: u32::try_from(pid).unwrap_or(0),
            tasks,
            words: Some(words),
            busy: Duration::from_nanos(busy),
            cpu: Some(Duration::from_nanos(cpu)),
            peak_rss_bytes: (peak > 0).then_some(peak),
            private_rss_bytes: None,
        };
        RankRecord { place: self.ranks.place(rank), worker }
    }

    /// Rank 0: the spans of all ranks, by its own clock. All of them left the meeting at the end of
    /// the start at the same time, or nearly so.
    pub(super) fn all_spans(&self) -> Result<Vec<Span>, MpiError> {
        let since = |time: Duration| {
            u64::try_from(time.saturating_sub(self.started).as_nanos()).unwrap_or(u64::MAX)
        };
        let mut own = Vec::new();
        for span in self.hashers.iter().flat_map(|hasher| &hasher.spans) {
            let Lane::Rank(rank, thread) = span.lane else { continue };
            let counts = [rank, thread, span.first_task, span.tasks, span.words];
            let counts = counts.map(|count| count as u64);
            for number in counts.into_iter().chain([since(span.begin), since(span.end)]) {
                own.extend_from_slice(&number.to_ne_bytes());
            }
        }
        let all = self.ranks.wire.gather_bytes(own)?;
        let numbers: Vec<u64> =
            all.as_chunks().0.iter().map(|bytes| u64::from_ne_bytes(*bytes)).collect();
        let span = |[rank, thread, first_task, tasks, words, begin, end]: [u64; 7]| {
            let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
            Span {
                lane: Lane::Rank(count(rank), count(thread)),
                first_task: count(first_task),
                tasks: count(tasks),
                words: count(words),
                begin: self.started + Duration::from_nanos(begin),
                end: self.started + Duration::from_nanos(end),
            }
        };
        Ok(numbers.as_chunks().0.iter().copied().map(span).collect())
    }
}
