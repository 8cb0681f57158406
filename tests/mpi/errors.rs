//! What ranks that cannot do their part are told, once.

use std::path::Path;

use crate::program::{Ended, file_of, sample, start, wordhash};
use crate::{PROGRAM, facts_of_ranks, fails_once_saying, mpirun, ranks, serial_facts, text_of};

#[test]
fn wrong_command_lines_are_told_once() {
    let list = sample("english.txt");
    let list = text_of(&list);
    for (arguments, said) in [
        (&["--backend=mpi", "-c0", list][..], &["--chunksize"][..]),
        (&["--backend=mpi", "--nonsense"], &["--nonsense"]),
        (&["--backend=mpi", "/no/such/list"], &["/no/such/list"]),
        (&["--backend=mpi", "-"], &["standard input", "--distribute"]),
        (&["--backend=mpi", "/dev/null"], &["/dev/null", "--distribute"]),
        (&["--backend=mpi", "/"], &["is a directory"]),
        (&["--backend=mpi", "--distribute", "/"], &["is a directory"]),
        (&["sweep", "--backend=mpi", "--export=/no/such/folder/out.json", list], &["cannot write"]),
        (&["--backend=mpi", "-w1,2", list], &["--workers takes one value"]),
        (&["--backend=mpi", "--max-memory=1G", list], &["--max-memory", "--backend mpi"]),
    ] {
        fails_once_saying(start(ranks(3, arguments)).end(), said);
    }
    wordhash(&["digest", "--backend=mpi", list]).fails_saying(&["--backend mpi"]);
    wordhash(&["--distribute", list]).fails_saying(&["--distribute", "--backend mpi"]);
}

/// Each rank is given a list of its own.
fn each_its_list(arguments: &[&str], lists: &[&Path]) -> Ended {
    let mut command = mpirun();
    for (index, list) in lists.iter().enumerate() {
        if index > 0 {
            command.arg(":");
        }
        command.args(["-n", "1", PROGRAM]).args(arguments).arg(list);
    }
    start(command).end()
}

#[test]
fn ranks_that_see_different_files_are_named() {
    let text = b"word\n".repeat(5000);
    let mut other = text.clone();
    other[12_345] = b'x';
    let (_first, same) = file_of(&text);
    let (_second, equal) = file_of(&text);
    let (_third, changed) = file_of(&other);
    let (_fourth, shorter) = file_of(&text[5..]);
    let missing = Path::new("/no/such/list");
    each_its_list(&["-q", "--backend=mpi"], &[&same, &equal, &same]).exits_with(0);
    for (list, said) in [
        (changed.as_path(), "25000 bytes for rank 0"),
        (&shorter, "24995 bytes for rank 2"),
        (missing, "cannot open /no/such/list"),
    ] {
        let ended = each_its_list(&["-q", "--backend=mpi"], &[&same, &same, list]);
        fails_once_saying(ended, &[said, "rank 2 on "]);
    }
}

#[test]
fn ranks_that_read_different_bytes_of_a_large_file_are_found_out() {
    // Too large to be compared as a whole; equal where the samples are.
    let text = b"some word\n".repeat(2 << 20);
    let mut other = text.clone();
    let step = (text.len() - 4096) / 1023;
    for place in (0..1023).map(|sample| sample * step + step - 10) {
        other[place - place % 10] = b'S';
    }
    let (_first, one) = file_of(&text);
    let (_second, two) = file_of(&other);
    let ended = each_its_list(&["-q", "--backend=mpi"], &[&one, &two]);
    fails_once_saying(ended, &["do not all see the same file"]);
}

#[test]
fn a_byte_that_is_no_utf8_is_named_by_its_line_in_the_whole_list() {
    let mut text = "wörd\n".repeat(20_000).into_bytes();
    let place = 6 * 15_000 + 2;
    text[place] = b'?';
    let (_folder, path) = file_of(&text);
    let ended = start(ranks(3, &["--backend=mpi", "--encoding=utf-8", text_of(&path)])).end();
    fails_once_saying(ended, &["line 15001, byte 2 is not UTF-8"]);
    let path = sample("utf8.txt");
    let arguments = ["--encoding=utf-8", text_of(&path)];
    assert_eq!(facts_of_ranks(3, &arguments), serial_facts(&arguments));
}
