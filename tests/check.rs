//! `wordhash check`: compared with a set of words that is looked up word by word, and given bad
//! input of every kind.

#![expect(clippy::unwrap_used, reason = "the helpers of a test fail as the test does")]

mod judges;
mod packing;
mod program;

use std::collections::HashSet;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use judges::debian_word_list;
use program::{Ended, at_a_terminal, program, signal, start, wordhash, wordhash_reading};

const WAYS: [&[&str]; 5] = [
    &["--serial"],
    &["--backend=threads", "-w=2"],
    &["-w=2", "-c=1000"],
    &["-w=2", "--transport=pipe"],
    &["-w=2", "--start-method=fork"],
];

/// A folder with a list of known words and whatever else a test puts there.
struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    fn with_known(known: impl AsRef<[u8]>) -> Self {
        let desk = Self { folder: tempfile::tempdir().unwrap() };
        desk.put("known", known);
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn put(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        std::fs::write(self.path(name), bytes).unwrap();
        self.path(name)
    }

    /// A check in the folder, so that names are short.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program(&[&["check", "-q", "--known=known"], arguments].concat());
        command.current_dir(self.folder.path());
        command
    }

    fn check(&self, arguments: &[&str]) -> Ended {
        start(self.command(arguments)).end()
    }

    /// What is said of this text, by a check that runs on one thread.
    fn said(&self, text: impl AsRef<[u8]>, arguments: &[&str]) -> String {
        self.put("text", text);
        let ended = self.check(&[&["--serial"], arguments, &["text"]].concat());
        assert_eq!(ended.stderr, "");
        ended.text()
    }
}

/// What a set makes of a text: its words of ASCII letters with inner apostrophes, looked up one by
/// one.
fn by_a_set(known: &Path, text: &Path, exact: bool) -> String {
    let (known, text) = (std::fs::read(known).unwrap(), std::fs::read(text).unwrap());
    let known: HashSet<&[u8]> = known.split(|&byte| byte == b'\n').collect();
    let mut unknown = String::new();
    for (line, number) in text.split(|&byte| byte == b'\n').zip(1..) {
        let mut end = 0;
        for run in line.split(|&byte| byte != b'\'' && !byte.is_ascii_alphabetic()) {
            let column = end + run.iter().take_while(|&&byte| byte == b'\'').count() + 1;
            end += run.len() + 1;
            let word = str::from_utf8(run).unwrap().trim_matches('\'');
            let is_known = |word: &str| known.contains(word.as_bytes());
            if !(word.is_empty() || is_known(word) || !exact && is_known(&word.to_lowercase())) {
                writeln!(unknown, "text:{number}:{column}: {word}").unwrap();
            }
        }
    }
    unknown
}

/// 60,000 words, a half of them known, in lines, capitals and punctuation of many kinds.
fn long_text() -> (Desk, PathBuf) {
    let list = wordhash(&["generate", "--words=40k", "--distinct=40k"]).text();
    let words: Vec<&str> = list.lines().collect();
    let desk = Desk::with_known(words.iter().step_by(2).copied().collect::<Vec<_>>().join("\n"));
    let mut text = String::new();
    for (place, &word) in words.iter().chain(&words[..20_000]).enumerate() {
        let behind = [" ", ", ", ".\n", " (", "\u{2014}", "\r\n\n", "\t", "--", "! \"", " 'n' "];
        match place % 7 {
            0 => text.push_str(&word.to_uppercase()),
            1 => write!(text, "{}{}", word[..1].to_uppercase(), &word[1..]).unwrap(),
            2 => write!(text, "{word}'s").unwrap(),
            _ => text.push_str(word),
        }
        text.push_str(behind[place * 7919 % behind.len()]);
    }
    let path = desk.put("text", text);
    (desk, path)
}

#[test]
fn unknown_words_are_those_of_a_set_in_every_way_of_running() {
    let (desk, text) = long_text();
    for (exact, options) in [(false, &[][..]), (true, &["--exact"])] {
        let expected = by_a_set(&desk.path("known"), &text, exact);
        assert!(expected.lines().count() > 10_000);
        for way in WAYS {
            let ended = desk.check(&[way, options, &["text"]].concat()).exits_with(1);
            assert!(ended.text() == expected, "{way:?} {options:?}");
        }
        let mut from_pipe = desk.command(&[options, &["--serial"]].concat());
        from_pipe.stdin(std::fs::File::open(&text).unwrap());
        let expected = expected.replace("text:", "<stdin>:");
        assert!(start(from_pipe).end().exits_with(1).text() == expected);
    }
}

#[test]
fn little_memory_changes_nothing_but_the_time() {
    let (desk, text) = long_text();
    let all = std::fs::read(&text).unwrap().repeat(4);
    desk.put("text", all);
    let expected = desk.check(&["--serial", "text"]).exits_with(1).text();
    for (way, limit) in [
        (WAYS[0], "--max-memory=24m"),
        (WAYS[1], "--max-memory=36m"),
        (WAYS[3], "--max-memory=36m"),
    ] {
        let ended = desk.check(&[way, &[limit, "text"]].concat()).exits_with(1);
        assert!(ended.text() == expected, "{way:?}");
    }
}

#[test]
fn any_number_of_workers_gives_the_same_results() {
    let (desk, text) = long_text();
    let mut text = std::fs::read(text).unwrap().repeat(4);
    // Passages with words that are longer than others are.
    for place in [text.len(), text.len() / 2, 0] {
        let long = [&b" "[..], &vec![b'x'; 700_000], b" "].concat();
        text.splice(place..place, long);
    }
    desk.put("text", text);
    for shape in ["--format=plain", "--format=json", "--format=marked", "--list", "--count"] {
        let expected = desk.check(&["--serial", shape, "text"]).exits_with(1).text();
        for workers in ["-w=1", "-w=2", "-w=3", "-w=16"] {
            for limit in ["--max-memory=1g", "--max-memory=300m"] {
                let options = ["--backend=threads", workers, limit, shape, "text"];
                assert!(desk.check(&options).exits_with(1).text() == expected, "{options:?}");
            }
        }
    }
}

#[test]
fn lists_add_up_and_may_be_packed() {
    let desk = Desk::with_known("one\r\n\r\ntwo\r\n");
    desk.put("more.gz", packing::gzip("\u{feff}three\nfour".as_bytes(), 6));
    let text = "One, two; THREE four five";
    desk.put("text", text);
    assert_eq!(
        desk.check(&["text"]).exits_with(1).text(),
        "text:1:11: THREE\ntext:1:17: four\ntext:1:22: five\n"
    );
    let ended = desk.check(&["--known=more.gz", "text"]).exits_with(1);
    assert_eq!(ended.text(), "text:1:22: five\n");
    desk.put("five", "five");
    let ended = desk.check(&["--known=more.gz", "--known", "five", "text"]).exits_with(0);
    assert_eq!((ended.text(), ended.stderr), (String::new(), String::new()));
    desk.put("text.zst", packing::zstd(text.as_bytes(), 3));
    let ended = desk.check(&["--known=more.gz", "text.zst"]).exits_with(1);
    assert_eq!(ended.text(), "text.zst:1:22: five\n");
}

#[test]
fn a_word_is_looked_up_as_written_then_in_lower_case_or_capitals() {
    let desk = Desk::with_known("apple\nParis\nstra\u{df}e\n\u{e4}rger\nI\n");
    let text = "Apple paris PARIS Paris STRASSE Stra\u{df}e \u{c4}RGER i I";
    assert_eq!(desk.said(text, &["--list"]), "STRASSE\ni\nparis\n");
    assert_eq!(
        desk.said(text, &["--list", "--exact"]),
        "Apple\nPARIS\nSTRASSE\nStra\u{df}e\ni\nparis\n\u{c4}RGER\n"
    );
}

#[test]
fn forms_that_readers_take_for_the_same_are_known_unless_exactness_is_asked_for() {
    let desk =
        Desk::with_known("don't\ncaf\u{e9}\nfuture\nC++\nice cream\n\u{65e5}\u{672c}\u{8a9e}\n");
    for (text, exactly) in [
        ("don\u{2019}t", "don\u{2019}t\n"),
        ("cafe\u{301}", "cafe\u{301}\n"),
        ("fu\u{ad}ture", "$HEX[6675c2ad74757265]\n"),
        ("Ice cream, C++ \u{65e5}\u{672c}\u{8a9e}", "Ice\ncream\n"),
    ] {
        assert_eq!(desk.said(text, &["--list"]), "", "{text}");
        assert_eq!(desk.said(text, &["--list", "--exact"]), exactly, "{text}");
    }
    assert_eq!(desk.said("C and ice", &["--list"]), "C\nand\nice\n");
}

#[test]
fn numbers_and_addresses_are_left_out_unless_asked_for() {
    let desk = Desk::with_known("ok\n");
    let text = "ok 1999, 3.14 1990s 2nd <me@mail.example> https://web.example/a?b=c";
    assert_eq!(desk.said(text, &["--list"]), "");
    assert_eq!(desk.said(text, &["--list", "--numbers"]), "1990s\n1999\n2nd\n3.14\n");
    assert_eq!(
        desk.said(text, &["--list", "--addresses"]),
        "a\nb\nc\nexample\nhttps\nmail\nme\nweb\n"
    );
}

#[test]
fn a_list_that_texts_cannot_match_gets_one_note() {
    let desk = Desk::with_known("2\nwalk/DGS\nrun/SM\n");
    desk.put("text", "walk run");
    for (known, said) in [
        ("2\nwalk/DGS\nrun/SM\n", "hunspell dictionary"),
        ("walk\nrun\n--\n", "`--` (1 of 3)"),
        ("walk\nrun\n", ""),
    ] {
        desk.put("known", known);
        let mut command = program(&["check", "--known=known", "text"]);
        command.current_dir(desk.folder.path());
        let ended = start(command).end();
        assert!(ended.stderr.contains(said), "{}", ended.stderr);
        assert_eq!(ended.stderr.lines().count(), usize::from(!said.is_empty()), "{}", ended.stderr);
    }
}

#[test]
fn a_long_line_is_shown_once_and_in_part_with_any_number_of_workers() {
    let desk = Desk::with_known("aa\n");
    let line = "aa zza aa zzb aa zzc ".repeat(20_000);
    desk.put("text", format!("aa\n{line}\nqq\n"));
    let options = ["--format=marked", "--max-columns=40", "text"];
    let shown = desk.check(&[&["--serial"], &options[..]].concat()).exits_with(1).text();
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines.len(), 2, "{shown}");
    assert!(lines[0].starts_with("2: aa \x1b[4;31mzza\x1b[0m aa"), "{}", lines[0]);
    assert!(lines[0].ends_with("\u{2026} [59994 more]"), "{}", lines[0]);
    assert_eq!(lines[1], "3: \x1b[4;31mqq\x1b[0m");
    for workers in ["-w=1", "-w=2", "-w=16"] {
        let ways = [&["--backend=threads", workers, "--max-memory=200m"], &options[..]].concat();
        assert_eq!(desk.check(&ways).exits_with(1).text(), shown, "{workers}");
    }
}

#[test]
fn prose_is_known_to_a_dictionary_but_for_its_unknown_words() {
    for (name, package, prose, unknown) in [
        (
            "american-english-large",
            "wamerican-large",
            "\u{201c}Haven\u{2019}t you seen the town\u{2019}s museum?\u{201d} she asked at 4 p.m. The \
             building of 1887 cost $2.40 a brick; in the 1990s it burned. WRITE to \
             info@museum.example, see https://museum.example/caf\u{e9}?visit=now, or e.g. ask the \
             mother-in-law\u{2014}she\u{2019}s a well\u{2011}known fu\u{ad}ture teecher.",
            "teecher\n",
        ),
        (
            "ngerman",
            "wngerman",
            "Die \u{c4}rztin fragte: \u{201e}Wo wohnen Sie?\u{201c} \u{2013} \u{201a}In der Stra\u{df}e\u{2018}, \
             sagte er. DIE STRASSE war 3,5 Kilometer lang; U\u{308}ber dem Hoff hing Nebel.",
            "Hoff\n",
        ),
        (
            "french",
            "wfrench",
            "L\u{2019}homme qu\u{2019}il a vu n\u{2019}est pas venu aujourd\u{2019}hui\u{a0}: c\u{2019}est \
             l\u{2019}\u{e9}t\u{e9}, dit-il, et d\u{2019}apr\u{e8}s lui la maizon est ferm\u{e9}e.",
            "maizon\n",
        ),
    ] {
        let Some(known) = debian_word_list(name, package) else { continue };
        let desk = Desk::with_known(std::fs::read(&known).unwrap());
        assert_eq!(desk.said(prose, &["--list"]), unknown, "{name}");
        let itself = desk.check(&["--serial", "--count", "known"]).exits_with(0);
        assert_eq!(itself.text(), "0\n", "{name}");
    }
}

#[test]
fn compounds_are_known_as_a_whole_or_by_all_their_parts() {
    let desk = Desk::with_known("well\nknown\nx-ray\nmother\nin\n");
    let text = "well-known X-Ray in-law-mother ray Q-X-ray well-\nknown";
    assert_eq!(
        desk.said(text, &[]),
        "text:1:21: law\ntext:1:32: ray\ntext:1:36: Q\ntext:1:38: X\ntext:1:40: ray\n"
    );
}

#[test]
fn a_text_that_is_not_utf8_loses_no_word() {
    let desk = Desk::with_known(b"sch\xf6n\nund\n");
    assert_eq!(
        desk.said(b"Sch\xf6n und gr\xfcn \xff\nund\0nu\n\x80x", &[]),
        "text:1:11: $HEX[6772fc6e]\ntext:1:16: $HEX[ff]\ntext:2:5: nu\ntext:3:1: $HEX[8078]\n"
    );
}

#[test]
fn columns_count_bytes_from_one_and_lines_go_on_across_texts_and_passages() {
    let desk = Desk::with_known("ok\n");
    desk.put("a", "\u{feff}\u{e4}h ok\r\n\n\tno");
    let long_line = format!("{}no\nno", "ok ".repeat(4_000_000));
    desk.put("b", long_line);
    let ended = desk.check(&["--serial", "a", "b", "a"]).exits_with(1);
    let of_a = "a:1:1: \u{e4}h\na:3:2: no\n";
    assert_eq!(ended.text(), format!("{of_a}b:1:12000001: no\nb:2:1: no\n{of_a}"));
}

#[test]
fn a_word_longer_than_any_passage_is_one_word() {
    let desk = Desk::with_known("ok\n");
    let long = "x".repeat(20_000_000);
    assert_eq!(desk.said(format!("ok {long} ok"), &["--count"]), "1\n");
    assert_eq!(desk.said(format!("ok\n {long}"), &[]), format!("text:2:2: {long}\n"));
    let ended = desk.check(&["--serial", "--max-memory=24m", "text"]);
    ended.fails_saying(&["text", "line 2", "--max-memory"]);
}

#[test]
fn results_have_the_shape_that_was_asked_for() {
    let desk = Desk::with_known("the\nlist\n");
    let text = b"The wrod, the \x1bwrod\xff\nlist\n\nand \xc3\xa4\tlist\r\n";
    assert_eq!(desk.said(text, &["--count"]), "4\n");
    assert_eq!(desk.said(text, &["--list"]), "and\nwrod\n$HEX[77726f64ff]\n\u{e4}\n");
    assert_eq!(
        desk.said(text, &["--format=marked"]),
        "1: The \x1b[4;31mwrod\x1b[0m, the \u{fffd}\x1b[4;31mwrod\u{fffd}\x1b[0m\n\
         4: \x1b[4;31mand\x1b[0m \x1b[4;31m\u{e4}\x1b[0m\tlist\n"
    );
    let mut without_colours = desk.command(&["--format=marked", "text", "known"]);
    without_colours.env("NO_COLOR", "1");
    let text = start(without_colours).end().exits_with(1).text();
    assert!(text.starts_with("text:1: The \x1b[4mwrod\x1b[0m, "), "{text:?}");
    let ended = desk.check(&["--format=json", "text"]).exits_with(1);
    insta::assert_snapshot!(ended.text());
    let document: serde_json::Value = serde_json::from_slice(&ended.stdout).unwrap();
    assert_eq!(document["unknown"].as_array().unwrap().len(), 4);
    let ended = desk.check(&["--format=json", "known"]).exits_with(0);
    let document: serde_json::Value = serde_json::from_slice(&ended.stdout).unwrap();
    assert_eq!(document["summary"]["words"], 2);
}

#[test]
fn a_terminal_is_shown_the_lines_unless_it_wants_no_colours() {
    let desk = Desk::with_known("the\n");
    desk.put("text", "the\nthe end\n");
    let shown = |no_color: &str| {
        let mut command = desk.command(&["--serial", "text"]);
        command.env("NO_COLOR", no_color);
        at_a_terminal(command).exits_with(1).text()
    };
    assert_eq!(shown(""), "2: the \x1b[4;31mend\x1b[0m\r\n");
    assert_eq!(shown("1"), "text:2:5: end\r\n");
}

#[test]
fn an_answer_comes_as_soon_as_a_line_is_there() {
    let desk = Desk::with_known("ok\n");
    let mut command = desk.command(&["-w=2"]);
    command.stdin(Stdio::piped());
    let mut running = start(command);
    let mut stdin = running.child().stdin.take().unwrap();
    let mut stdout = BufReader::new(running.child().stdout.take().unwrap());
    for (number, line) in [(1, "ok first"), (3, "\nsecond ok")] {
        writeln!(stdin, "{line}").unwrap();
        let mut answer = String::new();
        stdout.read_line(&mut answer).unwrap();
        assert!(answer.starts_with(&format!("<stdin>:{number}:")), "{answer:?}");
    }
    drop(stdin);
    running.end().exits_with(1);
}

#[test]
fn a_text_that_cannot_be_read_is_named_and_the_others_are_checked() {
    let desk = Desk::with_known("ok\n");
    desk.put("text", "ok no");
    desk.put("cut.gz", b"\x1f\x8b\x08\0\0\0\0\0");
    desk.put("list.xz", b"\xfd7zXZ\0\0\0");
    for (name, said) in [
        ("missing", "No such file"),
        (".", "is a directory"),
        ("cut.gz", "ends too early"),
        ("list.xz", "archive (xz)"),
        ("/proc/self/mem", "cannot read"),
    ] {
        for way in WAYS {
            let ended = desk.check(&[way, &[name, "text"]].concat()).fails_saying(&[name, said]);
            assert_eq!(ended.text(), "text:1:4: no\n", "{name}");
        }
        let ended = desk.check(&["--format=json", "text", name]).exits_with(2);
        let document: serde_json::Value = serde_json::from_slice(&ended.stdout).unwrap();
        assert_eq!(document["summary"]["texts_failed"], 1);
    }
}

#[test]
fn a_known_list_that_is_none_is_an_error() {
    let desk = Desk::with_known("ok\n");
    desk.put("empty", "");
    desk.put("blank", "\n\r\n\n");
    desk.put("mark", "\u{feff}");
    desk.put("cut.gz", b"\x1f\x8b\x08\0\0\0\0\0");
    desk.put("text", "ok");
    for (name, said) in [
        ("empty", "is empty"),
        ("blank", "is empty"),
        ("mark", "is empty"),
        (".", "is a directory"),
        ("missing", "No such file"),
        ("cut.gz", "ends too early"),
    ] {
        let ended = desk.check(&["--known", name, "text"]).fails_saying(&[name, said]);
        assert_eq!(ended.text(), "");
    }
    wordhash(&["check", "text"]).fails_saying(&["--known"]);
    desk.check(&["--known=-"]).fails_saying(&["standard input", "once"]);
    desk.check(&["-", "-"]).fails_saying(&["standard input", "once"]);
    desk.check(&["--count", "--list"]).fails_saying(&["--count", "--list"]);
    desk.check(&["--count", "--format=json"]).fails_saying(&["--count", "--format"]);
    desk.check(&["--workers=1,2", "text"]).fails_saying(&["--workers"]);
}

#[test]
fn what_does_not_fit_in_the_memory_is_an_error_that_says_so() {
    let list = wordhash(&["generate", "--words=100k", "--distinct=100k"]).stdout;
    let desk = Desk::with_known(&list);
    desk.check(&["--serial", "--max-memory=24m", "known"]).fails_saying(&[
        "known",
        "digests of the known words",
        "--max-memory",
    ]);
    desk.check(&["--max-memory=1m", "known"]).fails_saying(&["--max-memory", "36 MiB"]);
    desk.put("text", &list);
    desk.put("known", "ok");
    desk.check(&["--serial", "--max-memory=24m", "--list", "text"])
        .fails_saying(&["--list", "--max-memory"]);
    let plain = desk.check(&["--serial", "--max-memory=24m", "--count", "text"]).exits_with(1);
    assert_eq!(plain.text(), "100000\n");
}

#[test]
fn the_known_list_may_come_from_standard_input() {
    let desk = Desk::with_known("ok\n");
    let text = desk.put("text", "ok no");
    let arguments = ["check", "--known", "-", "--list", text.to_str().unwrap()];
    assert_eq!(wordhash_reading(b"no\n", &arguments).exits_with(1).text(), "ok\n");
    assert_eq!(wordhash_reading(b"no\nok\n", &arguments).succeeds_quietly().text(), "");
}

#[test]
fn empty_texts_have_no_unknown_words() {
    let desk = Desk::with_known("ok\n");
    for text in [&b""[..], b"\n", b" .,;\n--\n", b"\xef\xbb\xbf", b"\0\0\0"] {
        assert_eq!(desk.said(text, &["--count"]), "0\n", "{text:?}");
    }
    assert_eq!(desk.check(&["--count"]).exits_with(0).text(), "0\n");
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly_and_a_full_disk_does_not() {
    let (desk, _) = long_text();
    for format in ["--format=plain", "--format=json", "--format=marked", "--list", "--count"] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = desk.command(&[format, "text"]);
        command.stdout(Stdio::from(std::os::fd::OwnedFd::from(writer)));
        assert_eq!(start(command).end().exits_with(0).stderr, "", "{format}");
        let mut command = desk.command(&[format, "text"]);
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        command.stdout(Stdio::from(full));
        start(command).end().fails_saying(&["standard output", "No space left"]);
    }
}

#[test]
fn a_request_to_stop_ends_it_at_once() {
    const SIGINT: i32 = 2;
    const SIGTERM: i32 = 15;
    let desk = Desk::with_known("ok\n");
    for (number, status) in [(SIGINT, 130), (SIGTERM, 143)] {
        // It waits for a text that does not come.
        let mut command = desk.command(&["-w=2", "--format=json"]);
        command.stdin(Stdio::piped());
        let mut running = start(command);
        let mut head = String::new();
        let mut stdout = BufReader::new(running.child().stdout.take().unwrap());
        stdout.read_line(&mut head).unwrap();
        signal(running.pid(), number);
        running.end().exits_with(status);
        // Its workers are busy.
        let running = start(desk.command(&["-w=2", "--rounds=4000000000", "known"]));
        running.await_workers(2);
        signal(running.pid(), number);
        running.end().exits_with(status);
    }
}
