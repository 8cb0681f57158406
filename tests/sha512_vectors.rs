//! NIST's own test vectors, through every engine. `tests/data/README.md` says where they are from.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a test's helper fails the test")]

mod engines;

use std::path::Path;

use wordhash::sha512::{Digest, Engine};

/// More than any engine has lanes, so that every engine also does a rest.
const COPIES: usize = 13;

/// The values of `field` in a response file, in order.
fn values(file: &str, field: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    let lines = text.lines().filter_map(|line| line.split_once(" = "));
    lines.filter(|(name, _)| *name == field).map(|(_, value)| value.trim().to_owned()).collect()
}

/// The messages of a response file, and their digests.
fn vectors(file: &str) -> Vec<(Vec<u8>, Digest)> {
    let lengths = values(file, "Len").into_iter().map(|bits| bits.parse::<usize>().unwrap() / 8);
    let messages = lengths.zip(values(file, "Msg")).map(|(length, message)| {
        let mut message = hex::decode(message).unwrap();
        message.truncate(length);
        assert_eq!(message.len(), length);
        message
    });
    let digests = values(file, "MD").into_iter().map(|digest| digest_from_hex(&digest));
    messages.zip(digests).collect()
}

fn digest_from_hex(hex: &str) -> Digest {
    let mut digest = [0; 64];
    hex::decode_to_slice(hex, &mut digest).unwrap();
    digest
}

#[track_caller]
fn check(engine: Engine, file: &str, count: usize) {
    let vectors = vectors(file);
    assert_eq!(vectors.len(), count, "the vectors of {file}");
    let words: Vec<&[u8]> = vectors.iter().map(|(message, _)| &message[..]).collect();
    let expected: Vec<Digest> = vectors.iter().map(|(_, digest)| *digest).collect();
    assert_eq!(engines::hash(engine, &words, 1), expected, "{} on all of {file}", engine.name());
    for (message, digest) in &vectors {
        let digests = engines::hash(engine, &[&message[..]; COPIES], 1);
        assert_eq!(digests, [*digest; COPIES], "{} on {} bytes", engine.name(), message.len());
    }
}

#[test]
fn every_engine_hashes_the_short_messages() {
    for engine in engines::under_test() {
        check(engine, "SHA512ShortMsg.rsp", 129);
    }
}

#[test]
fn every_engine_hashes_the_long_messages() {
    for engine in engines::under_test() {
        check(engine, "SHA512LongMsg.rsp", 128);
    }
}

/// The pseudo-random messages of SHAVS, section 6.4: chains of a thousand digests, each of the
/// three before it.
#[test]
fn every_engine_runs_the_monte_carlo_chains() {
    let expected = values("SHA512Monte.rsp", "MD");
    assert_eq!(expected.len(), 100);
    for engine in engines::under_test() {
        let mut seed = digest_from_hex(&values("SHA512Monte.rsp", "Seed")[0]);
        for (chain, expected) in expected.iter().enumerate() {
            let mut last = [seed; 3];
            for _ in 0..1000 {
                // Two copies are enough for no engine to hash the word alone.
                let digests = engines::hash(engine, &[last.as_flattened(); 2], 1);
                assert_eq!(digests[0], digests[1]);
                last = [last[1], last[2], digests[0]];
            }
            seed = last[2];
            assert_eq!(hex::encode(seed), *expected, "{}, chain {chain}", engine.name());
        }
    }
}
