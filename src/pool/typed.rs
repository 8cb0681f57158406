//! How a job on values lies in a task's bytes.
//!
//! A task of the typed layer is a chunk: the number of its items, then each item encoded by
//! postcard. Its output holds for each item one byte that says what became of it and then the
//! value, or the message. This module encodes and decodes both ends; it knows nothing of
//! processes.

use std::collections::VecDeque;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::{PoolError, TaskFailure};
use super::job::{Job, Tasks, guard};
use super::outputs::Outputs;

const RETURNED: u8 = 0;
const FAILED: u8 = 1;
const PANICKED: u8 = 2;

/// Items on their way into a task's bytes.
#[derive(Debug)]
pub(super) struct Chunk {
    bytes: Vec<u8>,
    count: u32,
}

/// The count before the items. Items alone would not do: a value of `()` has no bytes.
const COUNT_LEN: usize = 4;

impl Chunk {
    pub(super) fn new() -> Self {
        Self { bytes: vec![0; COUNT_LEN], count: 0 }
    }

    pub(super) fn push<T: Serialize>(&mut self, item: &T) -> Result<(), PoolError> {
        let before = std::mem::take(&mut self.bytes);
        self.bytes = postcard::to_extend(item, before)
            .map_err(|source| PoolError::Encode { what: "an item", source })?;
        self.count += 1;
        Ok(())
    }

    pub(super) fn count(&self) -> u32 {
        self.count
    }

    pub(super) fn into_bytes(mut self) -> Vec<u8> {
        self.bytes[..COUNT_LEN].copy_from_slice(&self.count.to_le_bytes());
        self.bytes
    }
}

/// Does the tasks of a job on values, in a worker.
pub(super) fn run_items<J: Job>(
    context: &mut J::Context,
    tasks: Tasks<'_>,
    outputs: &mut Outputs<'_>,
) -> Result<(), TaskFailure> {
    let mut encoded = Vec::new();
    for task in tasks {
        let (count, mut rest) = task
            .split_first_chunk::<COUNT_LEN>()
            .ok_or_else(|| TaskFailure::Failed("a chunk without a count".to_owned()))?;
        let count = u32::from_le_bytes(*count);
        for _ in 0..count {
            let (input, later) = guard(|| Ok(postcard::take_from_bytes::<J::Input>(rest)?))?;
            rest = later;
            run_item::<J>(context, input, &mut encoded);
            outputs.write(&encoded);
        }
        outputs.finish_task();
        outputs.count_items(1, u64::from(count));
    }
    Ok(())
}

fn run_item<J: Job>(context: &mut J::Context, input: J::Input, encoded: &mut Vec<u8>) {
    encoded.clear();
    let result = guard(|| {
        let output = J::run(context, input)?;
        encoded.push(RETURNED);
        *encoded = postcard::to_extend(&output, std::mem::take(encoded))?;
        Ok(())
    });
    if let Err(failure) = result {
        let (outcome, message) = match failure {
            TaskFailure::Panicked(message) => (PANICKED, message),
            TaskFailure::Failed(message) => (FAILED, message),
            other => (FAILED, other.to_string()),
        };
        *encoded =
            postcard::to_extend(&message, vec![outcome]).expect("a string can always be encoded");
    }
}

/// What became of each of the `count` items of a chunk. After bytes that cannot be decoded, all
/// further items are undecodable too.
pub(super) fn decode_outputs<T: DeserializeOwned>(
    mut output: &[u8],
    count: u32,
) -> VecDeque<Result<T, TaskFailure>> {
    let mut results = VecDeque::with_capacity(count as usize);
    for _ in 0..count {
        let result = take_output(output).unwrap_or_else(|error| {
            (Err(TaskFailure::Undecodable(error.to_string())), &output[output.len()..])
        });
        results.push_back(result.0);
        output = result.1;
    }
    results
}

type Taken<'a, T> = (Result<T, TaskFailure>, &'a [u8]);

fn take_output<T: DeserializeOwned>(output: &[u8]) -> Result<Taken<'_, T>, postcard::Error> {
    let (outcome, rest) = output.split_first().ok_or(postcard::Error::DeserializeUnexpectedEnd)?;
    Ok(match *outcome {
        RETURNED => {
            let (value, rest) = postcard::take_from_bytes(rest)?;
            (Ok(value), rest)
        }
        FAILED => {
            let (message, rest) = postcard::take_from_bytes(rest)?;
            (Err(TaskFailure::Failed(message)), rest)
        }
        PANICKED => {
            let (message, rest) = postcard::take_from_bytes(rest)?;
            (Err(TaskFailure::Panicked(message)), rest)
        }
        _ => return Err(postcard::Error::DeserializeBadEnum),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_without_bytes_are_counted() {
        let mut chunk = Chunk::new();
        for () in [(), (), ()] {
            chunk.push(&()).unwrap();
        }
        assert_eq!((chunk.count(), chunk.into_bytes()), (3, vec![3, 0, 0, 0]));
        let results = decode_outputs::<()>(&[RETURNED; 3], 3);
        assert!(results.into_iter().all(|result| result == Ok(())));
    }

    #[test]
    fn an_output_that_cannot_be_read_spoils_only_what_follows() {
        let results = decode_outputs::<u8>(&[RETURNED, 5, 99, 1, 1], 3);
        assert_eq!(results[0], Ok(5));
        assert!(matches!(results[1], Err(TaskFailure::Undecodable(_))));
        assert!(matches!(results[2], Err(TaskFailure::Undecodable(_))));
    }
}
