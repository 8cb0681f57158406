//! The walk through the tree of words: how many are made below each node, which are repeated, and
//! their bytes.
//!
//! Everything is decided in whole numbers on the way down, from one stream of random numbers in the
//! order of the walk; that is what makes a list the same everywhere.

use std::io;

use super::Spec;
use super::language::{
    ENDING_COUNT, Language, MOST_SYLLABLES, MOST_WORD_BYTES, Piece, SLOTS, Syllables, ending_range,
};
use super::random::SplitMix64;

/// Bytes that are gathered before the sink is given them: enough to make a system call cheap, few
/// enough to stay in the second-level cache.
const PAGE_BYTES: usize = 64 << 10;

/// Bytes that are copied for a word, however short it is: copying a fixed length is one or two
/// moves. A line's end and the zeros behind the last piece fit too.
const LINE_BYTES: usize = 32;
const _: () = assert!(MOST_WORD_BYTES + size_of::<[u8; 4]>() < LINE_BYTES);

/// Of 256 words that begin with some number of syllables, how many end there if the endings
/// suffice. Set so that the built-in list has a natural spread of lengths and a mean near 10.4.
const ENDED_OF_256: [u64; MOST_SYLLABLES] = [0, 32, 36, 80, 144, 192];

/// Fewer distinct words than this are dealt out one by one; more, branch by branch. It only decides
/// which of two loops is shorter.
const FEW: u64 = 128;

/// How many of 8 repeated words are on the list three times rather than twice.
const TRIPLES_OF_8: u64 = 1;

/// One writing of a list, from its first word to its last.
pub(super) struct Walk<'a, W> {
    language: &'a Language,
    distinct: u64,
    random: SplitMix64,
    repetition: Repetition,
    /// The syllables of the node that is being visited; behind them, remains of others.
    line: [u8; LINE_BYTES],
    /// Lines for the sink, and where the next one goes.
    page: Box<[u8]>,
    filled: usize,
    sink: &'a mut W,
}

/// A node of the tree: where words that begin with the same syllables part.
#[derive(Clone, Copy)]
struct Node {
    /// How many syllables those are.
    depth: usize,
    /// How many bytes.
    len: usize,
}

impl<'a, W: io::Write> Walk<'a, W> {
    /// A walk that will make the list of `spec` from the words of `language`, of which there must be
    /// enough.
    pub(super) fn new(language: &'a Language, spec: &Spec, sink: &'a mut W) -> Self {
        Self {
            language,
            distinct: spec.distinct,
            random: SplitMix64::new(spec.seed),
            repetition: Repetition::new(spec),
            line: [0; LINE_BYTES],
            page: vec![0; PAGE_BYTES].into(),
            filled: 0,
            sink,
        }
    }

    /// Writes the list.
    pub(super) fn write_list(mut self) -> io::Result<()> {
        self.visit(Node { depth: 0, len: 0 }, self.distinct)?;
        self.sink.write_all(&self.page[..self.filled])
    }

    /// Writes `distinct` different words that begin as `node` does, whose syllables `line` holds.
    fn visit(&mut self, node: Node, distinct: u64) -> io::Result<()> {
        let endings = self.pick_endings(node, distinct);
        let longer = distinct - u64::from(endings.count_ones());
        let language = self.language;
        let mut branches = Branches { node, endings };
        if let Some(syllables) = language.syllables(node.depth) {
            let most_below = language.words_below(node.depth + 1);
            // Two more than the even share: dealt out one by one, words may crowd that much.
            let crowd = u128::from(longer) * u128::from(syllables.widest) / SLOTS as u128 + 2;
            if crowd > u128::from(most_below) {
                self.share_alike(syllables, &mut branches, longer)?;
            } else if longer < FEW {
                self.deal(syllables, &mut branches, longer)?;
            } else {
                self.share_by_weight(syllables, &mut branches, longer)?;
            }
        }
        self.finish_words(&mut branches, usize::MAX)
    }

    /// Which endings the words that end at `node` have, a bit each.
    fn pick_endings(&mut self, node: Node, distinct: u64) -> u16 {
        let (start, end) = ending_range(node.depth);
        let possible = (end - start) as u64;
        let longer = self.language.words_below(node.depth) - possible;
        let wished = match ENDED_OF_256.get(node.depth) {
            Some(&share) => {
                (u128::from(distinct) * u128::from(share) + u128::from(self.random.below(256)))
                    / 256
            }
            None => u128::from(distinct),
        };
        let most = possible.min(distinct);
        let wished = u64::try_from(wished).map_or(most, |wished| wished.min(most));
        let mut wanted = wished.max(distinct.saturating_sub(longer));
        // Selection sampling: Knuth, The Art of Computer Programming, volume 2, algorithm 3.4.2 S.
        let mut picked = 0;
        for (index, left) in (start..end).zip((1..=possible).rev()) {
            if wanted == 0 {
                break;
            }
            if self.random.below(left) < wanted {
                picked |= 1 << index;
                wanted -= 1;
            }
        }
        picked
    }

    /// Hands `distinct` words to the branches by weight, one by one: each of as many equal stretches
    /// of the slots has one word, somewhere in it.
    fn deal(&mut self, syllables: &Syllables, to: &mut Branches, distinct: u64) -> io::Result<()> {
        // In 65,536ths of a slot. Rounded down, so that no place is beyond the last slot.
        let stretch = ((SLOTS as u64) << 16).checked_div(distinct).unwrap_or(0);
        let (mut syllable, mut gathered) = (0, 0);
        for index in 0..distinct {
            let place = ((index << 16) + self.random.next() % (1 << 16)) * stretch;
            let slot = usize::try_from(place >> 32).expect("a slot's number is small");
            let next = usize::from(syllables.slots[slot]);
            if next != syllable {
                self.visit_branch(syllables, to, syllable, gathered)?;
                (syllable, gathered) = (next, 0);
            }
            gathered += 1;
        }
        self.visit_branch(syllables, to, syllable, gathered)
    }

    /// Hands `distinct` words to the branches by weight, the rounding shifted by chance.
    fn share_by_weight(
        &mut self,
        syllables: &Syllables,
        to: &mut Branches,
        distinct: u64,
    ) -> io::Result<()> {
        let shift = self.random.next() % SLOTS as u64;
        let before = |slot: u32| {
            (u128::from(slot) * u128::from(distinct) + u128::from(shift)) / SLOTS as u128
        };
        for (syllable, edges) in syllables.edges.windows(2).enumerate() {
            let share = before(edges[1]) - before(edges[0]);
            self.visit_branch(syllables, to, syllable, whole(share))?;
        }
        Ok(())
    }

    /// Hands every branch the same, to one word: where the common syllables' weight would ask more
    /// of them than there are words, this never does as long as the node has enough.
    fn share_alike(
        &mut self,
        syllables: &Syllables,
        to: &mut Branches,
        distinct: u64,
    ) -> io::Result<()> {
        let count = syllables.pieces.len();
        let shift = self.random.below(count as u64);
        let before = |index: usize| {
            (index as u128 * u128::from(distinct) + u128::from(shift)) / count as u128
        };
        for syllable in 0..count {
            let share = before(syllable + 1) - before(syllable);
            self.visit_branch(syllables, to, syllable, whole(share))?;
        }
        Ok(())
    }

    /// Writes `distinct` words that go on with `syllable`, and the ended ones that sort before them.
    fn visit_branch(
        &mut self,
        syllables: &Syllables,
        branches: &mut Branches,
        syllable: usize,
        distinct: u64,
    ) -> io::Result<()> {
        self.finish_words(branches, syllable)?;
        let (node, piece) = (branches.node, syllables.pieces[syllable]);
        match distinct {
            0 => Ok(()),
            1 => self.write_one_word(node, piece),
            _ => {
                put(&mut self.line, node.len, piece);
                self.visit(Node { depth: node.depth + 1, len: node.len + piece.len }, distinct)
            }
        }
    }

    /// Writes one word that goes on with `piece`: the way of nearly all branches, where there is
    /// nothing to share out.
    fn write_one_word(&mut self, node: Node, mut piece: Piece) -> io::Result<()> {
        self.begin_word()?;
        let Node { mut depth, mut len } = node;
        // Enough for all that is left to decide: a byte and a slot for each syllable, and an ending.
        let mut bits = self.random.next_wide();
        loop {
            put(&mut self.page, self.filled + len, piece);
            (depth, len) = (depth + 1, len + piece.len);
            let Some(syllables) = self.language.syllables(depth) else { break };
            let [first, ..] = bits.to_le_bytes();
            bits >>= u8::BITS;
            if u64::from(first) < ENDED_OF_256[depth] {
                break;
            }
            let [low, high, ..] = bits.to_le_bytes();
            bits >>= SLOTS.trailing_zeros();
            let slot = usize::from(u16::from_le_bytes([low, high])) % SLOTS;
            piece = syllables.pieces[usize::from(syllables.slots[slot])];
        }
        let (start, end) = ending_range(depth);
        let [pick, ..] = bits.to_le_bytes();
        let ending = start + usize::from(pick) * (end - start) / 256;
        self.end_word(len, ending)
    }

    /// Writes the ended words that are left and sort before `syllable`.
    fn finish_words(&mut self, branches: &mut Branches, syllable: usize) -> io::Result<()> {
        while branches.endings != 0 {
            let ending = branches.endings.trailing_zeros() as usize;
            if self.language.ending_place(ending) > syllable {
                break;
            }
            branches.endings &= branches.endings - 1;
            self.begin_word()?;
            self.end_word(branches.node.len, ending)?;
        }
        Ok(())
    }

    /// Lays the syllables of the node that is being visited down where the next word goes.
    ///
    /// The rest of the word is put behind them in place: a line put together elsewhere would have to
    /// be read back at once in one piece, which waits until all its parts have left the store queue.
    #[inline]
    fn begin_word(&mut self) -> io::Result<()> {
        if self.filled > PAGE_BYTES - LINE_BYTES {
            self.sink.write_all(&self.page[..self.filled])?;
            self.filled = 0;
        }
        self.page[self.filled..self.filled + LINE_BYTES].copy_from_slice(&self.line);
        Ok(())
    }

    /// Ends the word whose first `len` bytes are laid down, and repeats it as often as it is to be
    /// on the list.
    #[inline]
    fn end_word(&mut self, len: usize, ending: usize) -> io::Result<()> {
        let ending = self.language.ending(ending);
        put(&mut self.page, self.filled + len, ending);
        let line_len = len + ending.len + 1;
        self.page[self.filled + line_len - 1] = b'\n';
        self.filled += line_len;
        match self.repetition.copies(&mut self.random) {
            1 => Ok(()),
            copies => self.repeat(line_len, copies - 1),
        }
    }

    /// Writes the last line, of `line_len` bytes, `times` times again.
    #[cold]
    fn repeat(&mut self, line_len: usize, times: u64) -> io::Result<()> {
        let mut line = [0; LINE_BYTES];
        let line = &mut line[..line_len];
        line.copy_from_slice(&self.page[self.filled - line_len..self.filled]);
        for _ in 0..times {
            if self.filled > PAGE_BYTES - LINE_BYTES {
                self.sink.write_all(&self.page[..self.filled])?;
                self.filled = 0;
            }
            self.page[self.filled..self.filled + line_len].copy_from_slice(line);
            self.filled += line_len;
        }
        Ok(())
    }
}

/// Copies `piece` to `at`, with the zeros behind it, which what follows overwrites.
#[inline]
fn put(bytes: &mut [u8], at: usize, piece: Piece) {
    bytes[at..at + piece.bytes.len()].copy_from_slice(&piece.bytes);
}

/// What is still to be written at a node where words end and others go on.
struct Branches {
    node: Node,
    /// The endings of the words that end here and are not written yet, a bit each.
    endings: u16,
}
const _: () = assert!(ENDING_COUNT <= u16::BITS as usize);

/// A part of a count, as a count.
fn whole(share: u128) -> u64 {
    u64::try_from(share).expect("a share is no more than what is shared")
}

/// Which words are repeated: mostly pairs, some triples, and the sum exact.
///
/// What every word can have alike it has; the rest is handed out as the words go by, by selection
/// sampling (see [`Walk::pick_endings`]) with now and then two at once.
struct Repetition {
    /// How often every word is on the list at the least.
    each: u64,
    /// Copies to be handed out beyond that.
    extra: u64,
    /// Words to come; never fewer than `extra`.
    words_left: u64,
}

impl Repetition {
    fn new(spec: &Spec) -> Self {
        let words_left = spec.distinct;
        let each = spec.words.checked_div(words_left).unwrap_or(0);
        Self { each, extra: spec.words - each * words_left, words_left }
    }

    /// How often the next word is on the list.
    #[inline]
    fn copies(&mut self, random: &mut SplitMix64) -> u64 {
        let mut more = 0;
        if self.extra == self.words_left {
            more = u64::from(self.extra > 0);
        } else if self.extra > 0 {
            // A repeated word takes (8 + TRIPLES_OF_8) / 8 copies on the mean, so that fewer are.
            let ticket = random.below(self.words_left * (8 + TRIPLES_OF_8));
            if ticket < self.extra * 8 {
                more = (1 + u64::from(random.next() % 8 < TRIPLES_OF_8)).min(self.extra);
            }
        }
        self.extra -= more;
        self.words_left -= 1;
        self.each + more
    }
}
