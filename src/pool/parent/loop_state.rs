//! What the scheduler and all of its workers share while answers are read.

use super::batch::MAX_BATCH_BYTES;
use super::batch_size::BatchSize;
use crate::pool::protocol::code::CodePlace;

/// The buffers kept for other batches.
const SPARE_BUFFERS: usize = 64;

/// A function that tasks are for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Job {
    pub(super) place: CodePlace,
    pub(super) size: BatchSize,
}

#[derive(Debug)]
pub(super) struct LoopState {
    /// By the number that tasks know them by.
    pub(super) jobs: Vec<Job>,
    /// Buffers of answered batches, for the next ones.
    pub(super) spare: Vec<Vec<u8>>,
    /// Tasks sent and not answered, or waiting for a retry.
    pub(super) tasks_out: usize,
    /// The most bytes that a task's output may have.
    pub(super) max_output_bytes: usize,
    /// Bodies that were taken out of a ring.
    pub(super) scratch: Vec<u8>,
}

impl LoopState {
    pub(super) fn new(max_output_bytes: usize) -> Self {
        Self {
            jobs: Vec::new(),
            spare: Vec::new(),
            tasks_out: 0,
            max_output_bytes,
            scratch: Vec::new(),
        }
    }

    /// The number of the job whose function is at this place.
    pub(super) fn job_number(&mut self, place: CodePlace) -> u32 {
        let known = self.jobs.iter().position(|job| job.place == place);
        let number = known.unwrap_or_else(|| {
            self.jobs.push(Job { place, size: BatchSize::default() });
            self.jobs.len() - 1
        });
        u32::try_from(number).expect("a program has fewer functions")
    }

    pub(super) fn size_of(&self, job: u32) -> &BatchSize {
        &self.jobs[job as usize].size
    }

    pub(super) fn size_of_mut(&mut self, job: u32) -> &mut BatchSize {
        &mut self.jobs[job as usize].size
    }

    /// Keeps a buffer for another batch, unless there are enough or it is a giant.
    pub(super) fn keep(&mut self, buffer: Vec<u8>) {
        if self.spare.len() < SPARE_BUFFERS && buffer.capacity() <= 4 * MAX_BATCH_BYTES {
            self.spare.push(buffer);
        }
    }
}
