//! One word after another on the caller's thread.

use super::{Around, Backend, BackendError, Digests, Outcome, Work, hash_in_steps, stop_if_asked};
use crate::words::WordList;

/// Everything on the calling thread.
#[derive(Clone, Copy, Debug, Default)]
pub struct Serial;

impl Backend for Serial {
    fn run(
        &self,
        list: &WordList,
        work: &Work,
        around: &Around<'_>,
    ) -> Result<Outcome, BackendError> {
        let begin = around.clock.now();
        let mut digests = Digests::new(list.len())?;
        if !hash_in_steps(list.words(), work, digests.as_mut_slice(), around) {
            stop_if_asked(around.interrupt)?;
        }
        let map = around.clock.now().saturating_sub(begin);
        Ok(Outcome { digests, start: None, map, tasks: None, processes: Vec::new() })
    }
}
