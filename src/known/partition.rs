//! One partition: count its distinct digests, sort them, find one.
//!
//! Works on any slice of entries; it does not know how they came together. Nothing here is
//! approximate: tags and filters only spare comparisons of full digests, they never replace one
//! that is needed.

use crate::sha512::Digest;

/// A digest's index in its array (the low half) and its tag (the high half), as the bytes of a
/// `u64`: plain bytes, because that is what a region is made of.
pub(super) type Entry = [u8; 8];

/// Puts an entry together.
pub(super) fn entry(tag: u64, index: usize) -> Entry {
    let index = u64::try_from(index).expect("usize has at most 64 bits");
    (tag << 32 | index).to_ne_bytes()
}

/// An entry's tag.
pub(super) fn tag(entry: Entry) -> u64 {
    u64::from_ne_bytes(entry) >> 32
}

/// An entry's digest.
fn digest(digests: &[Digest], entry: Entry) -> &Digest {
    &digests[index(entry)]
}

/// An entry's index.
fn index(entry: Entry) -> usize {
    let index = u64::from_ne_bytes(entry) & u64::from(u32::MAX);
    usize::try_from(index).expect("it was a usize before")
}

/// Sorts the entries by tag, then digest, and leaves of equal digests only the one with the lowest
/// index; returns the number of entries that are left, in front. What stands behind them is of no
/// use any more.
pub(super) fn sort_distinct(digests: &[Digest], entries: &mut [Entry]) -> usize {
    entries.sort_unstable_by_key(|&entry| u64::from_ne_bytes(entry));
    let mut kept = 0;
    let mut start = 0;
    while start < entries.len() {
        let first = entries[start];
        let rest = &entries[start + 1..];
        let same_tag = rest.iter().take_while(|&&entry| tag(entry) == tag(first)).count();
        if same_tag == 0 {
            entries[kept] = first;
            kept += 1;
            start += 1;
            continue;
        }
        let end = start + 1 + same_tag;
        let distinct = distinct_in_run(digests, &mut entries[start..end]);
        entries.copy_within(start..start + distinct, kept);
        kept += distinct;
        start = end;
    }
    kept
}

/// Whether all 64 bytes are equal. Without a branch or a call (`==` calls `memcmp`), so that the
/// loads of many comparisons overlap.
pub(super) fn equal(left: &Digest, right: &Digest) -> bool {
    let (left, _) = left.as_chunks();
    let (right, _) = right.as_chunks();
    let differing = left.iter().zip(right).fold(0, |bits, (&left, &right)| {
        bits | (u64::from_ne_bytes(left) ^ u64::from_ne_bytes(right))
    });
    differing == 0
}

/// Brings the entries' digests into the nearest cache, many at a time. Compared right away, each
/// would be waited for alone: that made up a quarter of all the time.
fn touch(digests: &[Digest], entries: &[Entry]) {
    std::hint::black_box(entries.iter().fold(0, |sum, &entry| sum ^ digest(digests, entry)[0]));
}

/// As [`sort_distinct`], for entries that have one tag and stand in the order of their indices.
fn distinct_in_run(digests: &[Digest], run: &mut [Entry]) -> usize {
    let first = digest(digests, run[0]);
    if run[1..].iter().all(|&entry| equal(digest(digests, entry), first)) {
        return 1;
    }
    run.sort_unstable_by_key(|&entry| (digest(digests, entry), index(entry)));
    let mut kept = 1;
    for place in 1..run.len() {
        if digest(digests, run[place]) != digest(digests, run[kept - 1]) {
            run[kept] = run[place];
            kept += 1;
        }
    }
    kept
}

/// The index of the digest that is equal to `wanted`, whose tag is `wanted_tag`, among entries in
/// the order of [`sort_distinct`].
pub(super) fn find(
    digests: &[Digest],
    entries: &[Entry],
    wanted_tag: u64,
    wanted: &Digest,
) -> Option<usize> {
    let start = lower_bound(entries, wanted_tag);
    let first = entries[start..].first().filter(|&&entry| tag(entry) == wanted_tag)?;
    if equal(digest(digests, *first), wanted) {
        return Some(index(*first));
    }
    // Different digests with one tag are rare, unless somebody made them.
    let same_tag = entries[start..].partition_point(|&entry| tag(entry) == wanted_tag);
    let same_tag = &entries[start..start + same_tag];
    let place = same_tag.binary_search_by(|&entry| digest(digests, entry).cmp(wanted)).ok()?;
    Some(index(same_tag[place]))
}

/// The place of the first entry whose tag is not lower.
///
/// Tags are random, so a tag's place among `n` entries is told by its share of all tags, but for a
/// deviation of about the root of `n`; the search begins there. From all entries it would read
/// twice as many cache lines.
fn lower_bound(entries: &[Entry], wanted_tag: u64) -> usize {
    const REACH: usize = 64;
    let guess = usize::try_from((wanted_tag * entries.len() as u64) >> 32).expect("an index");
    let near = guess.saturating_sub(REACH)..(guess + REACH).min(entries.len());
    let is_lower = |entry: &Entry| tag(*entry) < wanted_tag;
    let begins_lower = near.start == 0 || entries.get(near.start).is_some_and(is_lower);
    let ends_higher = near.end == entries.len() || !is_lower(&entries[near.end]);
    if begins_lower && ends_higher {
        near.start + entries[near].partition_point(is_lower)
    } else {
        entries.partition_point(is_lower)
    }
}

/// Counts the distinct digests of a partition without sorting all of it.
///
/// Most digests have no equal. A filter of two bits a cell, many cells an entry, tells which
/// entries *may* have one: those whose cell was met twice. Only they are sorted and compared.
#[derive(Debug, Default)]
pub(super) struct Filter {
    /// For 64 cells at a time: the cells met at least once, and at least twice.
    cells: Vec<[u64; 2]>,
}

impl Filter {
    /// A filter without memory; it takes what the partitions need.
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// For 11 to 21 cells an entry: then less than every tenth entry is suspected in vain.
    fn words_for(entries: usize) -> usize {
        ((entries / 3 * 2).next_power_of_two() / 4).max(1)
    }

    /// The memory that a filter for that many entries takes.
    #[cfg(test)]
    pub(super) fn bytes_for(entries: usize) -> usize {
        Self::words_for(entries) * size_of::<[u64; 2]>()
    }

    /// Counts the distinct digests of the entries. Their order is lost, and some of them too.
    pub(super) fn count_distinct(&mut self, digests: &[Digest], entries: &mut [Entry]) -> usize {
        let words = Self::words_for(entries.len());
        self.cells.clear();
        self.cells.resize(words, [0; 2]);
        let word_bits = words.ilog2();
        let cell = |entry: Entry| {
            let tag = tag(entry);
            let word = usize::try_from(tag << word_bits >> 32).expect("fewer than there are words");
            (word, 1 << (tag & 63))
        };
        for &entry in &*entries {
            let (word, bit) = cell(entry);
            let [once, twice] = &mut self.cells[word];
            *twice |= *once & bit;
            *once |= bit;
        }
        let mut suspects = 0;
        for place in 0..entries.len() {
            let entry = entries[place];
            let (word, bit) = cell(entry);
            entries[suspects] = entry;
            suspects += usize::from(self.cells[word][1] & bit != 0);
        }
        touch(digests, &entries[..suspects]);
        entries.len() - suspects + sort_distinct(digests, &mut entries[..suspects])
    }
}
