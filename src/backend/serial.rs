//! One word after another on the caller's thread.

use super::{
    Around, Backend, BackendError, Digests, Lane, Outcome, Span, Work, hash_in_steps, stop_if_asked,
};
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
        let end = around.clock.now();
        let map = end.saturating_sub(begin);
        if let Some(recorder) = around.recorder {
            let (lane, words) = (Lane::Thread(0), list.len());
            recorder.note(Span { lane, first_task: 0, tasks: 1, words, begin, end });
        }
        Ok(Outcome { digests, begun: begin, start: None, map, tasks: None, processes: Vec::new() })
    }
}
