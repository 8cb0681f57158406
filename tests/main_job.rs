//! The main job as scripts rely on it: the lines that are printed, and counts that are those of a
//! set of the words.

mod judges;
mod program;

use std::collections::HashSet;
use std::path::Path;

use judges::{debian_word_list, not_tested, python};
use program::{program, sample, start, wordhash, wordhash_reading};

/// Every way to run that this machine has.
fn ways() -> Vec<Vec<String>> {
    let mut ways = vec![vec!["--serial".to_owned()], vec!["--backend=threads".to_owned()]];
    for transport in ["shared", "pipe"] {
        for method in ["spawn", "fork"] {
            ways.push(vec![format!("--transport={transport}"), format!("--start-method={method}")]);
        }
    }
    ways
}

/// How many words a list has and how many of them differ, with nothing of the library.
fn counts_by_a_set(path: &Path) -> (usize, usize) {
    let text = std::fs::read(path).expect("the list");
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text);
    let word = |line| {
        let ended: Option<&[u8]> = <[u8]>::strip_suffix(line, b"\n");
        ended.map_or(line, |word| word.strip_suffix(b"\r").unwrap_or(word))
    };
    let words: Vec<&[u8]> = text.split_inclusive(|&byte| byte == b'\n').map(word).collect();
    (words.len(), words.iter().collect::<HashSet<_>>().len())
}

/// The same as Python finds it in a file of plain lines; `None` where there is no Python.
fn counts_by_python(path: &Path) -> Option<(usize, usize)> {
    let program = "import sys
words = [line.removesuffix(b'\\n') for line in open(sys.argv[1], 'rb').readlines()]
print(len(words), len(set(words)))";
    let printed = python(program, &[path.as_os_str()])?;
    let (words, distinct) = printed.trim().split_once(' ').expect("two numbers");
    Some((words.parse().expect("a count"), distinct.parse().expect("a count")))
}

#[test]
fn one_run_prints_what_was_loaded_what_was_found_and_how_long_it_took() {
    let list = sample("english.txt");
    let list = list.to_str().unwrap();
    let (words, distinct) = counts_by_a_set(list.as_ref());
    for (arguments, label) in [
        (&["--workers=4", "--chunksize=50"][..], "processes, 4 workers, chunksize 50"),
        (&["--serial"], "serial"),
        (&["--backend=threads", "-w=3", "-c=7"], "threads, 3 workers, chunksize 7"),
    ] {
        let ended = wordhash(&[arguments, &[list]].concat()).succeeds_quietly();
        let text = ended.text();
        let (counts, time) = text.split_at(text.find(label).unwrap_or_else(|| panic!("{text}")));
        assert_eq!(
            counts,
            format!("Loaded {words} words from {list}\nDone, with {distinct} hashes\n")
        );
        let seconds = time.strip_prefix(label).and_then(|rest| rest.strip_prefix(": "));
        let seconds = seconds.and_then(|rest| rest.strip_suffix(" seconds\n")).unwrap();
        assert_eq!(seconds.split_once('.').unwrap().1.len(), 3, "milliseconds: {seconds}");
        assert!(seconds.parse::<f64>().unwrap() >= 0.0);
    }
}

#[test]
fn counts_are_those_of_a_set_on_every_sample_list_in_every_way() {
    for entry in std::fs::read_dir(sample("")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "md") {
            continue;
        }
        let (words, distinct) = counts_by_a_set(&path);
        let expected =
            format!("Loaded {words} words from {}\nDone, with {distinct} hashes\n", path.display());
        for way in ways() {
            for chunksize in ["1", "7", "even", "auto", "guided:3"] {
                let mut arguments = way.clone();
                arguments.extend([
                    "--chunksize".into(),
                    chunksize.into(),
                    "--quiet".into(),
                    path.display().to_string(),
                ]);
                let text = wordhash(&arguments).succeeds_quietly().text();
                assert!(text.starts_with(&expected), "{arguments:?}: {text}");
            }
        }
    }
}

#[test]
fn the_counts_of_large_lists_are_those_of_a_set_and_of_python() {
    let (_folder, built_in) = program::file_of(&wordhash(&["generate"]).succeeds_quietly().stdout);
    let debian = debian_word_list("american-english-large", "wamerican-large");
    for list in [Some(built_in), debian].into_iter().flatten() {
        let (words, distinct) = counts_by_a_set(&list);
        if let Some(counts) = counts_by_python(&list) {
            assert_eq!(counts, (words, distinct), "{}", list.display());
        }
        let expected =
            format!("Loaded {words} words from {}\nDone, with {distinct} hashes\n", list.display());
        for how in [
            &["--serial"][..],
            &["--workers=4", "--chunksize=5000"],
            &["--backend=threads"],
            &["--transport=pipe"],
        ] {
            let text =
                wordhash(&[how, &[list.to_str().unwrap()]].concat()).succeeds_quietly().text();
            assert!(text.starts_with(&expected), "{how:?}: {text}");
        }
    }
}

#[test]
fn the_lists_come_from_where_the_command_line_says() {
    let text = wordhash_reading(b"a\nb\n", &["--serial", "-"]).succeeds_quietly().text();
    assert!(
        text.starts_with("Loaded 2 words from standard input\nDone, with 2 hashes\n"),
        "{text}"
    );
    let ended = wordhash(&["--serial"]).exits_with(0);
    assert!(ended.stderr.starts_with("wordhash: no list given: taking "), "{}", ended.stderr);
    assert_eq!(ended.stderr.lines().count(), 1);
    if !Path::new("/usr/share/dict/words").exists() && !Path::new("/usr/dict/words").exists() {
        let lines = "Loaded 1049938 words from the built-in list\nDone, with 979250 hashes\n";
        assert!(ended.text().starts_with(lines), "{}", ended.text());
    } else {
        not_tested("that the built-in list is the default: this system has a list");
    }
    assert_eq!(wordhash(&["--serial", "--quiet"]).succeeds_quietly().text().lines().count(), 3);
}

#[test]
fn what_counts_as_a_word_follows_the_options() {
    let list = b"a\r\na\n\n\nb\r\n";
    for (options, words, distinct) in [
        (&[][..], 5, 3),
        (&["--skip-blank"], 3, 2),
        (&["--keep-newline"], 5, 4),
        (&["--keep-newline", "--skip-blank"], 3, 3),
    ] {
        for way in ways() {
            let way: Vec<&str> = way.iter().map(String::as_str).collect();
            let text = wordhash_reading(list, &[&way[..], options, &["-c=2", "-"]].concat());
            let text = text.succeeds_quietly().text();
            let expected =
                format!("Loaded {words} words from standard input\nDone, with {distinct} hashes\n");
            assert!(text.starts_with(&expected), "{way:?} {options:?}: {text}");
        }
    }
}

#[test]
fn a_byte_order_mark_is_not_part_of_the_first_word_and_a_note_says_so() {
    let ended = wordhash_reading(b"\xef\xbb\xbfa\na\n", &["--serial", "-"]).exits_with(0);
    assert!(ended.text().contains("Done, with 1 hashes"), "{}", ended.text());
    assert!(ended.stderr.contains("byte-order mark"), "{}", ended.stderr);
}

#[test]
fn ranks_that_nobody_told_to_share_are_reminded_of_it_once() {
    let list = sample("english.txt");
    let list = list.to_str().expect("text");
    let cases = [
        ("0", "3", "--serial", 1),
        ("1", "3", "--serial", 0),
        ("0", "1", "--serial", 0),
        ("0", "3", "-q", 0),
    ];
    for (rank, ranks, option, times) in cases {
        let mut command = program(&[option, list]);
        command.env("OMPI_COMM_WORLD_RANK", rank).env("OMPI_COMM_WORLD_SIZE", ranks);
        let ended = start(command).end().exits_with(0);
        let said = ended.stderr.matches("3 ranks were started, and each does all of this alone");
        assert_eq!(said.count(), times, "{}", ended.stderr);
    }
}

#[test]
fn a_serial_run_has_one_thread_for_everything() {
    let generated = wordhash(&["generate"]).succeeds_quietly().stdout;
    let (_folder, path) = program::file_of(&generated);
    let mut running = start(program(&["--serial", path.to_str().unwrap()]));
    let threads = format!("/proc/{}/task", running.pid());
    let (mut most, mut looks) = (0, 0);
    while running.child().try_wait().unwrap().is_none() {
        most = most.max(std::fs::read_dir(&threads).map_or(0, Iterator::count));
        looks += 1;
    }
    running.end().exits_with(0);
    assert_eq!(most, 1, "threads, in {looks} looks");
}
