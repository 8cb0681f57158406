//! How values lie in a task's bytes.
//!
//! A task of the typed interface is a chunk: the number of its items, then each item encoded by
//! postcard. Its output holds for each item one byte that says what became of it and then the
//! value, or the message.

use std::collections::VecDeque;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::pool::error::{PoolError, TaskFailure};

pub(in crate::pool) const RETURNED: u8 = 0;
pub(in crate::pool) const FAILED: u8 = 1;
pub(in crate::pool) const PANICKED: u8 = 2;

/// Where postcard puts bytes: behind those of the items before, which an error leaves as they are.
struct Append<'a>(&'a mut Vec<u8>);

impl postcard::ser_flavors::Flavor for Append<'_> {
    type Output = ();

    #[inline]
    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.push(byte);
        Ok(())
    }

    #[inline]
    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

/// Items on their way into a task's bytes.
#[derive(Debug)]
pub(in crate::pool) struct Chunk {
    bytes: Vec<u8>,
    count: u32,
}

/// The count before the items. Items alone would not do: a value of `()` has no bytes.
pub(in crate::pool) const COUNT_LEN: usize = 4;

impl Chunk {
    pub(in crate::pool) fn new() -> Self {
        Self { bytes: vec![0; COUNT_LEN], count: 0 }
    }

    pub(in crate::pool) fn push<T: Serialize>(&mut self, item: &T) -> Result<(), PoolError> {
        let before = self.bytes.len();
        match postcard::serialize_with_flavor(item, Append(&mut self.bytes)) {
            Ok(()) => {
                self.count += 1;
                Ok(())
            }
            Err(source) => {
                self.bytes.truncate(before);
                Err(PoolError::Encode { what: "an item", source })
            }
        }
    }

    pub(in crate::pool) fn count(&self) -> u32 {
        self.count
    }

    pub(in crate::pool) fn into_bytes(mut self) -> Vec<u8> {
        self.bytes[..COUNT_LEN].copy_from_slice(&self.count.to_le_bytes());
        self.bytes
    }
}

/// What became of each of the `count` items of a chunk. After bytes that cannot be decoded, all
/// further items are undecodable too.
pub(in crate::pool) fn decode_outputs<T: DeserializeOwned>(
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
