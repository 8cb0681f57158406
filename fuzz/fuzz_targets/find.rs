//! Any bytes a text could have: words are found in order and apart from each other, no letter or
//! digit of ASCII is lost, and a text that is cut has the same words.
//!
//! `cargo +nightly fuzz run find`. The same properties run with seeded inputs in the tests of
//! `src/text/segment.rs`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wordhash::text::fold::{folded, forms_of_entry, forms_of_word};
use wordhash::text::segment::{cut, find_words, parts};

fn found(text: &[u8]) -> Vec<&[u8]> {
    let mut words = Vec::new();
    let mut before = 0;
    find_words(text, |word| {
        assert!(before <= word.start && word.start < word.end);
        before = word.end;
        words.push(&text[word]);
    });
    words
}

fuzz_target!(|text: &[u8]| {
    let words = found(text);
    let letters = |bytes: &[u8]| bytes.iter().filter(|byte| byte.is_ascii_alphanumeric()).count();
    assert_eq!(words.iter().map(|word| letters(word)).sum::<usize>(), letters(text));
    for word in &words {
        assert!(!word.contains(&b'\n') && parts(word).next().is_some());
        let once = folded(word);
        assert_eq!(folded(&once), once);
        for form in forms_of_word(word).iter().chain(&forms_of_entry(word)) {
            assert!(!form.contains(&b'\n') && !form.is_empty() && form != word);
        }
    }
    if let Some(cut) = cut(text, text.len() / 2) {
        let (first, second) = text.split_at(cut);
        assert_eq!([found(first), found(second)].concat(), words);
    }
});
