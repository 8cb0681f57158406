//! What stands below the help of the commands.

pub(super) const SWEEP: &str = "\
Examples:
  wordhash sweep words.txt                    the tutorial's sizes
  wordhash sweep -w 1,2,4 -c 1..1m*4 --transport shared,pipe words.txt
  wordhash sweep --precision 2% --refine 3 words.txt
  wordhash sweep --export result.json --export report.html words.txt

Lists and ranges may stand on every axis; all combinations are run, round by
round, and every run's digests are compared with the others'.";

pub(super) const COMPARE: &str = "\
Examples:
  wordhash compare words.txt                  serial, threads and processes
  wordhash compare -b serial,processes -w 1,2,4 words.txt
  wordhash compare --engine sha2,auto --format markdown words.txt";

pub(super) const DIFF: &str = "\
Examples:
  wordhash sweep --export old.json words.txt
  wordhash sweep --export new.json words.txt  with another program or machine
  wordhash diff old.json new.json
  wordhash diff --fail-above 5% old.json new.json";

pub(super) const GENERATE: &str = "\
Examples:
  wordhash generate > 1m_words.txt            the list that is built in
  wordhash generate --words 1k --distinct 900 > words.txt
  wordhash generate --words 10m --seed 7 | gzip > words.txt.gz";

pub(super) const INFO: &str = "\
Examples:
  wordhash info
  taskset -c 0 wordhash info                  with one core allowed";
