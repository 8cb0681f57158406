//! What a worker says: frames read, checked against what the worker holds, and passed on.
//!
//! Nothing in a frame is believed before it is checked: a worker gone wild costs itself, never its
//! parent.

use std::time::Duration;

use super::super::batch::Batch;
use super::super::client::Client;
use super::super::loop_state::LoopState;
use super::{ReceiveError, Stage, WorkerHandle};
use crate::pool::error::{Death, PoolError, TaskFailure};
use crate::pool::protocol::frame::{
    CONTINUED, EMPTY, Frame, FrameError, HEADER_LEN, Header, IN_RING, ITEM_HEAD_LEN, Items, Kind,
    MAX_BODY_TO_PARENT, PANICKED, Place, split_frame,
};
use crate::pool::protocol::ring::RingReader;
use crate::pool::protocol::socket::{self, Received};

/// Up to so many outputs in a frame are looked at one by one where they lie in the ring; more are
/// small ones, and better copied out in one go.
const MOST_LARGE_OUTPUTS: u32 = 16;

impl WorkerHandle {
    /// Reads once and acts on every frame that is complete. Whether anything came.
    pub(in crate::pool::parent) fn receive<C: Client>(
        &mut self,
        client: &mut C,
        state: &mut LoopState,
    ) -> Result<bool, ReceiveError> {
        let Ok(received) = socket::receive(&self.socket, &mut self.inbox[self.unread.end..]) else {
            return Err(ReceiveError::Worker(Death::ClosedSocket));
        };
        match received {
            Received::Nothing => return Ok(false),
            Received::End => {
                self.disconnected = true;
                return Ok(false);
            }
            Received::Bytes(count) => self.unread.end += count,
        }
        client.answers_from(self.pid());
        let inbox = std::mem::take(&mut self.inbox);
        let result = self.take_frames(&inbox, client, state);
        self.inbox = inbox;
        result?;
        if self.unread.is_empty() {
            self.unread = 0..0;
        } else if self.inbox.len() - self.unread.end < HEADER_LEN + MAX_BODY_TO_PARENT {
            self.inbox.copy_within(self.unread.clone(), 0);
            self.unread = 0..self.unread.len();
        }
        Ok(true)
    }

    fn take_frames<C: Client>(
        &mut self,
        inbox: &[u8],
        client: &mut C,
        state: &mut LoopState,
    ) -> Result<(), ReceiveError> {
        while let Some(Frame { header, body, len }) = split_frame(&inbox[self.unread.clone()])? {
            self.unread.start += len;
            match (header.kind, self.stage) {
                (Kind::Done, Stage::Ready) => self.take_done(&header, body, client, state)?,
                (Kind::Failed, Stage::Ready) => self.take_failed(&header, body, client, state)?,
                (Kind::Ready, Stage::Starting) => self.stage = Stage::Ready,
                (Kind::StartFailed, Stage::Starting) => {
                    let message = String::from_utf8_lossy(body).into_owned();
                    let pid = self.pid();
                    return Err(ReceiveError::Run(PoolError::InitFailed { pid, message }));
                }
                (Kind::Report, Stage::Leaving) => {
                    let report = postcard::from_bytes(body).map_err(|_| FrameError::Body)?;
                    self.report = Some(report);
                }
                _ => return Err(FrameError::Unexpected.into()),
            }
        }
        Ok(())
    }

    /// The front batch, if the worker has it and a frame about `count` tasks from `first` on can
    /// be about it.
    fn front(&mut self, header: &Header) -> Result<&mut Batch, FrameError> {
        let sent = self.sent;
        match self.batches.front_mut() {
            Some(front)
                if sent > 0
                    && front.next == header.first
                    && header.count > 0
                    && header.count <= front.left =>
            {
                Ok(front)
            }
            _ => Err(FrameError::Unexpected),
        }
    }

    fn take_done<C: Client>(
        &mut self,
        header: &Header,
        body: &[u8],
        client: &mut C,
        state: &mut LoopState,
    ) -> Result<(), ReceiveError> {
        if header.has(IN_RING) && header.count <= MOST_LARGE_OUTPUTS {
            let Some(mut rings) = self.rings.take() else { return Err(FrameError::Place.into()) };
            let place = Place::decode(body)?;
            let taken = self.take_large_outputs(header, place, &rings.1, client, state);
            if taken.is_ok() {
                rings.1.release(place);
            }
            self.rings = Some(rings);
            taken?;
        } else if header.has(IN_RING) {
            let place = Place::decode(body)?;
            let (_, from_worker) = self.rings.as_mut().ok_or(FrameError::Place)?;
            let mut scratch = std::mem::take(&mut state.scratch);
            let result = if place.len > MAX_BODY_TO_PARENT as u64 {
                Err(FrameError::Place)
            } else {
                from_worker.take(place, &mut scratch)
            };
            let result = result
                .map_err(ReceiveError::from)
                .and_then(|()| self.take_outputs(header, &scratch, client, state.max_output_bytes));
            state.scratch = scratch;
            result?;
        } else {
            self.take_outputs(header, body, client, state.max_output_bytes)?;
        }
        let answered = header.count - u32::from(header.has(CONTINUED));
        self.account(header, answered, state);
        let busy = Duration::from_nanos(header.busy_ns);
        client.worked(self.pid(), header.first, answered, busy);
        Ok(())
    }

    fn take_outputs<C: Client>(
        &mut self,
        header: &Header,
        body: &[u8],
        client: &mut C,
        max_output: usize,
    ) -> Result<(), ReceiveError> {
        let mut offset = self.output_offset;
        let front = self.front(header)?;
        if header.has(EMPTY) {
            if !body.is_empty() || offset > 0 || header.has(CONTINUED) {
                return Err(FrameError::Body.into());
            }
            for _ in 0..header.count {
                complete(front, client);
            }
            return Ok(());
        }
        // All checked before the first is believed.
        let mut outputs = Items::checked(body, header.count)?;
        for number in 1..=header.count {
            let output = outputs.next().ok_or(FrameError::Body)?;
            if offset + output.len() > max_output {
                return Err(ReceiveError::OutputTooLong);
            }
            if !output.is_empty() {
                client.piece(front.next, front.input(), offset, output);
            }
            let goes_on = number == header.count && header.has(CONTINUED);
            offset = if goes_on { offset + output.len() } else { complete(front, client) };
        }
        self.output_offset = offset;
        Ok(())
    }

    /// Takes outputs that are large, being few in a frame, out of the ring to their final places
    /// if the client has such: that saves a copy of nearly all bytes that come back.
    fn take_large_outputs<C: Client>(
        &mut self,
        header: &Header,
        place: Place,
        ring: &RingReader,
        client: &mut C,
        state: &mut LoopState,
    ) -> Result<(), ReceiveError> {
        let mut lens = [0; MOST_LARGE_OUTPUTS as usize];
        let lens = lens.get_mut(..header.count as usize).ok_or(FrameError::Body)?;
        lens_in_ring(place, ring, lens)?;
        let mut offset = self.output_offset;
        let front = self.front(header)?;
        let mut at = 0;
        for (number, &len) in (1..).zip(&*lens) {
            at += ITEM_HEAD_LEN;
            if offset + len > state.max_output_bytes {
                return Err(ReceiveError::OutputTooLong);
            }
            match client.room(front.next, front.input(), offset, len) {
                Some(room) if room.len() == len => ring.copy_part(place, at, room)?,
                _ if len > 0 => {
                    state.scratch.resize(len, 0);
                    ring.copy_part(place, at, &mut state.scratch)?;
                    client.piece(front.next, front.input(), offset, &state.scratch);
                }
                _ => {}
            }
            at += len;
            let goes_on = number == header.count && header.has(CONTINUED);
            offset = if goes_on { offset + len } else { complete(front, client) };
        }
        self.output_offset = offset;
        Ok(())
    }

    fn take_failed<C: Client>(
        &mut self,
        header: &Header,
        body: &[u8],
        client: &mut C,
        state: &mut LoopState,
    ) -> Result<(), ReceiveError> {
        let pid = self.pid();
        let front = self.front(header)?;
        let task = front.next;
        front.advance();
        self.output_offset = 0;
        self.account(header, 1, state);
        let message = String::from_utf8_lossy(body).into_owned();
        let failure = if header.has(PANICKED) {
            TaskFailure::Panicked(message)
        } else {
            TaskFailure::Failed(message)
        };
        client.failed(task, pid, failure).map_err(ReceiveError::Run)
    }

    /// Tasks of the front batch were answered.
    fn account(&mut self, header: &Header, answered: u32, state: &mut LoopState) {
        self.tasks += u64::from(answered);
        self.busy += Duration::from_nanos(header.busy_ns);
        state.tasks_out -= answered as usize;
        let Some(front) = self.batches.front() else { return };
        self.unsized_ns = self.unsized_ns.saturating_add(header.busy_ns);
        if answered > 0 {
            let busy_ns = std::mem::take(&mut self.unsized_ns);
            state.size_of_mut(front.job).answered(answered, busy_ns);
        }
        if front.left == 0
            && let Some(front) = self.batches.pop_front()
        {
            self.sent -= 1;
            self.next_front();
            state.keep(front.into_buffer());
        }
    }
}

/// The first task of a batch is complete. Where the output of the next one begins: 0.
#[inline]
fn complete<C: Client>(front: &mut Batch, client: &mut C) -> usize {
    client.done(front.next, front.input());
    front.advance();
    0
}

/// The lengths of all items of a body in a ring. Each is read once, and checked before any item
/// is believed: the memory is the worker's too.
fn lens_in_ring(place: Place, ring: &RingReader, lens: &mut [usize]) -> Result<(), FrameError> {
    if place.len > MAX_BODY_TO_PARENT as u64 {
        return Err(FrameError::Place);
    }
    let mut at = 0;
    for len in lens {
        *len = ring.number_at(place, at)? as usize;
        at += ITEM_HEAD_LEN + *len;
    }
    if at as u64 == place.len { Ok(()) } else { Err(FrameError::Body) }
}
