//! The main job as scripts rely on it: the lines that are printed, and results that are those of
//! Python's hashlib.

mod program;

use std::path::Path;

use program::{program, python, sample, start, wordhash, wordhash_reading};

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

/// Python's own reading of a list: lines as `readlines()` of the bytes counts them, and how many
/// differ once their ends are off.
fn counts_by_python(path: &Path) -> (usize, usize) {
    let program = "import sys
lines = open(sys.argv[1], 'rb').read().removeprefix(b'\\xef\\xbb\\xbf').split(b'\\n')
if not lines[-1]: lines.pop()
print(len(lines), len({line.removesuffix(b'\\r') if at + 1 < len(lines) or line[-1:] != b'\\r' else line for at, line in enumerate(lines)}))";
    let printed = python(program, &[path.as_os_str()]);
    let counts: Vec<usize> =
        printed.split_whitespace().map(|count| count.parse().expect("a count")).collect();
    (counts[0], counts[1])
}

#[test]
fn one_run_prints_what_was_loaded_what_was_found_and_how_long_it_took() {
    let list = sample("english.txt");
    let list = list.to_str().unwrap();
    let (words, distinct) = counts_by_python(list.as_ref());
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
fn counts_are_pythons_on_every_sample_list_in_every_way() {
    for entry in std::fs::read_dir(sample("")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "md") {
            continue;
        }
        let (words, distinct) = counts_by_python(&path);
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
fn the_counts_of_large_lists_are_pythons() {
    let (_folder, built_in) = program::file_of(&wordhash(&["generate"]).succeeds_quietly().stdout);
    let mut lists = vec![built_in];
    let debian = Path::new("/usr/share/dict/american-english-large");
    if debian.exists() {
        lists.push(debian.to_owned());
    } else {
        println!("not tested: {} is not installed", debian.display());
    }
    for list in lists {
        let (words, distinct) = counts_by_python(&list);
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
