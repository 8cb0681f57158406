//! Which engines the tests run on.

#![expect(clippy::print_stdout, reason = "a test's output says which engines it tested")]

use std::num::NonZeroU32;

use wordhash::sha512::{DIGEST_LEN, Digest, Engine, EngineKind};

/// Names the engines that must be there: `WORDHASH_REQUIRE_ENGINES=sha2,avx2,avx512`.
const REQUIRED: &str = "WORDHASH_REQUIRE_ENGINES";

/// All engines that this machine can run; fails when one is missing that the environment requires.
pub(crate) fn under_test() -> Vec<Engine> {
    let engines = Engine::available();
    let names: Vec<_> = engines.iter().map(|engine| engine.name()).collect();
    println!("engines under test: {}", names.join(", "));
    let required = std::env::var(REQUIRED).unwrap_or_default();
    for name in required.split(',').filter(|name| !name.is_empty()) {
        let kind: EngineKind = name.parse().unwrap();
        assert!(Engine::forced(kind).is_some(), "{REQUIRED} names {kind}; this CPU lacks it");
    }
    engines
}

/// The digests of `words`, each hashed `rounds` times, from one call of the engine.
pub(crate) fn hash(engine: Engine, words: &[&[u8]], rounds: u32) -> Vec<Digest> {
    let mut digests = vec![[0xa5; DIGEST_LEN]; words.len()];
    let rounds = NonZeroU32::new(rounds).unwrap();
    engine.hash_words(words.iter().copied(), rounds, &mut digests);
    digests
}
