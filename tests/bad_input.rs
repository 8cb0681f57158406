//! What bad input gets: a clear error on one line, and nothing lost or left behind.

mod program;

use std::fs::File;
use std::os::unix::ffi::OsStrExt as _;
use std::process::Stdio;

use program::{file_of, program, start, wordhash, wordhash_reading};

#[test]
fn a_list_that_cannot_be_loaded_is_named_with_the_cause() {
    let folder = tempfile::tempdir().unwrap();
    for (path, said) in [
        ("/nonexistent/words", "No such file"),
        (folder.path().to_str().unwrap(), "is a directory"),
        // Readable by mode, but not from its start: the error comes from reading.
        ("/proc/self/mem", "cannot read"),
    ] {
        for how in ["--serial", "--backend=threads", "--backend=processes"] {
            wordhash(&[how, path]).fails_saying(&[path, said]);
        }
    }
}

#[test]
fn an_option_out_of_range_is_named_with_its_value_and_what_is_allowed() {
    for (arguments, parts) in [
        (&["--workers", "0"][..], &["--workers", "'0'", "from 1 to 1024"][..]),
        (&["--workers", "100000"], &["--workers", "'100000'", "from 1 to 1024"]),
        (&["--workers", "-1"], &["-1"]),
        (&["--workers", "two"], &["--workers", "'two'", "from 1 to 1024"]),
        (&["--chunksize", "0"], &["--chunksize", "'0'", "from 1 on"]),
        (&["--chunksize", "1..5"], &["--chunksize", "'1..5'", "A..B*F"]),
        (&["--backend", "fibres"], &["--backend", "'fibres'", "serial, threads, processes"]),
        (&["--engine", "md5"], &["--engine", "'md5'", "sha2"]),
        (&["--timeout", "0"], &["--timeout", "'0'", "above 0"]),
        (&["--rounds", "0"], &["--rounds", "'0'", "from 1"]),
        (&["--encoding", "latin1"], &["--encoding", "'latin1'", "utf-8"]),
        (&["--serial", "--backend", "threads"], &["--serial", "--backend"]),
        (&["--no-such-option"], &["--no-such-option"]),
        (&["--retries", "x"], &["--retries", "'x'", "from 0 to"]),
        (&["one.txt", "two.txt"], &["unexpected 'two.txt'", "one list"]),
        (&["one.txt", "sweep"], &["unexpected 'sweep'", "a command comes first"]),
        (&["--worker", "2"], &["'--worker'", "'--workers'"]),
        (&["-w", "1,2"], &["--workers", "sweep"]),
        (&["-c", "1,2"], &["--chunksize", "sweep"]),
        (&["sweep", "--runs", "0"], &["--runs", "'0'", "from 1 on"]),
        (&["sweep", "--margin", "101%"], &["--margin", "'101%'", "from 0% to 100%"]),
        (&["sweep", "--margin=-1%"], &["--margin", "'-1%'", "from 0% to 100%"]),
        (&["sweep", "--seed", "x"], &["--seed", "'x'", "from 0 to 9007199254740992"]),
        (&["sweep", "--seed", "9007199254740993"], &["--seed", "from 0 to"]),
        (&["sweep", "--runs", "9", "--precision", "2%"], &["--runs", "--precision"]),
        (&["sweep", "--runs", "9", "--max-time", "2"], &["--runs", "--max-time"]),
        (&["sweep", "--order", "blocked", "--precision", "2%"], &["--precision", "--order random"]),
        (&["sweep", "--order", "blocked", "--refine", "2"], &["--refine", "--order random"]),
        (&["sweep", "--order", "interleaved"], &["--order", "random, blocked"]),
        (&["generate", "--words", "3", "--distinct", "4"], &["--distinct", "4", "3"]),
        (&["generate", "--words", "x"], &["--words", "'x'"]),
    ] {
        wordhash(arguments).fails_saying(parts);
    }
}

#[test]
fn lists_of_unusual_shape_are_counted_as_they_are() {
    let page = [b"a\n".repeat(2047), b"ab".to_vec()].concat();
    assert_eq!(page.len(), 4096);
    for (bytes, words, distinct) in [
        (&b""[..], 0, 0),
        (b"\n", 1, 1),
        (b"word", 1, 1),
        (b"a\nb\na", 3, 2),
        (b"a\0b\na\0c\na\0b\n", 3, 2),
        (b"\xff\xfe\n\x80\n", 2, 2),
        (b"\xef\xbb\xbfa\na\n", 2, 1),
        (&page[..], 2048, 2),
    ] {
        let (_folder, path) = file_of(bytes);
        for how in ["--serial", "--backend=threads", "--backend=processes", "--transport=pipe"] {
            let ended = wordhash(&[how, "--quiet", path.to_str().unwrap()]).succeeds_quietly();
            let text = ended.text();
            let lines: Vec<&str> = text.lines().collect();
            assert_eq!(lines[0], format!("Loaded {words} words from {}", path.display()), "{how}");
            assert_eq!(lines[1], format!("Done, with {distinct} hashes"), "{how} {bytes:?}");
            assert_eq!(lines.len(), 3);
        }
    }
}

#[test]
fn a_line_of_ten_megabytes_is_one_word() {
    let mut bytes = vec![b'x'; 10_000_000];
    bytes.extend_from_slice(b"\nshort\n");
    for how in ["--serial", "--backend=threads", "--backend=processes", "--transport=pipe"] {
        let ended = wordhash_reading(&bytes, &[how, "--chunksize=1", "-"]).succeeds_quietly();
        assert!(ended.text().contains("Done, with 2 hashes"), "{how}: {}", ended.text());
    }
}

#[test]
fn a_list_that_is_not_utf8_is_refused_only_when_asked() {
    let (_folder, path) = file_of(b"good\nalso g\xc3\xb6od\nbad \xff here\n");
    let path = path.to_str().unwrap();
    wordhash(&["--encoding", "utf-8", path]).fails_saying(&[path, "line 3", "byte 5", "0xff"]);
    wordhash(&["--encoding", "bytes", path]).succeeds_quietly();
}

#[test]
fn an_archive_is_never_hashed_as_it_stands() {
    // GNU's header of a file, as far as it tells the format.
    let tar = [&b"words.txt"[..], &[0; 248], b"ustar  \0", &[0; 247], b"word\n"].concat();
    for (magic, name) in [
        (&b"\xfd7zXZ\0\0\0"[..], "xz"),
        (b"BZh91AY&SY", "bzip2"),
        (b"PK\x03\x04\x14\0", "zip"),
        (b"7z\xbc\xaf\x27\x1c\0\x04", "7z"),
        (b"\x04\x22\x4d\x18\x64\x40\xa7", "lz4"),
        (b"\x1f\x9d\x90a", "compress"),
        (b"LZIP\x01\x0c", "lzip"),
        (b"Rar!\x1a\x07\x01\0", "rar"),
        (b"\x5d\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff\xff", "lzma"),
        (&tar, "tar"),
        (b"BZh9\x17\x72\x45\x38\x50\x90\0\0\0\0", "bzip2"),
        (b"\x02\x21\x4c\x18\x07\0\0\0", "lz4"),
        (b"\x89LZO\0\r\n\x1a\n", "lzop"),
    ] {
        let (_folder, path) = file_of(magic);
        let name_of_file = path.to_str().unwrap();
        wordhash(&[path.as_os_str()]).fails_saying(&[
            name_of_file,
            name,
            "unpack",
            "| wordhash -`)",
        ]);
        let ended = wordhash_reading(magic, &["digest", "-"]);
        ended.fails_saying(&["standard input", name, "unpack it first, with"]);
        let ended = wordhash_reading(b"text", &["check", "--known", name_of_file]);
        ended.fails_saying(&[name_of_file, name, "unpack it first, with"]);
    }
    // A word that only begins like one is a word.
    let (_folder, path) = file_of(b"BZhora\nBZ\nPK\n");
    assert!(wordhash(&[path.as_os_str()]).succeeds_quietly().text().contains("Loaded 3 words"));
}

#[test]
fn text_in_units_of_two_or_four_bytes_is_refused_with_the_way_to_convert_it() {
    let utf_16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
    for (bytes, encoding) in [
        (utf_16("\u{feff}one\ntwo\n"), "UTF-16"),
        (utf_16("one\ntwo\n"), "UTF-16"),
        ("one\n".chars().flat_map(|char| u32::from(char).to_be_bytes()).collect(), "UTF-32"),
    ] {
        let (_folder, path) = file_of(&bytes);
        let name = path.to_str().unwrap();
        wordhash(&["--serial", name]).fails_saying(&[
            name,
            encoding,
            "iconv",
            "| wordhash --serial -`",
        ]);
        wordhash(&["check", "--known", name, name]).fails_saying(&[name, encoding, "iconv"]);
        wordhash_reading(&bytes, &["digest", "-"]).fails_saying(&[
            "standard input",
            encoding,
            "iconv",
        ]);
    }
}

#[test]
fn a_chunk_size_beyond_the_list_is_one_task() {
    let (_folder, path) = file_of(b"a\nb\nc\n");
    for size in ["4", "18446744073709551615"] {
        for how in ["--backend=threads", "--backend=processes", "--transport=pipe"] {
            let ended = wordhash(&[how, "--chunksize", size, path.to_str().unwrap()]);
            assert!(
                ended.succeeds_quietly().text().contains("Done, with 3 hashes"),
                "{how} {size}"
            );
        }
    }
}

#[test]
fn a_fifo_is_read_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fifo");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &path,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
        0,
    )
    .unwrap();
    let running = start(program(&[path.as_os_str()]));
    // Opening waits for the reader: the program comes first and has to wait for its writer.
    std::fs::write(&path, b"one\ntwo\none\n").unwrap();
    let ended = running.end().succeeds_quietly();
    assert!(ended.text().contains("Loaded 3 words"), "{}", ended.text());
}

#[test]
fn a_path_that_is_no_text_is_still_a_path() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(std::ffi::OsStr::from_bytes(b"w\xff.txt"));
    std::fs::write(&path, b"a\n").unwrap();
    wordhash(&[path.as_os_str()]).succeeds_quietly();
}

#[test]
fn a_reader_that_goes_away_ends_the_program_quietly() {
    for arguments in [&["generate"][..], &["sweep", "--runs=1", "--warmup=0", "-c=5000"], &["info"]]
    {
        let mut command = program(arguments);
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        command.stdout(Stdio::from(std::os::fd::OwnedFd::from(writer)));
        let ended = start(command).end().exits_with(0);
        assert!(
            !ended.stderr.contains("panick") && !ended.stderr.contains("write"),
            "{}",
            ended.stderr
        );
    }
}

#[test]
fn a_full_disk_is_an_error() {
    let list = program::sample("english.txt");
    for arguments in
        [&["--serial", list.to_str().unwrap()][..], &["generate"], &["info"], &["--help"]]
    {
        let mut command = program(arguments);
        command.stdout(Stdio::from(File::options().write(true).open("/dev/full").unwrap()));
        start(command).end().fails_saying(&["standard output", "No space left"]);
    }
}

#[cfg(not(feature = "mpi"))]
#[test]
fn ranks_without_mpi_built_in_are_refused_with_the_way_to_build_it() {
    for command in [&[][..], &["sweep"], &["compare"]] {
        let arguments = [command, &["--backend=mpi", "--quiet", "/dev/null"]].concat();
        wordhash(&arguments).fails_saying(&["--backend mpi", "--features mpi", "libopenmpi-dev"]);
    }
    wordhash(&["digest", "--backend=mpi", "/dev/null"]).fails_saying(&["--backend mpi"]);
    wordhash(&["--distribute", "/dev/null"]).fails_saying(&["--distribute", "--backend mpi"]);
}
