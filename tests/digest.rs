//! `wordhash digest`: compared with the `sha2` crate, Python's `hashlib` and `sha512sum`, and with
//! its own files.

mod judges;
mod packing;
mod program;

use std::ffi::OsStr;
use std::path::Path;
use std::process::Stdio;

use judges::{SHA512SUM, python};
use program::{file_of, program, sample, start, wordhash, wordhash_reading};
use sha2::{Digest as _, Sha512};

const WAYS: [&[&str]; 5] = [
    &["--serial"],
    &["--backend=threads", "-w=2"],
    &["-w=2", "-c=7"],
    &["-w=2", "--transport=pipe", "-c=7"],
    &["-w=2", "--start-method=fork"],
];

const SAMPLES: [&str; 7] =
    ["english.txt", "crlf.txt", "blank.txt", "bom.txt", "awkward.bin", "utf8.txt", "no_end.txt"];

/// The digests of a file's lines, one a line, with or without the lines' ends, by the `sha2` crate.
fn by_sha2(path: &Path, keep_end: bool) -> String {
    let text = std::fs::read(path).expect("the list");
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text);
    let digest = |line: &[u8]| {
        let word = line.strip_suffix(b"\r\n").or_else(|| line.strip_suffix(b"\n"));
        let word = if keep_end { line } else { word.unwrap_or(line) };
        hex::encode(Sha512::digest(word)) + "\n"
    };
    text.split_inclusive(|&byte| byte == b'\n').map(digest).collect()
}

/// The same by Python, with what it knows of lines and of SHA-512; `None` where there is no Python.
#[track_caller]
fn by_hashlib(path: &Path, keep_end: bool) -> Option<String> {
    let word = if keep_end {
        "line"
    } else {
        "line[:-2] if line.endswith(b'\\r\\n') else line.removesuffix(b'\\n')"
    };
    let program = format!(
        "import hashlib, io, sys\n\
         text = open(sys.argv[1], 'rb').read().removeprefix(b'\\xef\\xbb\\xbf')\n\
         for line in io.BytesIO(text).readlines(): print(hashlib.sha512({word}).hexdigest())"
    );
    python(&program, &[path.as_os_str()])
}

fn run(arguments: &[&str], path: &Path) -> Vec<u8> {
    let arguments =
        [&["digest", "-q"], arguments, &[path.to_str().expect("a path that is text")]].concat();
    wordhash(&arguments).exits_with(0).stdout
}

#[test]
fn digests_are_those_of_hashlib() {
    for list in SAMPLES {
        let path = sample(list);
        for (option, keep_end) in [("--encoding=bytes", false), ("--keep-newline", true)] {
            let Some(expected) = by_hashlib(&path, keep_end) else { return };
            let found = run(&["--only-hash", option], &path);
            assert_eq!(String::from_utf8(found).unwrap(), expected, "{list} {option}");
        }
    }
}

#[test]
fn digests_are_those_of_sha2_in_input_order_in_every_way_of_running() {
    for list in SAMPLES {
        let path = sample(list);
        for (option, keep_end) in [("--encoding=bytes", false), ("--keep-newline", true)] {
            let expected = by_sha2(&path, keep_end);
            for way in WAYS {
                let found = run(&[way, &["--only-hash", option]].concat(), &path);
                assert_eq!(String::from_utf8(found).unwrap(), expected, "{list} {option} {way:?}");
            }
        }
    }
}

#[test]
fn a_kept_line_end_is_what_pythons_readlines_keeps() {
    let path = sample("english.txt");
    let program = "import hashlib, sys\n\
                   for line in open(sys.argv[1]).readlines():\n    \
                   print(hashlib.sha512(line.encode()).hexdigest() + '  ' + line, end='')";
    let Some(expected) = python(program, &[path.as_os_str()]) else { return };
    assert_eq!(String::from_utf8(run(&["--keep-newline"], &path)).unwrap(), expected);
}

#[test]
fn sha512sum_finds_the_same_digest_of_each_word() {
    let folder = tempfile::tempdir().unwrap();
    let words = ["apple", "b", "quince"];
    for word in words {
        std::fs::write(folder.path().join(word), word).unwrap();
    }
    let list = folder.path().join("list.txt");
    std::fs::write(&list, words.join("\n")).unwrap();
    let Some(mut tool) = SHA512SUM.command() else { return };
    let expected = tool.args(words).current_dir(folder.path()).output().unwrap();
    assert_eq!(run(&[], &list), expected.stdout);
}

#[test]
fn records_have_the_shape_that_was_asked_for() {
    let (_folder, path) = file_of(b"a b\n\xff\n\n");
    let hex = by_sha2(&path, false);
    let hex: Vec<&str> = hex.lines().collect();
    let raw_digests: Vec<u8> = hex.iter().flat_map(|hex| hex::decode(hex).unwrap()).collect();
    let lines = |words: [&[u8]; 3], end: &[u8]| {
        let line = |(hex, word): (&&str, &&[u8])| [hex.as_bytes(), b"  ", word, end].concat();
        hex.iter().zip(&words).flat_map(line).collect::<Vec<u8>>()
    };
    for (options, expected) in [
        (&[][..], lines([b"a b", b"$HEX[ff]", b""], b"\n")),
        (&["--raw"], lines([b"a b", b"\xff", b""], b"\n")),
        (&["--null"], lines([b"a b", b"$HEX[ff]", b""], b"\0")),
        (&["--null", "--raw"], lines([b"a b", b"\xff", b""], b"\0")),
        (&["--only-hash", "--null"], format!("{}\0", hex.join("\0")).into_bytes()),
        (&["--binary"], raw_digests),
    ] {
        assert_eq!(run(options, &path), expected, "{options:?}");
        assert_eq!(run(&[options, &["--skip-blank", "--serial"]].concat(), &path), {
            let last = if options.contains(&"--binary") { 64 } else { 129 };
            let end = if options.contains(&"--only-hash") || last == 64 { last } else { 131 };
            expected[..expected.len() - end].to_vec()
        });
    }
}

#[test]
fn a_list_larger_than_the_memory_gives_the_same_records() {
    let list = wordhash(&["generate", "--words=300k"]).stdout;
    let (_folder, path) = file_of(&list);
    let whole = run(&["--serial"], &path);
    for (way, limit) in [(WAYS[0], "--max-memory=24m"), (WAYS[2], "--max-memory=36m")] {
        assert!(
            run(&[way, &["-c=auto", limit][usize::from(way.len() > 1)..]].concat(), &path) == whole
        );
    }
    let ended = wordhash_reading(&list, &["digest", "--serial", "--max-memory=24m", "-"]);
    assert!(ended.succeeds_quietly().stdout == whole, "from standard input");
}

/// Holds the digests of a list against a file of these bytes.
fn verify(records: &[u8], options: &[&str], list: &Path) -> program::Ended {
    let (_folder, path) = file_of(records);
    let verify = format!("--verify={}", path.display());
    wordhash(
        &[&["digest", &verify], options, &[list.to_str().expect("a path that is text")]].concat(),
    )
}

#[test]
fn a_file_of_records_is_held_against_the_list() {
    for list in SAMPLES {
        let list = sample(list);
        for options in [&[][..], &["--binary"], &["--only-hash"], &["--null", "--raw"]] {
            let records = run(options, &list);
            let ended = verify(&records, &[options, &["-q"]].concat(), &list).exits_with(0);
            assert!(ended.text().ends_with(" digests hold\n"), "{}", ended.text());
        }
    }
}

#[test]
fn any_flipped_bit_and_any_line_too_few_or_too_many_is_found_and_named() {
    let (_folder, list) = file_of(b"one\ntwo\nthree\n");
    for options in [&["--serial"][..], &["--serial", "--binary"]] {
        let records = run(options, &list);
        let length = records.len() / 3;
        for bit in (0..records.len() * 8).step_by(37) {
            let mut flipped = records.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let text = verify(&flipped, options, &list).exits_with(1).text();
            assert_eq!(text.lines().count(), 1, "{text}");
            assert!(text.contains(" is wrong from its byte "), "{text}");
        }
        let text = verify(&records[..length - 1], options, &list).exits_with(1).text();
        assert!(text.contains("too short: record 1, that of `one`"), "{text}");
        let longer = [&records, &records[..length]].concat();
        let text = verify(&longer, options, &list).exits_with(1).text();
        assert!(text.contains("too long: the list ends after 3 words"), "{text}");
    }
    let records = run(&[], &list);
    let text = verify(&records[..records.len() - 134], &[], &list).exits_with(1).text();
    assert!(text.contains("too short: record 3, that of `three`"), "{text}");
    let mut wrong = records.clone();
    wrong[134 + 5] = b'x';
    let text = verify(&wrong, &[], &list).exits_with(1).text();
    assert!(text.contains("record 2 is wrong from its byte 6 on"), "{text}");
    assert!(text.contains("`two`"), "{text}");
}

#[test]
fn a_difference_is_named_wherever_it_lies_in_a_long_file() {
    let words = 150_000;
    let (_folder, list) = file_of(&wordhash(&["generate", "--words=150k"]).stdout);
    let text = std::fs::read_to_string(&list).unwrap();
    for (way, limit) in [("--serial", "24m"), ("-w=2", "1g"), ("--start-method=fork", "36m")] {
        let options = [way, "--max-memory", limit];
        let records = run(&options, &list);
        let hold = |records: &[u8]| verify(records, &options, &list).exits_with(1).text();
        for number in [1, 2, 1800, 75_000, words] {
            let start = records.split_inclusive(|&byte| byte == b'\n').take(number - 1);
            let start: usize = start.map(<[u8]>::len).sum();
            let word = text.lines().nth(number - 1).unwrap();
            let mut flipped = records.clone();
            flipped[start + 100] ^= 1;
            let said = hold(&flipped);
            let wanted = format!(
                "record {number} is wrong from its byte 101 on; it should be that of `{word}`"
            );
            assert!(said.contains(&wanted), "{way}: {said}");
            let said = hold(&records[..start]);
            let wanted = format!("record {number}, that of `{word}`, is missing");
            assert!(said.contains(&wanted), "{way}: {said}");
        }
        let said = hold(&[&records[..], b"\n"].concat());
        assert!(said.contains(&format!("ends after {words} words")), "{way}: {said}");
    }
}

#[test]
fn records_may_be_packed_or_come_from_standard_input_and_other_forms_are_named() {
    let list = sample("english.txt");
    let list = list.to_str().unwrap();
    let records = wordhash(&["digest", "-q", list]).stdout;
    let folder = tempfile::tempdir().unwrap();
    let held = |bytes: &[u8]| {
        let path = folder.path().join("records");
        std::fs::write(&path, bytes).unwrap();
        wordhash(&["digest", "-q", "--verify", path.to_str().unwrap(), list])
    };
    held(&packing::gzip(&records, 1)).exits_with(0);
    wordhash_reading(&records, &["digest", "-q", "--verify", "-", list]).exits_with(0);
    wordhash_reading(&records, &["digest", "--verify", "-", "-"]).fails_saying(&["only once"]);
    let text = String::from_utf8(records.clone()).unwrap();
    held(text.replace('\n', "\r\n").as_bytes()).fails_saying(&["records", "CRLF"]);
    held(text.to_uppercase().as_bytes()).fails_saying(&["records", "capitals"]);
    held(format!("\u{feff}{text}").as_bytes()).fails_saying(&["records", "byte-order mark"]);
    let utf_16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    held(&utf_16).fails_saying(&["records", "UTF-16", "iconv"]);
    held(text.replacen('a', "b", 1).as_bytes()).exits_with(1);
}

#[test]
fn what_cannot_be_done_is_an_error() {
    let list = sample("english.txt");
    let list = list.to_str().unwrap();
    for (arguments, said) in [
        (&["--verify=/nonexistent", list][..], &["/nonexistent", "No such file"][..]),
        (&["--verify=/", list], &["/ is a directory"]),
        (&["--binary", "--raw", list], &["--binary", "--raw"]),
        (&["--only-hash", "--raw", list], &["--only-hash", "--raw"]),
        (&["/nonexistent"], &["/nonexistent"]),
        (&["-w", "1,2", list], &["--workers"]),
    ] {
        wordhash(&[&["digest"], arguments].concat()).fails_saying(said);
    }
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let mut command = program(&["digest", list]);
    command.stdout(Stdio::from(full));
    start(command).end().fails_saying(&["standard output", "No space left"]);
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = program(&[OsStr::new("digest"), sample("english.txt").as_os_str()]);
    command.stdout(Stdio::from(std::os::fd::OwnedFd::from(writer)));
    let ended = start(command).end().exits_with(0);
    assert_eq!(ended.stderr, "");
}
