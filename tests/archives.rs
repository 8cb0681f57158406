//! Lists that are packed: unpacked while they are read, whole or not at all.

#![expect(clippy::unwrap_used, reason = "the helpers of a test fail as the test does")]

mod judges;
mod packing;
mod program;

use std::io::Write as _;
use std::path::Path;

use judges::{GZIP, ZSTD};
use program::{file_of, program, sample, start, wordhash, wordhash_reading};
use wordhash::bench::result::Measurement;
use wordhash::os::interrupt::Interrupt;
use wordhash::words::{LoadError, Rules, Source, load};

/// A format and a level of compression.
type Packing = (&'static str, u8);

const PACKINGS: [Packing; 4] = [("gzip", 6), ("gzip", 1), ("zstd", 3), ("zstd", 19)];

fn packed((format, level): Packing, bytes: &[u8]) -> Vec<u8> {
    match format {
        "gzip" => packing::gzip(bytes, level.into()),
        _ => packing::zstd(bytes, level.into()),
    }
}

/// The lines that tell the counts, without the list's name.
fn counts(text: &str) -> Vec<String> {
    let words = |line: &str| line.split_whitespace().take(4).collect::<Vec<_>>().join(" ");
    text.lines().take(2).map(|line| words(line).replace(" words", "")).collect()
}

#[test]
fn a_packed_list_is_the_list_in_every_way_of_reading_and_running() {
    let generated = wordhash(&["generate", "--words=100k"]).stdout;
    let crlf = std::fs::read(sample("crlf.txt")).unwrap();
    let bom = std::fs::read(sample("bom.txt")).unwrap();
    for list in [&generated[..], &crlf, &bom, b"", b"\n", b"a"] {
        let plain = counts(&wordhash_reading(list, &["-q", "--serial", "-"]).exits_with(0).text());
        for packing in PACKINGS {
            let archive = packed(packing, list);
            let (_folder, path) = file_of(&archive);
            let path = path.to_str().unwrap();
            for how in ["--serial", "--backend=threads", "--transport=shared", "--transport=pipe"] {
                let ended = wordhash(&["-q", how, path]).succeeds_quietly();
                assert_eq!(counts(&ended.text()), plain, "{packing:?} {how}");
            }
            let ended = wordhash_reading(&archive, &["-q", "--serial", "-"]).succeeds_quietly();
            assert_eq!(counts(&ended.text()), plain, "{packing:?} from standard input");
        }
    }
}

#[test]
fn an_archive_of_the_usual_tool_is_the_list() {
    let (_folder, list) = file_of(&wordhash(&["generate", "--words=100k"]).stdout);
    let words = loaded(&std::fs::read(&list).unwrap()).unwrap();
    for (tool, options) in [
        (GZIP, &["-c"][..]),
        (GZIP, &["-1c"]),
        (ZSTD, &["-qc"]),
        (ZSTD, &["-19qc", "--long=27"]),
        (ZSTD, &["-qc", "--no-check"]),
    ] {
        let Some(mut command) = tool.command() else { continue };
        let output = command.args(options).arg(&list).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        assert!(loaded(&output.stdout).unwrap() == words, "{tool:?} {options:?}");
    }
}

#[test]
fn a_packed_list_comes_through_a_fifo_byte_by_byte() {
    let folder = tempfile::tempdir().unwrap();
    for packing in PACKINGS {
        let archive = packed(packing, b"one\ntwo\none\n");
        let fifo = folder.path().join("fifo");
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        let kind = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, &fifo, kind, mode, 0).unwrap();
        let running = start(program(&["--serial".as_ref(), fifo.as_os_str()]));
        let mut writer = std::fs::OpenOptions::new().write(true).open(&fifo).unwrap();
        for byte in &archive {
            writer.write_all(std::slice::from_ref(byte)).unwrap();
        }
        drop(writer);
        let text = running.end().succeeds_quietly().text();
        assert_eq!(counts(&text), ["Loaded 3 from", "Done, with 2 hashes"], "{packing:?}");
        std::fs::remove_file(&fifo).unwrap();
    }
}

#[test]
fn archives_behind_each_other_are_one_list() {
    for packing in PACKINGS {
        let parts = [&b"one\nt"[..], b"", b"wo\nthree\n"].map(|part| packed(packing, part));
        let ended = wordhash_reading(&parts.concat(), &["--serial", "-"]).succeeds_quietly();
        assert_eq!(counts(&ended.text()), ["Loaded 3 from", "Done, with 3 hashes"], "{packing:?}");
    }
}

/// The words that the library finds in a file of these bytes.
fn loaded(bytes: &[u8]) -> Result<Vec<Vec<u8>>, LoadError> {
    let (_folder, path) = file_of(bytes);
    let interrupt = Interrupt::manual().unwrap();
    let list = load(&Source::Path(path), Rules::default(), false, &interrupt)?;
    Ok(list.words().map(<[u8]>::to_vec).collect())
}

#[test]
fn an_archive_that_lacks_its_end_is_an_error_wherever_it_was_cut() {
    let list = std::fs::read(sample("english.txt")).unwrap();
    for packing in PACKINGS {
        let archive = packed(packing, &list);
        let two = [&archive[..], &archive].concat();
        assert_eq!(loaded(&two).unwrap().len(), 2 * loaded(&list).unwrap().len());
        for end in (4..two.len()).filter(|&end| end != archive.len()) {
            let error = loaded(&two[..end]).unwrap_err();
            assert!(matches!(error, LoadError::CutArchive { .. }), "{packing:?} {end}: {error}");
        }
        let (_folder, path) = file_of(&archive[..archive.len() / 2]);
        let path = path.to_str().unwrap();
        wordhash(&[path]).fails_saying(&[path, packing.0, "ends too early"]);
    }
}

#[test]
fn a_broken_archive_never_gives_another_list() {
    let list = std::fs::read(sample("utf8.txt")).unwrap();
    let words = loaded(&list).unwrap();
    for packing in PACKINGS {
        let archive = packed(packing, &list);
        let mut refused = 0;
        // The first four bytes are what archives are recognised by.
        for bit in 4 * 8..archive.len() * 8 {
            let mut broken = archive.clone();
            broken[bit / 8] ^= 1 << (bit % 8);
            match loaded(&broken) {
                // The time and the system in gzip's header say nothing about the list.
                Ok(found) => assert_eq!(found, words, "{packing:?}: bit {bit}"),
                Err(_) => refused += 1,
            }
        }
        assert!(refused > archive.len() * 6, "{packing:?}: {refused} refused");
        for tail in [&b"word\n"[..], b"\0\0\0\0\0\0\0\0\0\0\0x", b"PK\x03\x04 and so on"] {
            let error = loaded(&[&archive, tail].concat()).unwrap_err();
            assert!(matches!(error, LoadError::AfterArchive { .. }), "{packing:?}: {error}");
        }
    }
}

/// A frame that zstd's decoders leave out.
fn skippable(kind: u8, content: &[u8]) -> Vec<u8> {
    let bytes = u32::try_from(content.len()).unwrap().to_le_bytes();
    [&[0x50 + kind, 0x2a, 0x4d, 0x18], &bytes[..], content].concat()
}

#[test]
fn frames_that_zstd_leaves_out_are_no_part_of_the_list_wherever_they_stand() {
    let parts = [&b"one\nt"[..], b"wo\nthree\n"].map(|part| packing::zstd(part, 3));
    let words = [&b"one"[..], b"two", b"three"];
    let large = vec![0xaa; 70_000];
    for (kind, content) in [(0, &b""[..]), (7, b"one\ntwo\n"), (15, &large)] {
        let skipped = skippable(kind, content);
        let before = [&skipped[..], &parts[0], &parts[1]].concat();
        let between = [&parts[0][..], &skipped, &skipped, &parts[1]].concat();
        let after = [&parts[0][..], &parts[1], &skipped].concat();
        for archive in [&before, &between, &after] {
            assert_eq!(loaded(archive).unwrap(), words);
            let ended = wordhash_reading(archive, &["--serial", "-"]).succeeds_quietly();
            assert_eq!(counts(&ended.text()), ["Loaded 3 from", "Done, with 3 hashes"]);
        }
        assert_eq!(loaded(&skipped).unwrap(), [b""; 0]);
        for end in [4, 7, skipped.len() - 1].into_iter().filter(|&end| end < skipped.len()) {
            for cut in [skipped[..end].to_vec(), [&parts[0][..], &skipped[..end]].concat()] {
                let error = loaded(&cut).unwrap_err();
                assert!(matches!(error, LoadError::CutArchive { .. }), "{end}: {error}");
            }
        }
        let error = loaded(&[&skipped, &b"word\n"[..]].concat()).unwrap_err();
        assert!(matches!(error, LoadError::AfterArchive { .. }), "{error}");
    }
}

#[test]
fn zeros_behind_a_gzip_archive_are_no_part_of_it() {
    let packed = packing::gzip(b"one\ntwo\n", 1);
    for zeros in [1, 512, 300_000] {
        let padded = [packed.clone(), vec![0; zeros]].concat();
        let ended = wordhash_reading(&padded, &["--serial", "-"]).succeeds_quietly();
        assert!(ended.text().contains("Loaded 2 words"), "{zeros}");
        let more = [padded, b"x".to_vec()].concat();
        wordhash_reading(&more, &["--serial", "-"]).fails_saying(&["not gzip"]);
    }
}

#[test]
fn an_archive_in_an_archive_is_refused_with_the_way_to_unpack_it() {
    for packing in PACKINGS {
        let nested = packed(packing, &packing::gzip(b"word\n", 6));
        wordhash_reading(&nested, &["-"]).fails_saying(&[
            "archive (gzip)",
            "unpack it first",
            "zcat",
        ]);
    }
}

/// 1600 long words, all the same: 100 MB that are packed to a few kilobytes.
fn long_words() -> Vec<u8> {
    [vec![b'x'; 65_535], b"\n".to_vec()].concat().repeat(1600)
}

fn sweep(path: &Path, limit: &str) -> Measurement {
    let options = ["sweep", "--serial", "--runs=2", "--warmup=0", "--format=json", "-q"];
    let path = path.to_str().unwrap();
    let ended = wordhash(&[&options[..], &[limit, path]].concat()).exits_with(0);
    serde_json::from_slice(&ended.stdout).expect("a saved run")
}

#[test]
fn what_an_archive_unpacks_to_stays_within_the_memory_that_is_allowed() {
    for packing in PACKINGS {
        let (_folder, path) = file_of(&packed(packing, &long_words()));
        assert!(path.metadata().unwrap().len() < 1 << 20);
        let run = sweep(&path, "--max-memory=24m");
        assert_eq!((run.input.words, run.input.distinct), (1600, Some(1)));
        for row in &run.results {
            let peak = row.peak_memory_bytes.unwrap_or(0);
            assert!(peak <= 24 << 20, "{packing:?}: {peak} bytes");
        }
    }
}

#[test]
fn digests_of_an_archive_are_those_of_what_it_unpacks_to_or_end_in_an_error() {
    let digest = ["digest", "-q", "--serial", "--only-hash", "--max-memory=24m"];
    let run = |path: &Path| wordhash(&[&digest[..], &[path.to_str().unwrap()]].concat());
    for packing in PACKINGS {
        let (_folder, path) = file_of(&packed(packing, &long_words()));
        let text = run(&path).exits_with(0).text();
        assert_eq!(text.lines().count(), 1600);
        let first = text.lines().next().unwrap();
        assert!(text.lines().all(|line| line == first), "{packing:?}");
        let archive = std::fs::read(&path).unwrap();
        let (_folder, path) = file_of(&archive[..archive.len() - 3]);
        run(&path).fails_saying(&[packing.0, "ends too early"]);
    }
}

#[test]
fn a_line_that_unpacks_to_more_than_there_is_memory_for_is_an_error() {
    for packing in PACKINGS {
        let (_folder, path) = file_of(&packed(packing, &vec![0; 100 << 20]));
        let path = path.to_str().unwrap();
        let ended = wordhash(&["--serial", "--max-memory=24m", path]);
        ended.fails_saying(&[path, "line 1", "--max-memory"]);
    }
}

#[test]
fn a_zstd_window_is_taken_only_where_there_is_memory_for_it() {
    let (_folder, path) = file_of(&packing::zstd_long(&long_words()));
    let name = path.to_str().unwrap();
    let ended = wordhash(&["--serial", "--max-memory=24m", name]);
    ended.fails_saying(&[name, "zstd", "window", "--max-memory"]);
    let run = sweep(&path, "--max-memory=1g");
    assert_eq!((run.input.words, run.input.distinct), (1600, Some(1)));
}
