//! Sentences broken into lines that fit a terminal.

/// No line is made shorter than this for the sake of a narrow terminal.
const LEAST_WIDTH: usize = 30;

/// The words of a text in lines of at most `width` characters; a longer word has a line of its own.
/// Every line has its end.
pub(crate) fn wrapped(text: &str, width: Option<usize>) -> String {
    let width = width.map_or(usize::MAX, |width| width.max(LEAST_WIDTH));
    let mut lines = String::with_capacity(text.len() + 1);
    let mut column = 0;
    for word in text.split(' ') {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > width {
            lines.push('\n');
            column = 0;
        } else if column > 0 {
            lines.push(' ');
            column += 1;
        }
        lines.push_str(word);
        column += length;
    }
    lines.push('\n');
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn lines_keep_every_word_and_the_width(
            words in proptest::collection::vec("[a-zµ…]{1,40}", 1..30), width in 30..90_usize,
        ) {
            let lines = wrapped(&words.join(" "), Some(width));
            prop_assert_eq!(lines.split_whitespace().collect::<Vec<_>>(), words);
            for line in lines.lines() {
                prop_assert!(line.chars().count() <= width || !line.contains(' '), "{}", line);
            }
        }
    }

    #[test]
    fn without_a_width_a_text_is_one_line() {
        assert_eq!(wrapped(&"word ".repeat(99), None).lines().count(), 1);
    }
}
