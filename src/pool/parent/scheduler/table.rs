//! The workers, by key, and how many are in which stage.

use super::super::poller::Key;
use super::super::worker_handle::{Stage, WorkerHandle};

/// A worker keeps its slot to its end; then another one may have it, under another key.
#[derive(Debug, Default)]
pub(super) struct Table {
    slots: Vec<Option<WorkerHandle>>,
    free: Vec<u32>,
    generation: u32,
    starting: usize,
    ready: usize,
    len: usize,
}

impl Table {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Workers that have their context and were not asked to end.
    pub(super) fn ready(&self) -> usize {
        self.ready
    }

    /// Workers that are ready or will be.
    pub(super) fn alive(&self) -> usize {
        self.starting + self.ready
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &WorkerHandle> {
        self.slots.iter().flatten()
    }

    /// Takes in a worker that is starting.
    pub(super) fn insert(&mut self, mut worker: WorkerHandle) -> Key {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            u32::try_from(self.slots.len() - 1).expect("fewer workers than descriptors")
        });
        self.generation = (self.generation + 1) % Key::GENERATIONS;
        worker.key = Key { slot, generation: self.generation };
        let key = worker.key;
        self.note(worker.stage, true);
        self.len += 1;
        self.slots[slot as usize] = Some(worker);
        key
    }

    /// The worker of this key, if it is still there.
    pub(super) fn get_mut(&mut self, key: Key) -> Option<&mut WorkerHandle> {
        self.slots.get_mut(key.slot as usize)?.as_mut().filter(|worker| worker.key == key)
    }

    /// The worker of a key that was looked up before.
    pub(super) fn expect(&mut self, key: Key) -> &mut WorkerHandle {
        self.get_mut(key).expect("the caller knows that the worker is there")
    }

    pub(super) fn remove(&mut self, key: Key) -> Option<WorkerHandle> {
        self.get_mut(key)?;
        let worker = self.slots[key.slot as usize].take()?;
        self.free.push(key.slot);
        self.note(worker.stage, false);
        self.len -= 1;
        Some(worker)
    }

    /// A worker went from one stage to another.
    pub(super) fn note_stage(&mut self, before: Stage, now: Stage) {
        if before != now {
            self.note(before, false);
            self.note(now, true);
        }
    }

    fn note(&mut self, stage: Stage, entered: bool) {
        let count = match stage {
            Stage::Starting => &mut self.starting,
            Stage::Ready => &mut self.ready,
            Stage::Leaving | Stage::Dying => return,
        };
        if entered {
            *count += 1;
        } else {
            *count -= 1;
        }
    }
}
