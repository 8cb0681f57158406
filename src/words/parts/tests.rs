use proptest::prelude::*;

use super::super::Words;
use super::*;

fn list_of(text: &[u8], rules: Rules) -> ListFile {
    let file = tempfile::tempfile().unwrap();
    file.write_all_at(text, 0).unwrap();
    ListFile::of_file(file.into(), Source::StandardInput, rules).unwrap()
}

fn go_on() -> Option<i32> {
    None
}

/// The index, counted by several readers.
fn index_of(list: &ListFile, readers: u64) -> (PartIndex, u64) {
    let blocks = list.blocks();
    let (mut words, mut tally) = (Vec::new(), 0_u64);
    for reader in 0..readers {
        let part = reader * blocks / readers..(reader + 1) * blocks / readers;
        let survey = list.survey(part, &go_on).unwrap();
        words.extend(survey.words);
        tally = tally.wrapping_add(survey.tally);
    }
    (PartIndex::new(&words), tally)
}

fn text_of(lines: &[(usize, u8)]) -> Vec<u8> {
    let mut text = Vec::new();
    for &(len, end) in lines {
        text.extend(std::iter::repeat_n(b'x', len));
        text.extend_from_slice([&b"\n"[..], b"\r\n", b"\n\n", b"\n\r\n"][usize::from(end % 4)]);
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]
    #[test]
    fn parts_put_together_are_the_list(
        lines in prop::collection::vec((prop_oneof![0_usize..12, Just(4095), Just(9000)], 0_u8..4), 0..2000),
        last in 0_usize..3,
        sizes in prop::collection::vec(1_usize..700, 1..5),
        readers in 1_u64..6,
        marked: bool,
        skip_blank: bool,
    ) {
        let rules = Rules { skip_blank, ..Rules::default() };
        let mut text = text_of(&lines);
        text.extend(std::iter::repeat_n(b'y', last));
        let all: Vec<&[u8]> = Words::new(&text, rules).collect();
        let mark = if marked { BYTE_ORDER_MARK } else { b"" };
        let list = list_of(&[mark, &text].concat(), rules);
        let (index, whole) = index_of(&list, readers);
        prop_assert_eq!(index.words(), all.len() as u64);
        prop_assert_eq!(whole, tally(&text, mark.len() as u64));
        let (mut first, mut sum) = (0, 0_u64);
        let mut reader = Reader::default();
        for size in sizes.iter().cycle() {
            let end = (first + size).min(all.len());
            if first == end {
                break;
            }
            // From the front to the back, and from the back to the front.
            reader.seek(&list, &index, first as u64).unwrap();
            while first < end {
                let piece = reader.next_piece(&list, end - first).unwrap().unwrap();
                let words: Vec<&[u8]> = Words::new(piece.bytes, rules).collect();
                prop_assert_eq!(piece.words, words.len());
                prop_assert_eq!(&words[..], &all[first..first + words.len()]);
                sum = sum.wrapping_add(tally(piece.bytes, piece.at));
                first += words.len();
            }
        }
        while let Some(piece) = reader.next_piece(&list, 1).unwrap() {
            prop_assert_eq!(piece.words, 0, "only blank lines are left");
            sum = sum.wrapping_add(tally(piece.bytes, piece.at));
        }
        if !all.is_empty() {
            prop_assert_eq!(sum, whole);
        }
    }

    #[test]
    fn tallies_of_parts_add_up_and_show_every_difference(
        bytes in prop::collection::vec(any::<u8>(), 1..200), at in 0_u64..100, cut in 0_usize..200, place in 0_usize..200
    ) {
        let (left, right) = bytes.split_at(cut.min(bytes.len()));
        let sum = tally(left, at).wrapping_add(tally(right, at + left.len() as u64));
        prop_assert_eq!(sum, tally(&bytes, at));
        let mut other = bytes.clone();
        other[place % bytes.len()] ^= 1;
        prop_assert_ne!(tally(&other, at), tally(&bytes, at));
    }
}

#[test]
fn bytes_that_are_no_utf8_are_found_by_the_reader_of_their_line() {
    let mut text = "ö\n".repeat(4000).into_bytes();
    let bad = text.len() + 3;
    text.extend_from_slice(b"abc\xff\n");
    text.extend_from_slice("ü\n".repeat(4000).as_bytes());
    assert_eq!(text[bad], 0xff);
    let list = list_of(&text, Rules::default());
    for readers in 1..5 {
        let (mut lines, mut found) = (0, None);
        for reader in 0..readers {
            let part = reader * list.blocks() / readers..(reader + 1) * list.blocks() / readers;
            let (more, bad) = list.check_utf8(part, &go_on).unwrap();
            found = found.or(bad.map(|bad| (lines + bad.line, bad.byte, bad.value)));
            lines += more;
        }
        assert_eq!(found, Some((4000, 4, 0xff)), "{readers} readers");
    }
}

#[test]
fn a_fingerprint_tells_small_files_apart_by_every_byte_and_large_ones_by_their_length() {
    let text = b"word\n".repeat(1000);
    let fingerprint = |text: &[u8]| list_of(text, Rules::default()).fingerprint().unwrap();
    let mut other = text.clone();
    other[2500] = b'x';
    assert_eq!(fingerprint(&text), fingerprint(&text));
    assert_ne!(fingerprint(&text), fingerprint(&other));
    let large = b"word\n".repeat(4 << 20);
    assert_eq!(fingerprint(&large), fingerprint(&large));
    assert_ne!(fingerprint(&large), fingerprint(&large[5..]));
}

#[test]
fn what_has_no_parts_is_refused() {
    let packed = tempfile::tempfile().unwrap();
    packed.write_all_at(b"\x1f\x8b\x08\x00", 0).unwrap();
    let origin = Source::Path("words.gz".into());
    let error = ListFile::of_file(packed.into(), origin, Rules::default()).unwrap_err();
    assert_eq!(error.to_string(), "words.gz is a gzip archive: it cannot be read in parts");
    let interrupt = Interrupt::manual().unwrap();
    for origin in [Source::StandardInput, Source::Path("/dev/null".into())] {
        let error = ListFile::open(&origin, Rules::default(), &interrupt).unwrap_err();
        assert!(matches!(error, LoadError::NoParts { .. }), "{error}");
    }
}
