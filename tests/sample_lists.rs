//! The sample lists in `words/` are what their README says.
//!
//! Words are split here in the plainest way, one byte after the other, with nothing of the library:
//! the counts are a second opinion on its splitting.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("words")
}

fn bytes_of(list: &str) -> Vec<u8> {
    fs::read(folder().join(list)).unwrap_or_else(|error| panic!("{list}: {error}"))
}

/// The words of a list: LF or CRLF ends one, a last one needs no end, a byte-order mark is no data.
fn words_of(list: &[u8]) -> Vec<Vec<u8>> {
    let list = list.strip_prefix(BYTE_ORDER_MARK).unwrap_or(list);
    let mut words = Vec::new();
    let mut word = Vec::new();
    for &byte in list {
        if byte == b'\n' {
            if word.last() == Some(&b'\r') {
                word.pop();
            }
            words.push(std::mem::take(&mut word));
        } else {
            word.push(byte);
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// Name, bytes, words and distinct words, as the rows of the README's first table have them.
fn rows_of_readme() -> Vec<(String, [usize; 3])> {
    let readme = String::from_utf8(bytes_of("README.md")).expect("the README is text");
    readme
        .lines()
        .filter_map(|line| {
            let cells: Vec<_> = line.split('|').map(str::trim).collect();
            let name = cells.get(1)?.strip_prefix('`')?.strip_suffix('`')?;
            let count = |index: usize| cells[index].parse().expect("a count");
            Some((name.to_owned(), [count(2), count(3), count(4)]))
        })
        .collect()
}

#[test]
fn every_list_has_the_counts_that_the_readme_gives() {
    for (name, expected) in rows_of_readme() {
        let list = bytes_of(&name);
        let words = words_of(&list);
        let distinct: HashSet<_> = words.iter().collect();
        assert_eq!([list.len(), words.len(), distinct.len()], expected, "{name}");
    }
}

#[test]
fn every_list_has_its_row_in_the_readme() {
    let mut lists: Vec<_> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "README.md" && !name.starts_with('.'))
        .collect();
    lists.sort();
    let rows: Vec<_> = rows_of_readme().into_iter().map(|(name, _)| name).collect();
    assert_eq!(rows, lists);
}

#[test]
fn the_english_words_are_sorted_lower_case_and_partly_repeated() {
    let words = words_of(&bytes_of("english.txt"));
    assert!(words.is_sorted());
    assert!(words.iter().flatten().all(u8::is_ascii_lowercase));
    let repeats: Vec<_> = words.chunk_by(|a, b| a == b).map(<[_]>::len).collect();
    let on_it = |times| repeats.iter().filter(|&&repeat| repeat == times).count();
    assert_eq!((on_it(3), on_it(2), on_it(1)), (2, 8, 531));
}

#[test]
fn every_line_of_the_crlf_list_ends_with_crlf() {
    let list = bytes_of("crlf.txt");
    assert!(list.split_inclusive(|&byte| byte == b'\n').all(|line| line.ends_with(b"\r\n")));
}

#[test]
fn the_blank_list_counts_as_described_with_and_without_its_blank_lines() {
    let words = words_of(&bytes_of("blank.txt"));
    let (blank, other): (Vec<_>, Vec<_>) = words.iter().partition(|word| word.is_empty());
    let distinct: HashSet<_> = other.iter().collect();
    assert_eq!((blank.len(), other.len(), distinct.len()), (6, 4, 3));
}

#[test]
fn the_list_of_many_scripts_is_utf8_and_holds_both_spellings() {
    let list = String::from_utf8(bytes_of("utf8.txt")).unwrap();
    for word in ["caf\u{e9}", "cafe\u{301}"] {
        assert!(list.lines().any(|line| line == word), "{word}");
    }
}

#[test]
fn the_awkward_list_holds_what_the_readme_lists() {
    let words = words_of(&bytes_of("awkward.bin"));
    for (line, expected) in [
        (1, b"plain".as_slice()),
        (2, b"plain"),
        (3, b"nul\0inside"),
        (4, b"\0"),
        (5, b""),
        (6, b""),
        (7, b"\r"),
        (8, b"lone\rreturn"),
        (9, b"lone"),
        (10, b"\xff\xfe"),
        (11, b"cut short \xe2\x82"),
        (12, b"lone surrogate \xed\xa0\x80"),
        (13, b"too long \xc0\xaf"),
        (14, b"\xef\xbb\xbfplain"),
        (15, b" blanks \t"),
        (16, b"$HEX[00]"),
        (17, b"line\xe2\x80\xa8separator\x0band\x0c\x85\x1c"),
        (19, b"plain"),
        (20, b"no end, and a last return\r"),
    ] {
        assert_eq!(words[line - 1], expected, "line {line}");
    }
    let values: HashSet<_> = words[18 - 1].iter().collect();
    assert_eq!((words[18 - 1].len(), values.len()), (5000, 254));
    let not_utf8 = words.iter().position(|word| str::from_utf8(word).is_err());
    assert_eq!(not_utf8, Some(10 - 1));
}
