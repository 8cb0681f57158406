use std::collections::HashSet;

use sha2::Digest as _;

use super::*;

const NEVER: Stop<'static> = &|| false;

fn digests(numbers: impl Iterator<Item = u64>) -> Vec<Digest> {
    numbers.map(|number| sha2::Sha512::digest(number.to_le_bytes()).into()).collect()
}

/// Digests in which some bytes are all the same.
fn with_equal_bytes(count: u64, equal: std::ops::Range<usize>) -> Vec<Digest> {
    let mut digests = digests(0..count);
    for digest in &mut digests {
        digest[equal.clone()].fill(0xa5);
    }
    digests
}

/// Counts by way of the disk, added in pieces of a few sizes.
fn counted(digests: &[Digest], threads: usize, memory_bytes: usize) -> Spilled {
    let folder = tempfile::tempdir().unwrap();
    let threads = NonZeroUsize::new(threads).unwrap();
    let mut spill = Spill::create(folder.path(), threads).unwrap();
    let (first, rest) = digests.split_at(digests.len() / 3);
    spill.add(first, NEVER).unwrap();
    spill.add(rest, NEVER).unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "files have no names");
    spill.count(memory_bytes, NEVER).unwrap()
}

#[test]
fn the_count_is_exact_whatever_the_digests_and_the_memory_are() {
    let many = 70_000;
    let cases = [
        ("no digests", vec![]),
        ("one digest", digests(0..1)),
        ("different digests", digests(0..many)),
        ("some repeats", digests((0..many).map(|number| number % 60_001))),
        ("few digests, often", digests((0..many).map(|number| number % 7))),
        ("all equal", vec![[7; 64]; 70_000]),
        ("one file for all", with_equal_bytes(many, 8..16)),
        ("one file for all, with repeats", with_equal_bytes(many / 2, 8..16).repeat(2)),
        ("different in the last bytes only", with_equal_bytes(many, 0..60)),
    ];
    for (case, digests) in &cases {
        let distinct = digests.iter().collect::<HashSet<_>>().len();
        for (threads, memory_bytes) in [(1, 1 << 30), (2, 1 << 20), (3, 100_000), (1, 10_000)] {
            let spilled = counted(digests, threads, memory_bytes);
            assert_eq!(spilled.distinct, distinct, "{case}, {threads} threads, {memory_bytes}");
            assert!(spilled.bytes >= size_of_val(&digests[..]) as u64, "{case}");
        }
    }
}

#[test]
fn what_fits_is_written_once_and_what_does_not_is_split() {
    let digests = digests(0..10_000);
    let fits = counted(&digests, 2, 1 << 20);
    assert_eq!((fits.bytes, fits.partitions), (640_000, PARTITIONS));
    let split = counted(&digests, 2, 76 * 50);
    assert!(split.bytes > 640_000 && split.partitions > PARTITIONS);
}

#[test]
fn equal_digests_collapse_instead_of_being_written_again_and_again() {
    // Ten fit at a time: 7,000 pieces with one digest each are what is left after one split, and
    // 700 and 70 after further ones.
    let spilled = counted(&vec![[7; 64]; 70_000], 1, 76 * 10);
    assert_eq!(spilled.distinct, 1);
    assert!(spilled.bytes < 64 * 70_000 * 12 / 10);
}

#[test]
fn a_folder_that_is_not_there_is_named_with_the_remedy() {
    let error = Spill::create(Path::new("/nonexistent/folder"), NonZeroUsize::MIN).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("/nonexistent/folder") && text.contains("--temp-dir"), "{text}");
}

#[test]
fn a_request_to_stop_is_heard_while_writing_and_while_counting() {
    let folder = tempfile::tempdir().unwrap();
    let digests = vec![[7; 64]; 2000];
    let mut spill = Spill::create(folder.path(), NonZeroUsize::MIN).unwrap();
    assert!(matches!(spill.add(&digests, &|| true), Err(SpillError::Stopped)));
    let mut spill = Spill::create(folder.path(), NonZeroUsize::MIN).unwrap();
    spill.add(&digests, NEVER).unwrap();
    assert!(matches!(spill.count(1 << 20, &|| true), Err(SpillError::Stopped)));
}

#[test]
fn a_full_folder_is_told_with_what_other_files_of_the_run_take_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut spill = Spill::create(folder.path(), NonZeroUsize::MIN).unwrap();
    spill.expect(Some(10));
    spill.besides = 1000;
    let full = io::Error::from_raw_os_error(rustix::io::Errno::NOSPC.raw_os_error());
    match spill.failed(Failed::Write(full)) {
        SpillError::Full { written, needed, estimated, .. } => {
            assert_eq!((written.0, needed.0, estimated), (1000, 1640, true));
        }
        other => panic!("{other}"),
    }
}
