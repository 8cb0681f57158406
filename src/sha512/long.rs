//! Words of more than one block, side by side however unequal they are.
//!
//! Each lane hashes its own word, block after block; when a word ends, its lane takes the next one
//! while the others go on. So lanes stay full whatever the lengths, and only the last words of all
//! have idle lanes beside them. The simpler way, groups of words of equal block count, leaves a
//! half-filled group for every count that occurs.

use std::mem::MaybeUninit;
use std::num::NonZeroU32;

use sha2::block_api::compress512;

use super::block::{BLOCK_LEN, Block, Job, Lanes, SHORT_LEN, States, hash_rest};
use super::constants::INITIAL_STATE;
use super::{DIGEST_LEN, Digest};

/// The long words that are being hashed, one a lane.
pub(super) struct LongWords<'a, 'd, L, const N: usize> {
    lanes: L,
    rounds: NonZeroU32,
    messages: [Option<Message<'a, 'd>>; N],
    states: States<N>,
    /// The digests of `hashed_once` words whose other rounds are still to come, and their places.
    digests: [Digest; N],
    places: [Option<&'d mut MaybeUninit<Digest>>; N],
    hashed_once: usize,
}

/// A word on its way through a lane.
struct Message<'a, 'd> {
    word: &'a [u8],
    /// Where the next block begins.
    offset: usize,
    place: &'d mut MaybeUninit<Digest>,
}

impl<'a, 'd, L: Lanes<N>, const N: usize> LongWords<'a, 'd, L, N> {
    /// No words yet.
    pub(super) fn new(lanes: L, rounds: NonZeroU32) -> Self {
        Self {
            lanes,
            rounds,
            messages: [const { None }; N],
            states: States([[0; N]; 8]),
            digests: [[0; DIGEST_LEN]; N],
            places: [const { None }; N],
            hashed_once: 0,
        }
    }

    /// Takes one more word; hashes on until there is a lane for it.
    pub(super) fn push(&mut self, job: Job<'a, 'd>) {
        let Job { word, place } = job;
        let lane = loop {
            match self.messages.iter().position(Option::is_none) {
                Some(lane) => break lane,
                None => self.advance(),
            }
        };
        for (row, initial) in self.states.0.iter_mut().zip(INITIAL_STATE) {
            row[lane] = initial;
        }
        self.messages[lane] = Some(Message { word, offset: 0, place });
    }

    /// Hashes all words to their ends.
    pub(super) fn finish(mut self) {
        while self.messages.iter().flatten().count() > 1 {
            self.advance();
        }
        for lane in 0..N {
            self.finish_alone(lane);
        }
        self.hash_again();
    }

    /// Takes every word on until the first of them ends.
    fn advance(&mut self) {
        let steps = self.messages.iter().flatten().map(Message::blocks_left).min().unwrap_or(0);
        for _ in 0..steps {
            let blocks = self.messages.each_mut().map(|message| match message {
                Some(message) => message.next_block(),
                None => Block::at(Block::IDLE_WORD, 0),
            });
            self.lanes.compress_blocks(&mut self.states, &blocks);
        }
        for lane in 0..N {
            let ended = self.messages[lane].take_if(|message| message.blocks_left() == 0);
            if let Some(message) = ended {
                self.end(lane, message.place);
            }
        }
    }

    /// Takes the word of one lane to its end without the other lanes, which are idle.
    fn finish_alone(&mut self, lane: usize) {
        let Some(message) = self.messages[lane].take() else { return };
        let mut state = self.states.0.map(|row| row[lane]);
        let (whole, rest) = message.word.as_chunks();
        let (tail, tail_blocks) = padded(rest, message.word.len());
        let done = message.offset / BLOCK_LEN;
        compress512(&mut state, &whole[done.min(whole.len())..]);
        compress512(&mut state, &tail[done.saturating_sub(whole.len())..tail_blocks]);
        for (row, word) in self.states.0.iter_mut().zip(state) {
            row[lane] = word;
        }
        self.end(lane, message.place);
    }

    /// Passes on the digest of a word that has ended: to its place, or to its other rounds.
    fn end(&mut self, lane: usize, place: &'d mut MaybeUninit<Digest>) {
        let mut digest = [0; DIGEST_LEN];
        for (bytes, row) in digest.as_chunks_mut().0.iter_mut().zip(&self.states.0) {
            *bytes = row[lane].to_be_bytes();
        }
        if self.rounds.get() == 1 {
            place.write(digest);
            return;
        }
        self.digests[self.hashed_once] = digest;
        self.places[self.hashed_once] = Some(place);
        self.hashed_once += 1;
        if self.hashed_once == N {
            self.hash_again();
        }
    }

    /// Does the rounds after the first: a digest is a short word.
    fn hash_again(&mut self) {
        let Some(rounds) = NonZeroU32::new(self.rounds.get() - 1) else { return };
        let mut spare = [MaybeUninit::uninit(); N];
        let mut group = spare.each_mut().map(|place| Job { word: Block::IDLE_WORD, place });
        let hashed_once = std::mem::take(&mut self.hashed_once);
        let digests = self.digests.iter().zip(&mut self.places).take(hashed_once);
        for (job, (word, place)) in group.iter_mut().zip(digests) {
            if let Some(place) = place.take() {
                *job = Job { word, place };
            }
        }
        hash_rest(self.lanes, &mut group, hashed_once, rounds);
    }
}

impl<'a> Message<'a, '_> {
    /// The blocks that are still to come.
    fn blocks_left(&self) -> usize {
        (self.word.len() + BLOCK_LEN - SHORT_LEN).div_ceil(BLOCK_LEN) - self.offset / BLOCK_LEN
    }

    fn next_block(&mut self) -> Block<'a> {
        let block = Block::at(self.word, self.offset);
        self.offset += BLOCK_LEN;
        block
    }
}

/// The end of a word of `len` bytes, the `rest` after its whole blocks, as one padded block or two
/// (FIPS 180-4, section 5.1.2); and which of these it is.
fn padded(rest: &[u8], len: usize) -> ([[u8; BLOCK_LEN]; 2], usize) {
    let mut tail = [[0; BLOCK_LEN]; 2];
    let blocks = if rest.len() > SHORT_LEN { 2 } else { 1 };
    let bytes = tail[..blocks].as_flattened_mut();
    bytes[..rest.len()].copy_from_slice(rest);
    bytes[rest.len()] = 0x80;
    let bits = len as u128 * 8;
    bytes[blocks * BLOCK_LEN - size_of::<u128>()..].copy_from_slice(&bits.to_be_bytes());
    (tail, blocks)
}
