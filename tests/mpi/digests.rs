//! Any number of ranks gives the digests of the serial run.

use std::path::PathBuf;
use std::process::Stdio;

use crate::packing;
use crate::program::{file_of, sample, start, wordhash};
use crate::{ONCE, PROGRAM, facts, facts_of_ranks, mpirun, ranks, serial_facts, text_of};

/// Lists with something special about them, besides the sample lists.
fn special_lists() -> (tempfile::TempDir, Vec<PathBuf>) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let built_in = wordhash(&["generate"]).succeeds_quietly().stdout;
    // Whoever has the first half of the bytes has nothing but long lines.
    let mut long_first = [&b"x".repeat(300_000)[..], b"\n"].concat().repeat(3);
    long_first.extend(b"short\n".repeat(20_000));
    let same = b"the same word\n".repeat(300_000);
    let lists = [
        ("built_in", built_in),
        ("empty", Vec::new()),
        ("one", b"word".to_vec()),
        ("four", b"a\nb\n\na".to_vec()),
        ("long_first", long_first),
        ("same", same),
    ];
    let write = |(name, bytes): (&str, Vec<u8>)| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("a file in it");
        path
    };
    let paths = lists.into_iter().map(write).collect();
    (folder, paths)
}

const SAMPLES: [&str; 7] =
    ["awkward.bin", "blank.txt", "bom.txt", "crlf.txt", "english.txt", "no_end.txt", "utf8.txt"];

#[track_caller]
fn as_the_serial_run(count: usize) {
    let (_folder, special) = special_lists();
    for list in SAMPLES.iter().map(|name| sample(name)).chain(special) {
        let list = text_of(&list);
        assert_eq!(facts_of_ranks(count, &[list]), serial_facts(&[list]), "{count} ranks, {list}");
    }
}

#[test]
fn one_rank_gives_what_the_serial_run_gives() {
    as_the_serial_run(1);
}

#[test]
fn two_ranks_give_what_the_serial_run_gives() {
    as_the_serial_run(2);
}

#[test]
fn three_ranks_give_what_the_serial_run_gives() {
    as_the_serial_run(3);
}

#[test]
fn five_ranks_give_what_the_serial_run_gives() {
    as_the_serial_run(5);
}

#[test]
fn every_chunk_size_and_number_of_threads_gives_the_same_digests() {
    let words = wordhash(&["generate", "--words=60k"]).succeeds_quietly().stdout;
    let (_folder, path) = file_of(&words);
    let sizes = "--chunksize=even,1,7,5000,auto,guided,factoring:50,trapezoid";
    let list = text_of(&path);
    let usual = ["--backend=mpi,threads", "--workers=1,3", sizes, "--rounds=1,2", list];
    // The sweep itself holds every row's digests against the others', and has serial rows first.
    let arguments = [&ONCE[..2], &ONCE[3..], &usual].concat();
    let ended = start(ranks(3, &arguments)).end().exits_with(0);
    let saved: serde_json::Value = serde_json::from_str(&ended.text()).expect("JSON");
    let rows = saved["results"].as_array().expect("rows");
    assert_eq!(rows.len(), 2 + 2 * 2 * 2 * 8);
    for row in rows.iter().filter(|row| row["backend"] == "mpi") {
        let ranks = row["processes"].as_array().expect("ranks");
        let sum = |name: &str| ranks.iter().map(|rank| rank[name].as_u64().expect("a count")).sum();
        assert_eq!(Some(sum("tasks")), row["tasks"].as_u64(), "{}", row["label"]);
        assert_eq!(sum("words"), 60_000_u64, "{}", row["label"]);
        let numbers: Vec<_> = ranks.iter().map(|rank| rank["rank"].as_u64()).collect();
        assert_eq!(numbers, [Some(0), Some(1), Some(2)]);
        assert!(ranks.iter().all(|rank| rank["host"].is_string()));
        for part in ["total", "start", "map", "exchange", "set"] {
            assert!(row["samples"][0][part].is_f64(), "{part} of {}", row["label"]);
        }
    }
}

#[test]
fn the_rules_for_words_hold_on_all_ranks() {
    for list in ["blank.txt", "crlf.txt", "awkward.bin"] {
        let list = sample(list);
        for rules in
            [&["--skip-blank"][..], &["--keep-newline"], &["--skip-blank", "--keep-newline"]]
        {
            let arguments = [rules, &[text_of(&list)]].concat();
            assert_eq!(facts_of_ranks(3, &arguments), serial_facts(&arguments), "{arguments:?}");
        }
    }
}

#[test]
fn rank_0_sends_a_list_that_the_others_cannot_see() {
    let words = wordhash(&["generate"]).succeeds_quietly().stdout;
    let (folder, path) = file_of(&words);
    let expected = serial_facts(&[text_of(&path)]);
    // The temporary files of all ranks, which must be gone afterwards.
    let scratch = tempfile::tempdir().expect("a temporary folder");
    let temp_dir = format!("--temp-dir={}", text_of(scratch.path()));
    let send = ["--distribute", &temp_dir];
    let packed = folder.path().join("words.gz");
    std::fs::write(&packed, packing::gzip(&words, 6)).expect("a file");
    for list in [&path, &packed] {
        assert_eq!(facts_of_ranks(3, &[&send[..], &[text_of(list)]].concat()), expected);
    }
    // Standard input is that of rank 0. The serial row reads what was sent.
    let arguments = [&ONCE[..2], &ONCE[3..], &["--backend=mpi"], &send, &["-"]].concat();
    let mut command = ranks(3, &arguments);
    command.stdin(std::fs::File::open(&path).expect("the list"));
    let ended = start(command).end().exits_with(0);
    assert_eq!(facts(&ended.text()), expected);
    assert_eq!(std::fs::read_dir(scratch.path()).expect("a folder").count(), 0);
    // An empty one.
    let mut command = ranks(2, &["-q", "--backend=mpi", "--distribute", "-"]);
    command.stdin(Stdio::null());
    let text = start(command).end().exits_with(0).text();
    assert!(
        text.starts_with("Loaded 0 words from standard input\nDone, with 0 hashes\n"),
        "{text}"
    );
}

#[test]
fn ranks_without_one_sided_calls_draw_their_tasks_by_messages() {
    let words = wordhash(&["generate", "--words=100k"]).succeeds_quietly().stdout;
    let (_folder, path) = file_of(&words);
    let expected = serial_facts(&[text_of(&path)]);
    let mut command = mpirun();
    // Open MPI has nothing one-sided for these.
    command.args(["--mca", "pml", "ob1", "--mca", "btl", "tcp,self", "--mca", "osc", "rdma"]);
    command.args(["-n", "3", PROGRAM]).args(ONCE).args(["--backend=mpi", "-c20,5000", "-w1,2"]);
    command.arg(&path);
    let ended = start(command).end().exits_with(0);
    assert_eq!(facts(&ended.text()), expected);
}
