//! Forms of a word that readers take for the same.
//!
//! Bytes that are not UTF-8 stay as they are. The module does not know which forms are in a list.

use unicode_normalization::UnicodeNormalization as _;

/// Whether a character has no glyph of its own (Unicode's `Default_Ignorable_Code_Point`): soft
/// hyphens, zero-width joiners, marks of direction, variation selectors.
#[must_use]
pub fn is_ignorable(char: char) -> bool {
    matches!(
        char,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
    )
}

/// What is typed in place of a typographic character.
fn typewritten(char: char) -> Option<&'static str> {
    Some(match char {
        '\u{2019}' | '\u{2bc}' | '\u{ff07}' => "'",
        '\u{2010}' | '\u{2011}' => "-",
        '\u{fb00}' => "ff",
        '\u{fb01}' => "fi",
        '\u{fb02}' => "fl",
        '\u{fb03}' => "ffi",
        '\u{fb04}' => "ffl",
        '\u{fb05}' | '\u{fb06}' => "st",
        '\u{132}' => "IJ",
        '\u{133}' => "ij",
        _ => return None,
    })
}

fn of_text(word: &[u8], form: impl Fn(&str) -> String) -> Vec<u8> {
    let mut formed = Vec::with_capacity(word.len());
    for chunk in word.utf8_chunks() {
        formed.extend_from_slice(form(chunk.valid()).as_bytes());
        formed.extend_from_slice(chunk.invalid());
    }
    formed
}

/// The word in NFC, with typewritten apostrophes and hyphens, letters for ligatures, and without
/// ignorable characters.
#[must_use]
pub fn folded(word: &[u8]) -> Vec<u8> {
    if word.is_ascii() {
        return word.to_vec();
    }
    of_text(word, |text| {
        let mut typed = String::with_capacity(text.len());
        for char in text.chars().filter(|char| !is_ignorable(*char)) {
            match typewritten(char) {
                Some(text) => typed.push_str(text),
                None => typed.push(char),
            }
        }
        typed.nfc().collect()
    })
}

/// The word in Unicode's lower case.
#[must_use]
pub fn lower_case(word: &[u8]) -> Vec<u8> {
    of_text(word, str::to_lowercase)
}

/// The forms by which a word of a text may be known, other than as it stands: folded, and folded
/// in lower case.
#[must_use]
pub fn forms_of_word(word: &[u8]) -> Vec<Vec<u8>> {
    let folded = folded(word);
    let lower = lower_case(&folded);
    let mut forms = vec![folded, lower];
    forms.dedup();
    forms.retain(|form| form != word && !form.is_empty());
    forms
}

/// The forms in which a text may have an entry of a list, other than those that lead back to the
/// entry as it stands: without blanks around it, folded, in capitals.
#[must_use]
pub fn forms_of_entry(entry: &[u8]) -> Vec<Vec<u8>> {
    // Nearly all entries of nearly all lists end here.
    if entry.iter().all(|byte| byte.is_ascii_lowercase() || *byte == b'\'') {
        return Vec::new();
    }
    let folded = folded(entry.trim_ascii());
    let is_capitalised = lower_case(&folded) != folded;
    let capitals = is_capitalised.then(|| of_text(&folded, str::to_uppercase));
    let mut forms = vec![folded];
    forms.extend(capitals);
    forms.dedup();
    forms.retain(|form| form != entry && !form.is_empty());
    forms
}

/// Whether it is no word of a language: it has a digit, or no letter.
#[must_use]
pub fn is_number(word: &[u8]) -> bool {
    let mut has_letter = false;
    for chunk in word.utf8_chunks() {
        if chunk.valid().chars().any(char::is_numeric) {
            return true;
        }
        has_letter |= chunk.valid().chars().any(char::is_alphabetic) || !chunk.invalid().is_empty();
    }
    !has_letter
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(forms: Vec<Vec<u8>>) -> Vec<String> {
        forms.into_iter().map(|form| String::from_utf8(form).unwrap()).collect()
    }

    #[test]
    fn words_have_the_forms_that_readers_take_for_the_same() {
        for (word, forms) in [
            ("word", &[][..]),
            ("Word", &["word"]),
            ("don\u{2019}t", &["don't"]),
            ("Don\u{2bc}t", &["Don't", "don't"]),
            ("don\u{ff07}t", &["don't"]),
            ("cafe\u{301}", &["caf\u{e9}"]),
            ("fu\u{ad}ture", &["future"]),
            ("well\u{2011}known", &["well-known"]),
            ("\u{fb01}ne o\u{fb03}ce", &["fine office"]),
            ("\u{c4}rger", &["\u{e4}rger"]),
            ("\u{ad}", &[]),
        ] {
            assert_eq!(texts(forms_of_word(word.as_bytes())), forms, "{word:?}");
        }
    }

    #[test]
    fn entries_have_the_forms_that_texts_may_have() {
        for (entry, forms) in [
            ("word", &[][..]),
            ("Paris", &["PARIS"]),
            ("McDonald", &["MCDONALD"]),
            ("PARIS", &[]),
            ("word\t", &["word"]),
            (" Rome ", &["Rome", "ROME"]),
            ("cafe\u{301}", &["caf\u{e9}"]),
            ("don\u{2019}t", &["don't"]),
            ("Stra\u{df}e", &["STRASSE"]),
        ] {
            assert_eq!(texts(forms_of_entry(entry.as_bytes())), forms, "{entry:?}");
        }
    }

    #[test]
    fn numbers_have_a_digit_or_no_letter() {
        for number in ["1999", "3.14", "1990s", "2nd", "A4", "\u{b2}", "\u{663}"] {
            assert!(is_number(number.as_bytes()), "{number}");
        }
        for word in ["a", "don't", "\u{65e5}\u{672c}", "\u{e4}"] {
            assert!(!is_number(word.as_bytes()), "{word}");
        }
        assert!(!is_number(b"\xff"));
    }

    proptest! {
        #[test]
        fn a_folded_word_is_folded(word: Vec<u8>, text: String) {
            for word in [&word, text.as_bytes()] {
                let once = folded(word);
                prop_assert_eq!(folded(&once), once);
            }
        }
    }
}
