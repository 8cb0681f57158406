//! What a worker says: frames read, checked against what the worker holds, and passed on.
//!
//! Nothing in a frame is believed before it is checked: a worker gone wild costs itself, never its
//! parent.

use std::time::{Duration, Instant};

use super::super::arena::RingReader;
use super::super::batch::Batch;
use super::super::error::{Death, PoolError, TaskFailure};
use super::super::frame::{
    CONTINUED, EMPTY, Frame, FrameError, HEADER_LEN, Header, IN_ARENA, ITEM_HEAD_LEN, Items, Kind,
    MAX_BODY_TO_PARENT, PANICKED, Place, split_frame,
};
use super::super::socket::{self, Received};
use super::{Client, Ledger, Member, Stage, Trouble};

/// Up to so many outputs in a frame are looked at one by one where they lie in the arena; more are
/// small ones, and better copied out in one go.
const MOST_LARGE_OUTPUTS: u32 = 16;

impl Member {
    /// Reads once and acts on every frame that is complete. Whether anything came.
    pub(in crate::pool) fn receive<C: Client>(
        &mut self,
        client: &mut C,
        ledger: &mut Ledger,
    ) -> Result<bool, Trouble> {
        let Ok(received) = socket::receive(&self.socket, &mut self.inbox[self.unread.end..]) else {
            return Err(Trouble::Worker(Death::ClosedSocket));
        };
        match received {
            Received::Nothing => return Ok(false),
            Received::End => {
                self.hung_up = true;
                return Ok(false);
            }
            Received::Bytes(count) => self.unread.end += count,
        }
        client.answers_from(self.pid());
        let inbox = std::mem::take(&mut self.inbox);
        let result = self.take_frames(&inbox, client, ledger);
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
        ledger: &mut Ledger,
    ) -> Result<(), Trouble> {
        while let Some(Frame { header, body, len }) = split_frame(&inbox[self.unread.clone()])? {
            self.unread.start += len;
            match (header.kind, self.stage) {
                (Kind::Done, Stage::Ready) => self.take_done(&header, body, client, ledger)?,
                (Kind::Failed, Stage::Ready) => self.take_failed(&header, body, client, ledger)?,
                (Kind::Ready, Stage::Starting) => self.stage = Stage::Ready,
                (Kind::StartFailed, Stage::Starting) => {
                    let message = String::from_utf8_lossy(body).into_owned();
                    let pid = self.pid();
                    return Err(Trouble::Run(PoolError::InitFailed { pid, message }));
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
        match self.held.front_mut() {
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
        ledger: &mut Ledger,
    ) -> Result<(), Trouble> {
        if header.has(IN_ARENA) && header.count <= MOST_LARGE_OUTPUTS {
            let Some(mut rings) = self.rings.take() else { return Err(FrameError::Place.into()) };
            let place = Place::decode(body)?;
            let taken = self.take_large_outputs(header, place, &rings.1, client, ledger);
            if taken.is_ok() {
                rings.1.release(place);
            }
            self.rings = Some(rings);
            taken?;
        } else if header.has(IN_ARENA) {
            let place = Place::decode(body)?;
            let (_, from_worker) = self.rings.as_mut().ok_or(FrameError::Place)?;
            let mut scratch = std::mem::take(&mut ledger.scratch);
            let result = if place.len > MAX_BODY_TO_PARENT as u64 {
                Err(FrameError::Place)
            } else {
                from_worker.take(place, &mut scratch)
            };
            let result = result
                .map_err(Trouble::from)
                .and_then(|()| self.take_outputs(header, &scratch, client));
            ledger.scratch = scratch;
            result?;
        } else {
            self.take_outputs(header, body, client)?;
        }
        let answered = header.count - u32::from(header.has(CONTINUED));
        self.account(header, answered, ledger);
        let busy = Duration::from_nanos(header.busy_ns);
        client.worked(self.pid(), header.first, answered, busy);
        Ok(())
    }

    fn take_outputs<C: Client>(
        &mut self,
        header: &Header,
        body: &[u8],
        client: &mut C,
    ) -> Result<(), Trouble> {
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
            if !output.is_empty() {
                client.piece(front.next, front.input(), offset, output);
            }
            let goes_on = number == header.count && header.has(CONTINUED);
            offset = if goes_on { offset + output.len() } else { complete(front, client) };
        }
        self.output_offset = offset;
        Ok(())
    }

    /// Takes outputs that are large, being few in a frame, out of the arena to their final places
    /// if the client has such: that saves a copy of nearly all bytes that come back.
    fn take_large_outputs<C: Client>(
        &mut self,
        header: &Header,
        place: Place,
        ring: &RingReader,
        client: &mut C,
        ledger: &mut Ledger,
    ) -> Result<(), Trouble> {
        let mut lens = [0; MOST_LARGE_OUTPUTS as usize];
        let lens = lens.get_mut(..header.count as usize).ok_or(FrameError::Body)?;
        lens_in_arena(place, ring, lens)?;
        let mut offset = self.output_offset;
        let front = self.front(header)?;
        let mut at = 0;
        for (number, &len) in (1..).zip(&*lens) {
            at += ITEM_HEAD_LEN;
            match client.room(front.next, front.input(), offset, len) {
                Some(room) if room.len() == len => ring.copy_part(place, at, room)?,
                _ if len > 0 => {
                    ledger.scratch.resize(len, 0);
                    ring.copy_part(place, at, &mut ledger.scratch)?;
                    client.piece(front.next, front.input(), offset, &ledger.scratch);
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
        ledger: &mut Ledger,
    ) -> Result<(), Trouble> {
        let pid = self.pid();
        let front = self.front(header)?;
        let task = front.next;
        front.advance();
        self.output_offset = 0;
        self.account(header, 1, ledger);
        let message = String::from_utf8_lossy(body).into_owned();
        let failure = if header.has(PANICKED) {
            TaskFailure::Panicked(message)
        } else {
            TaskFailure::Failed(message)
        };
        client.failed(task, pid, failure).map_err(Trouble::Run)
    }

    /// Tasks of the front batch were answered.
    fn account(&mut self, header: &Header, answered: u32, ledger: &mut Ledger) {
        self.tasks += u64::from(answered);
        self.busy += Duration::from_nanos(header.busy_ns);
        ledger.tasks_out -= answered as usize;
        let Some(front) = self.held.front() else { return };
        self.unpaced_ns = self.unpaced_ns.saturating_add(header.busy_ns);
        if answered > 0 {
            let busy_ns = std::mem::take(&mut self.unpaced_ns);
            ledger.paces[front.job as usize].answered(answered, busy_ns);
        }
        if front.left == 0
            && let Some(front) = self.held.pop_front()
        {
            self.sent -= 1;
            self.front_since = Instant::now();
            ledger.keep(front.into_buffer());
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

/// The lengths of all items of a body in an arena. Each is read once, and checked before any item
/// is believed: the memory is the worker's too.
fn lens_in_arena(place: Place, ring: &RingReader, lens: &mut [usize]) -> Result<(), FrameError> {
    if place.len > MAX_BODY_TO_PARENT as u64 {
        return Err(FrameError::Place);
    }
    let mut at = 0;
    for len in lens {
        let mut head = [0; ITEM_HEAD_LEN];
        ring.copy_part(place, at, &mut head)?;
        *len = u32::from_le_bytes(head) as usize;
        at += ITEM_HEAD_LEN + *len;
    }
    if at as u64 == place.len { Ok(()) } else { Err(FrameError::Body) }
}
