use std::os::fd::OwnedFd;

use proptest::prelude::*;

use super::*;
use crate::words::Words;

const BYTES_A_WORD: usize = 76;

fn room(bytes: usize) -> Room {
    Room { bytes, bytes_a_word: BYTES_A_WORD, most_words: usize::MAX }
}

fn origin() -> Source {
    Source::StandardInput
}

/// The list as a file.
fn from_file(text: &[u8], rules: Rules, utf8: bool) -> Windows {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(text).unwrap();
    let windows = Windows::of_file(file.into(), origin(), rules, utf8).unwrap();
    windows.again_from(windows.blocks.input.try_clone().unwrap()).unwrap()
}

/// The list as it comes out of a pipe, in pieces.
fn from_pipe(text: &[u8], rules: Rules) -> Windows {
    let (reader, mut writer) = io::pipe().unwrap();
    let text = text.to_vec();
    std::thread::spawn(move || {
        // A reader that has enough goes away.
        let _ = text.chunks(777).try_for_each(|piece| writer.write_all(piece));
    });
    Windows::of_file(OwnedFd::from(reader), origin(), rules, false).unwrap()
}

fn all(windows: &mut Windows, room: Room) -> Result<Vec<Window>, LoadError> {
    let interrupt = Interrupt::manual().unwrap();
    std::iter::from_fn(|| windows.next_window(room, &interrupt).transpose()).collect()
}

/// The windows are the list, each within its room.
#[track_caller]
fn check(windows: &mut Windows, text: &[u8], rules: Rules, room: Room) {
    let read = all(windows, room).unwrap();
    let mut words = Words::new(text, rules);
    let mut first_word = 0;
    for (place, window) in read.iter().enumerate() {
        assert_eq!(window.first_word, first_word);
        assert_eq!(window.is_last, place + 1 == read.len());
        assert!(room.holds(window.list.loaded_bytes(), window.list.len()));
        assert!(window.list.words().eq(words.by_ref().take(window.list.len())), "window {place}");
        first_word += window.list.len();
    }
    assert_eq!(words.next(), None);
    assert_eq!(windows.bytes_read(), text.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]
    #[test]
    fn windows_put_together_are_the_list(
        lines in prop::collection::vec((prop_oneof![0_usize..12, Just(3000)], 0_u8..3), 0..2000),
        last in 0_usize..3,
        room_bytes in 4000_usize..60_000,
        most_words in prop_oneof![Just(usize::MAX), 1_usize..100],
        skip_blank: bool,
    ) {
        let rules = Rules { skip_blank, ..Rules::default() };
        let mut text = Vec::new();
        for &(len, end) in &lines {
            text.extend(std::iter::repeat_n(b'x', len));
            text.extend_from_slice([&b"\n"[..], b"\r\n", b"\n\n"][usize::from(end)]);
        }
        text.extend(std::iter::repeat_n(b'y', last));
        let room = Room { most_words, ..room(room_bytes) };
        let mut file = from_file(&text, rules, false);
        check(&mut file, &text, rules, room);
        // A file without a size may be one of the kernel's, which is read like a pipe.
        prop_assert_eq!(file.rewind().unwrap(), !text.is_empty());
        if !text.is_empty() {
            check(&mut file, &text, rules, room);
        }
        check(&mut from_pipe(&text, rules), &text, rules, room);
    }
}

#[test]
fn a_line_that_many_blocks_bring_goes_into_the_next_window_as_a_whole() {
    let long = vec![b'x'; 3 * BLOCK_BYTES];
    let text = [b"first\n", &long[..], b"\nlast\n"].concat();
    let room = room(long.len() + long.len() / 512 + 2 * BYTES_A_WORD + 8);
    for mut windows in
        [from_file(&text, Rules::default(), false), from_pipe(&text, Rules::default())]
    {
        check(&mut windows, &text, Rules::default(), room);
    }
}

#[test]
fn a_list_that_fits_is_one_window_and_an_empty_list_too() {
    for text in [&b""[..], b"\n", b"a", b"a\nb\n"] {
        for mut windows in
            [from_file(text, Rules::default(), false), from_pipe(text, Rules::default())]
        {
            let read = all(&mut windows, room(10_000)).unwrap();
            assert!(matches!(&read[..], [window] if window.is_last), "{text:?}");
        }
    }
}

#[test]
fn a_line_that_does_not_fit_is_named() {
    let text = [&b"a\nb\n"[..], &[b'x'; 5000], b"\nc\n"].concat();
    let error = all(&mut from_file(&text, Rules::default(), false), room(2000)).unwrap_err();
    assert!(matches!(error, LoadError::LineTooLong { line: 3, room_bytes: 2000, .. }), "{error}");
}

#[test]
fn a_byte_order_mark_counts_at_the_start_of_the_list_only() {
    let text = [&b"\xef\xbb\xbfa\n"[..]; 100].concat();
    let read = all(&mut from_file(&text, Rules::default(), false), room(1000)).unwrap();
    assert!(read.len() > 5);
    let words: Vec<&[u8]> = read.iter().flat_map(|window| window.list.words()).collect();
    assert_eq!(words[0], b"a");
    assert!(words[1..].iter().all(|word| word == b"\xef\xbb\xbfa"));
}

#[test]
fn bytes_that_are_not_utf8_are_found_at_their_line_of_the_whole_list() {
    let mut text = b"word\n".repeat(100);
    text.extend_from_slice(b"wor\xff\n");
    let error = all(&mut from_file(&text, Rules::default(), true), room(1000)).unwrap_err();
    assert!(matches!(error, LoadError::NotUtf8 { line: 101, byte: 4, value: 0xff, .. }), "{error}");
}

#[test]
fn an_archive_is_known_by_its_first_window() {
    let text = [&b"\xfd7zXZ\0\n"[..], &b"data\n".repeat(100)].concat();
    let error = all(&mut from_pipe(&text, Rules::default()), room(1000)).unwrap_err();
    assert!(matches!(error, LoadError::Archive { format: "xz", .. }), "{error}");
}

#[test]
fn a_pipe_cannot_be_read_twice() {
    assert!(!from_pipe(b"a\n", Rules::default()).rewind().unwrap());
}
