//! The tasks that a worker has at hand, as a job sees them.

use crate::pool::protocol::frame::Items;

/// A run of tasks with consecutive numbers, as one frame brought it.
#[derive(Clone, Copy, Debug)]
pub(in crate::pool) struct Segment<'a> {
    pub(in crate::pool) first: u64,
    pub(in crate::pool) count: u32,
    pub(in crate::pool) body: &'a [u8],
}

/// The inputs of the tasks that a worker has at hand.
#[derive(Clone, Copy, Debug)]
pub struct Tasks<'a> {
    segments: &'a [Segment<'a>],
}

impl<'a> Tasks<'a> {
    pub(in crate::pool) fn new(segments: &'a [Segment<'a>]) -> Self {
        Self { segments }
    }

    /// How many there are; at least one.
    #[must_use]
    pub fn len(&self) -> usize {
        self.segments.iter().map(|segment| segment.count as usize).sum()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The inputs in order, as often as they are asked for.
    #[must_use]
    pub fn iter(&self) -> TaskInputs<'a> {
        TaskInputs { items: Items::new(&[]), segments: self.segments.iter() }
    }
}

impl<'a> IntoIterator for &Tasks<'a> {
    type Item = &'a [u8];
    type IntoIter = TaskInputs<'a>;

    fn into_iter(self) -> TaskInputs<'a> {
        self.iter()
    }
}

impl<'a> IntoIterator for Tasks<'a> {
    type Item = &'a [u8];
    type IntoIter = TaskInputs<'a>;

    fn into_iter(self) -> TaskInputs<'a> {
        self.iter()
    }
}

/// The iterator over [`Tasks`].
#[derive(Clone, Debug)]
pub struct TaskInputs<'a> {
    items: Items<'a>,
    segments: std::slice::Iter<'a, Segment<'a>>,
}

impl<'a> Iterator for TaskInputs<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        loop {
            if let Some(item) = self.items.next() {
                return Some(item);
            }
            self.items = Items::new(self.segments.next()?.body);
        }
    }
}
