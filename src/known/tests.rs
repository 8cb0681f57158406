use std::collections::HashMap;
use std::io::Write as _;

use proptest::prelude::*;

use super::*;

/// Digests that are spread like those of SHA-512, without the time that hashing takes.
fn random_digest(number: u64) -> Digest {
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut digest = [0; 64];
    for part in digest.chunks_exact_mut(8) {
        // The output function of splitmix64 (Steele, Lea, Flood 2014).
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        part.copy_from_slice(&(mixed ^ (mixed >> 31)).to_le_bytes());
    }
    digest
}

fn random_digests(numbers: impl Iterator<Item = u64>) -> Vec<Digest> {
    numbers.map(random_digest).collect()
}

/// Random digests in which some bytes are all the same.
fn with_equal_bytes(count: u64, equal: std::ops::Range<usize>) -> Vec<Digest> {
    let mut digests = random_digests(0..count);
    for digest in &mut digests {
        digest[equal.clone()].fill(0xa5);
    }
    digests
}

fn sorted(mut digests: Vec<Digest>) -> Vec<Digest> {
    digests.sort_unstable();
    digests
}

fn twice(mut digests: Vec<Digest>) -> Vec<Digest> {
    digests.extend_from_within(..);
    digests
}

fn threads(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).unwrap()
}

/// Compares count and set with those of the standard library.
#[track_caller]
fn check(case: &str, digests: &[Digest], thread_count: usize) {
    let mut first = HashMap::new();
    for (index, digest) in digests.iter().enumerate() {
        first.entry(digest).or_insert(index);
    }
    let counted = count_distinct(digests, threads(thread_count)).unwrap();
    assert_eq!(counted, first.len(), "count of {case}, {thread_count} threads");
    let set = KnownSet::build(digests, threads(thread_count)).unwrap();
    assert_eq!(set.distinct(), first.len(), "set of {case}, {thread_count} threads");
    for (index, digest) in digests.iter().enumerate() {
        let position = set.position(digest);
        assert_eq!(position, Some(first[digest]), "place of digest {index} of {case}");
        let mut other = *digest;
        other[63] ^= 1;
        assert_eq!(set.contains(&other), first.contains_key(&other), "beside {index} of {case}");
    }
}

#[test]
fn count_and_set_are_those_of_the_standard_library() {
    let many = 100_000;
    let text_like = |index: u64| (many / (1 + index % 1000)).isqrt();
    let cases = [
        ("no digests", vec![]),
        ("one digest", random_digests(0..1)),
        ("zeros", vec![[0; 64]; 3]),
        ("different digests", random_digests(0..many)),
        ("some repeats", random_digests((0..many).map(|index| index % 90_001))),
        ("equal neighbours", random_digests((0..many).map(|index| index / 2))),
        ("one half again", twice(random_digests(0..many / 2))),
        ("few digests, often", random_digests((0..many).map(|index| index % 7))),
        ("repeats as in a text", random_digests((0..many).map(text_like))),
        ("one digest in every second place", random_digests((0..many).map(|i| i * (i & 1)))),
        ("all equal", vec![random_digest(7); 100_000]),
        ("sorted", sorted(random_digests(0..many))),
        ("sorted with repeats", sorted(random_digests((0..many).map(|index| index % 60_001)))),
        ("equal partitions", with_equal_bytes(many, 4..8)),
        ("equal tags", with_equal_bytes(many, 0..4)),
        ("equal prefixes", with_equal_bytes(many, 0..8)),
        ("equal prefixes with repeats", twice(with_equal_bytes(many / 2, 0..8))),
        ("equal but for the last bytes", with_equal_bytes(many, 0..60)),
        ("equal but for the first byte", with_equal_bytes(many, 1..64)),
    ];
    for (case, digests) in &cases {
        for thread_count in [1, 2, 3] {
            check(case, digests, thread_count);
        }
    }
}

#[test]
fn sizes_around_powers_of_two_are_right() {
    for exponent in 0..=17 {
        for size in (1_u64 << exponent) - 1..=(1 << exponent) + 1 {
            let digests = random_digests((0..size).map(|index| index % (size - size / 8).max(1)));
            for thread_count in [1, 4] {
                check(&format!("{size} digests"), &digests, thread_count);
            }
        }
    }
}

proptest! {
    #[test]
    fn any_mixture_of_repeats_and_near_equals_is_right(
        seeds in prop::collection::vec((0_u64..40, 0_usize..64, 0_u8..3), 0..3000),
    ) {
        let digests: Vec<Digest> = seeds
            .iter()
            .map(|&(number, byte, change)| {
                let mut digest = random_digest(number);
                digest[byte] ^= change;
                digest
            })
            .collect();
        check("a mixture", &digests, 1);
    }
}

#[test]
fn as_many_threads_as_asked_for_do_not_change_the_result() {
    let digests = random_digests((0..200_000).map(|index| index % 150_001));
    for thread_count in [1, 2, 3, 5, 6, 64, usize::MAX] {
        assert_eq!(count_distinct(&digests, threads(thread_count)).unwrap(), 150_001);
    }
}

#[test]
fn a_million_equal_digests_and_one_more_are_counted() {
    let mut digests = vec![random_digest(1); 1_000_000];
    digests.push(random_digest(2));
    for thread_count in [1, 2] {
        let set = KnownSet::build(&digests, threads(thread_count)).unwrap();
        assert_eq!(set.distinct(), 2);
        assert_eq!(set.position(&random_digest(2)), Some(1_000_000));
    }
}

#[test]
fn digests_that_aim_at_one_partition_are_spread_by_a_seed() {
    let digests = with_equal_bytes(100_000, 4..8);
    let table = KnownSet::build(&digests, threads(2)).unwrap().table;
    assert!(matches!(table.key, Key::Seeded(_)));
    let table_of_random = KnownSet::build(&random_digests(0..100_000), threads(2)).unwrap().table;
    assert!(matches!(table_of_random.key, Key::Leading));
}

#[test]
fn more_digests_than_entries_can_number_are_an_error() {
    // The digests are never read: the length alone is refused. Untouched zero pages stand in.
    let Ok(region) = Region::private(64 << 32) else {
        // Not println!, which the test harness swallows where a test passes.
        let note = b"NOT TESTED: too many digests: this system refuses 256 GiB of address space\n";
        io::stderr().write_all(note).unwrap();
        return;
    };
    let (digests, _) = region.private_bytes().as_chunks();
    let error = count_distinct(digests, threads(1)).unwrap_err();
    assert!(matches!(error, KnownError::TooMany { digests } if digests == 1 << 32));
}

#[test]
fn digests_of_equal_or_crowded_tags_are_looked_up_like_any_others() {
    for equal in [0..8, 0..7, 1..8, 0..4, 4..8, 8..64] {
        let digests = with_equal_bytes(4000, equal.clone());
        let set = KnownSet::build(&digests[..2000], threads(1)).unwrap();
        let known = digests.iter().map(|digest| set.contains(digest));
        assert!(known.eq((0..4000).map(|number| number < 2000)), "{equal:?}");
    }
    assert!(!KnownSet::build(&[], threads(1)).unwrap().contains(&[0; 64]));
}

#[test]
fn digests_are_kept_once_each() {
    let digest = |byte: u8| [byte; crate::sha512::DIGEST_LEN];
    for (digests, kept) in [
        (vec![], vec![]),
        (vec![7], vec![7]),
        (vec![7, 7, 7], vec![7]),
        (vec![3, 1, 2, 3, 1], vec![1, 2, 3]),
    ] {
        let mut digests: Vec<Digest> = digests.into_iter().map(digest).collect();
        let left = keep_distinct(&mut digests);
        let expected: Vec<Digest> = kept.into_iter().map(digest).collect();
        assert_eq!(digests[..left], expected[..]);
    }
}
