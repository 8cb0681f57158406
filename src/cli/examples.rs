//! What stands below the help of the commands.

pub(super) const PROGRAM: &str = "\
Examples:
  wordhash                                    the default list, the default way
  wordhash --serial words.txt                 one thread for everything
  wordhash -w 4 -c 5000 words.txt             four workers, 5,000 words a task
  wordhash sweep -w 4 words.txt               many chunk sizes beside serial
  wordhash sweep -c 1..1m*4 --transport shared,pipe words.txt
  wordhash sweep --export report.html words.txt
  wordhash compare words.txt                  serial, threads and processes
  wordhash check --known words.txt text.txt   the words that are not in the list
  wordhash digest words.txt                   every word's SHA-512
  wordhash generate --words 1k --distinct 900 > words.txt";

pub(super) const SWEEP: &str = "\
Examples:
  wordhash sweep words.txt                    the tutorial's sizes
  wordhash sweep -w 1,2,4 -c 1..1m*4 --transport shared,pipe words.txt
  wordhash sweep --precision 2% --refine 3 words.txt
  wordhash sweep --export result.json --export report.html words.txt
  wordhash sweep --program 'job=./job -j {workers} {chunksize}' -w 2 -c 1..1k*4
  wordhash sweep --program 'gzip=gzip -{level} -c a.txt' --parameter level=1,9
  wordhash sweep --program 'old=./a' --program 'new=./b' --fail-above 5%

Lists and ranges may stand on every axis; all combinations are run, round by
round, and every run's digests are compared with the others'.";

pub(super) const COMPARE: &str = "\
Examples:
  wordhash compare words.txt                  serial, threads and processes
  wordhash compare -b serial,processes -w 1,2,4 words.txt
  wordhash compare --engine sha2,auto --format markdown words.txt";

pub(super) const SHOW: &str = "\
Examples:
  wordhash sweep --export result.json words.txt
  wordhash show result.json
  wordhash show --format markdown result.json
  wordhash show --quiet --export report.html result.json";

pub(super) const DIFF: &str = "\
Examples:
  wordhash sweep --export old.json words.txt
  wordhash sweep --export new.json words.txt  with another program or machine
  wordhash diff old.json new.json
  wordhash diff --fail-above 5% old.json new.json

A row is compared by its time relative to the reference of its own session: the
machine may differ between two sessions by more than either of them shows.";

pub(super) const GENERATE: &str = "\
Examples:
  wordhash generate > 1m_words.txt            the list that is built in
  wordhash generate --words 1k --distinct 900 > words.txt
  wordhash generate --words 10m --seed 7 | gzip > words.txt.gz";

pub(super) const INFO: &str = "\
Examples:
  wordhash info
  taskset -c 0 wordhash info                  with one core allowed";

pub(super) const DIGEST: &str = "\
Examples:
  wordhash digest words.txt > words.sha512    HEX  WORD, one a line
  wordhash digest --verify words.sha512 words.txt
  xzcat words.xz | wordhash digest --binary - > words.bin

A word that is no printable UTF-8 is written as $HEX[...]. With --keep-newline
each line is hashed with its end as it stands in the list, LF or CRLF, which is
what hashlib.sha512(line) gives for the lines of a file that Python has opened
in binary mode; the end is not written after the word.";

pub(super) const CHECK: &str = "\
Examples:
  wordhash check --known words.txt letter.txt
  wordhash check --known words.txt --known names.txt --list *.txt
  cat letter.txt | wordhash check --known words.txt --count

Words are found by Unicode's word boundaries. A compound with hyphens that is
not known is looked up part by part. Columns are counted in bytes, from 1. The
exit status is 0 if all words are known, 1 if not, 2 after an error.

--format json prints one object: known (lists, words), unknown (an array of
text, line, column, word), summary (texts, texts_failed, words, unknown_words).";

pub(super) const COMPLETIONS: &str = "\
Examples:
  source <(wordhash completions bash)         for this shell
  wordhash completions fish > ~/.config/fish/completions/wordhash.fish";

pub(super) const MAN: &str = "\
Examples:
  wordhash man | man -l -
  wordhash man sweep > wordhash-sweep.1";
