//! From a frame's bytes to a call of the user's function and back: one function for each way to
//! call, whose place in the program is what the parent sends.
//!
//! The user's functions are zero-sized types: function items, and closures that capture nothing. A
//! value of such a type can be had anywhere, so the type alone, compiled into the function here, is
//! all that a worker needs.

use std::any::Any;
use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::outputs::Outputs;
use super::panics;
use super::tasks::Tasks;
use crate::os::region::Region;
use crate::pool::error::TaskFailure;
use crate::pool::protocol::answer::{Answer, JobError, with_causes};
use crate::pool::protocol::codec::{COUNT_LEN, FAILED, PANICKED, RETURNED};

/// Does tasks with a context, whatever their function.
pub(in crate::pool) type Run =
    fn(&mut dyn Any, Tasks<'_>, &mut Outputs<'_>) -> Result<(), TaskFailure>;

/// Makes a context from its encoded arguments and the shared regions.
pub(in crate::pool) type Create = fn(&[u8], Vec<Region>) -> Result<Box<dyn Any>, TaskFailure>;

/// A value of a type that has no size, from nothing.
///
/// Only for the types of functions: they can be copied, and have nothing that could be wrong.
fn conjure<F: Copy + 'static>() -> F {
    const {
        assert!(
            size_of::<F>() == 0,
            "a function for worker processes must capture nothing: hand values over as items or \
             as the context's arguments"
        );
    }
    // SAFETY: a type without size has no bytes that could be invalid. The caller had a value of
    // the type (the pool's methods take one), and it can be copied.
    unsafe { std::mem::zeroed() }
}

/// Calls `F` on each item.
pub(in crate::pool) fn run_items<F, I, R, K>(
    _: &mut dyn Any,
    tasks: Tasks<'_>,
    outputs: &mut Outputs<'_>,
) -> Result<(), TaskFailure>
where
    F: Fn(I) -> R + Copy + 'static,
    I: DeserializeOwned,
    R: Answer<K>,
{
    let function = conjure::<F>();
    run_each(tasks, outputs, |item: I| function(item).into_value())
}

/// Calls `F` on each item and the context.
pub(in crate::pool) fn run_items_with<F, C, I, R, K>(
    context: &mut dyn Any,
    tasks: Tasks<'_>,
    outputs: &mut Outputs<'_>,
) -> Result<(), TaskFailure>
where
    F: Fn(&mut C, I) -> R + Copy + 'static,
    C: 'static,
    I: DeserializeOwned,
    R: Answer<K>,
{
    let (function, context) = (conjure::<F>(), context_of::<C>(context)?);
    run_each(tasks, outputs, |item: I| function(context, item).into_value())
}

/// Calls `F` on the bytes of all tasks at hand.
pub(in crate::pool) fn run_bytes<F, C>(
    context: &mut dyn Any,
    tasks: Tasks<'_>,
    outputs: &mut Outputs<'_>,
) -> Result<(), TaskFailure>
where
    F: Fn(&mut C, Tasks<'_>, &mut Outputs<'_>) -> Result<(), JobError> + Copy + 'static,
    C: 'static,
{
    let (function, context) = (conjure::<F>(), context_of::<C>(context)?);
    guard(|| function(context, tasks, outputs).map_err(|error| with_causes(error.as_ref())))
}

/// Makes a context by `F`.
pub(in crate::pool) fn create<F, A, C, E>(
    args: &[u8],
    regions: Vec<Region>,
) -> Result<Box<dyn Any>, TaskFailure>
where
    F: Fn(A, Vec<Region>) -> Result<C, E> + Copy + 'static,
    A: DeserializeOwned,
    C: 'static,
    E: Into<JobError>,
{
    let function = conjure::<F>();
    guard(|| {
        let args = postcard::from_bytes(args).map_err(|error| with_causes(&error))?;
        let context =
            function(args, regions).map_err(|error| with_causes(error.into().as_ref()))?;
        Ok(Box::new(context) as Box<dyn Any>)
    })
}

/// Makes the context of a pool without one.
#[expect(clippy::unnecessary_wraps, reason = "the signature of `Create`")]
pub(in crate::pool) fn create_nothing(
    _: &[u8],
    _: Vec<Region>,
) -> Result<Box<dyn Any>, TaskFailure> {
    Ok(Box::new(()))
}

fn context_of<C: 'static>(context: &mut dyn Any) -> Result<&mut C, TaskFailure> {
    context.downcast_mut().ok_or_else(|| {
        TaskFailure::Failed(format!("the context is no {}", std::any::type_name::<C>()))
    })
}

fn run_each<I: DeserializeOwned, T: Serialize>(
    tasks: Tasks<'_>,
    outputs: &mut Outputs<'_>,
    mut call: impl FnMut(I) -> Result<T, String>,
) -> Result<(), TaskFailure> {
    let mut encoded = Vec::new();
    for task in tasks {
        let (count, mut rest) = task
            .split_first_chunk::<COUNT_LEN>()
            .ok_or_else(|| TaskFailure::Failed("a chunk without a count".to_owned()))?;
        let count = u32::from_le_bytes(*count);
        for _ in 0..count {
            let (item, later) =
                guard(|| postcard::take_from_bytes(rest).map_err(|error| with_causes(&error)))?;
            rest = later;
            call_on_item(&mut call, item, &mut encoded);
            outputs.write(&encoded);
        }
        outputs.finish_task();
        outputs.count_items(1, u64::from(count));
    }
    Ok(())
}

fn call_on_item<I, T: Serialize>(
    call: impl FnOnce(I) -> Result<T, String>,
    item: I,
    encoded: &mut Vec<u8>,
) {
    encoded.clear();
    let result = guard(|| {
        let output = call(item)?;
        encoded.push(RETURNED);
        *encoded = postcard::to_extend(&output, std::mem::take(encoded))
            .map_err(|error| cannot_encode(&error))?;
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

fn cannot_encode(error: &dyn Error) -> String {
    format!("its result cannot be encoded: {error}")
}

/// Runs user code: an error and a panic both come back as a failure.
fn guard<T>(run: impl FnOnce() -> Result<T, String>) -> Result<T, TaskFailure> {
    // Unwind safe by contract: a context outlives a panic (see `PoolBuilder::context`), and the
    // outputs of the task at work are thrown away.
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(message)) => Err(TaskFailure::Failed(message)),
        Err(payload) => Err(TaskFailure::Panicked(panics::message(payload.as_ref()))),
    }
}
