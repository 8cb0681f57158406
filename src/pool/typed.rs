//! How a job on values lies in a task's bytes.
//!
//! A task of the typed layer is a chunk: a number of items, each encoded by postcard. Its output
//! holds for each item one byte that says what became of it and then the value, or the message.
//! This module encodes and decodes both ends; it knows nothing of processes.

use super::error::TaskFailure;
use super::job::{Job, Tasks, guard};
use super::outputs::Outputs;

const RETURNED: u8 = 0;
const FAILED: u8 = 1;
const PANICKED: u8 = 2;

/// Does the tasks of a job on values, in a worker.
pub(super) fn run_items<J: Job>(
    context: &mut J::Context,
    tasks: Tasks<'_>,
    outputs: &mut Outputs<'_>,
) -> Result<(), TaskFailure> {
    let mut encoded = Vec::new();
    for mut rest in tasks {
        let mut items = 0;
        while !rest.is_empty() {
            let (input, later) = postcard::take_from_bytes::<J::Input>(rest)
                .map_err(|error| TaskFailure::Failed(format!("its input: {error}")))?;
            rest = later;
            encoded.clear();
            run_item::<J>(context, input, &mut encoded);
            outputs.write(&encoded);
            items += 1;
        }
        outputs.finish_task();
        outputs.add_items(items - 1);
    }
    Ok(())
}

fn run_item<J: Job>(context: &mut J::Context, input: J::Input, encoded: &mut Vec<u8>) {
    let result = guard(|| {
        encoded.push(RETURNED);
        let output = J::run(context, input)?;
        let before = std::mem::take(encoded);
        *encoded = postcard::to_extend(&output, before)?;
        Ok(())
    });
    if let Err(failure) = result {
        let (outcome, message) = match failure {
            TaskFailure::Panicked(message) => (PANICKED, message),
            TaskFailure::Failed(message) => (FAILED, message),
            other => (FAILED, other.to_string()),
        };
        encoded.clear();
        encoded.push(outcome);
        *encoded = postcard::to_extend(&message, std::mem::take(encoded))
            .expect("a string can always be encoded");
    }
}
