//! The command of another program with placeholders, and what they are filled with.
//!
//! A command is split into words as a shell would do it before anything is filled in: a path with
//! blanks stays one word. Where a shell runs the command, it stays one text, and what is filled in
//! is quoted. Commands are bytes; they need not be UTF-8.
//!
//! The module knows nothing of what a program does, nor of the rows that its axes make.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};

/// What a placeholder stands for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// `{workers}`.
    Workers,
    /// `{chunksize}`.
    Chunksize,
    /// `{rounds}`.
    Rounds,
    /// `{words}`: the path of the word list.
    Words,
    /// A `--parameter` by its name.
    Parameter(String),
}

impl Field {
    /// The placeholders that every command may have.
    pub const FIXED: [Self; 4] = [Self::Workers, Self::Chunksize, Self::Rounds, Self::Words];

    /// The name between the braces.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Workers => "workers",
            Self::Chunksize => "chunksize",
            Self::Rounds => "rounds",
            Self::Words => "words",
            Self::Parameter(name) => name,
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{{{}}}", self.name())
    }
}

/// Why a text is no command.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// There is nothing to run.
    #[error("the command is empty")]
    Empty,
    /// A quotation has no end.
    #[error("the command has a quotation mark without its second one, or ends with a backslash")]
    Quotes,
    /// A brace is opened and not closed.
    #[error("a {{ without its }}; write {{{{ for a brace")]
    Brace,
    /// A placeholder that nothing stands for.
    #[error("unknown placeholder {{{name}}}; there are {known}; write {{{{ for a brace", known = known.join(", "))]
    Unknown {
        /// The name between the braces.
        name: String,
        /// The placeholders that there are, with their braces.
        known: Vec<String>,
    },
}

/// A part of a word.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(Vec<u8>),
    Field(Field),
}

/// A command with placeholders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// The words of the command; a command for a shell is one.
    words: Vec<Vec<Part>>,
    shell: bool,
}

impl Template {
    /// Reads a command, which a shell is to run with `shell`; `parameters` are the placeholders
    /// that it may have besides [`Field::FIXED`].
    ///
    /// # Errors
    ///
    /// See [`TemplateError`].
    pub fn parse(command: &OsStr, shell: bool, parameters: &[&str]) -> Result<Self, TemplateError> {
        let text = command.as_bytes();
        if text.trim_ascii().is_empty() {
            return Err(TemplateError::Empty);
        }
        let words = if shell {
            vec![text.to_vec()]
        } else {
            shlex::bytes::split(text).ok_or(TemplateError::Quotes)?
        };
        if words.first().is_none_or(Vec::is_empty) {
            return Err(TemplateError::Empty);
        }
        let words = words.iter().map(|word| parts(word, parameters)).collect::<Result<_, _>>()?;
        Ok(Self { words, shell })
    }

    /// Whether a placeholder stands in it.
    #[must_use]
    pub fn has(&self, field: &Field) -> bool {
        let is_field = |part: &Part| matches!(part, Part::Field(other) if other == field);
        self.words.iter().flatten().any(is_field)
    }

    /// The command with every placeholder filled by `value`.
    #[must_use]
    pub fn fill(&self, value: &dyn Fn(&Field) -> OsString) -> Vec<OsString> {
        let words = self.words.iter().map(|word| {
            let mut filled = Vec::new();
            for part in word {
                match part {
                    Part::Text(text) => filled.extend_from_slice(text),
                    Part::Field(field) if self.shell => {
                        filled.extend_from_slice(&quoted(value(field).as_bytes()));
                    }
                    Part::Field(field) => filled.extend_from_slice(value(field).as_bytes()),
                }
            }
            OsString::from_vec(filled)
        });
        let shell = ["sh", "-c"].map(OsString::from).into_iter().filter(|_| self.shell);
        shell.chain(words).collect()
    }
}

/// A value as one word of a shell's.
fn quoted(value: &[u8]) -> Vec<u8> {
    // It refuses NUL alone, which no argument of a process can hold.
    shlex::bytes::try_quote(value).map_or_else(|_| value.to_vec(), Cow::into_owned)
}

/// A word cut at its placeholders.
fn parts(word: &[u8], parameters: &[&str]) -> Result<Vec<Part>, TemplateError> {
    let (mut parts, mut text, mut rest) = (Vec::new(), Vec::new(), word);
    while let Some((&first, behind)) = rest.split_first() {
        match (first, behind.first()) {
            (b'{' | b'}', Some(&second)) if second == first => {
                text.push(first);
                rest = &behind[1..];
            }
            (b'{', _) => {
                let end = behind.iter().position(|&byte| byte == b'}');
                let end = end.ok_or(TemplateError::Brace)?;
                let field = field(&String::from_utf8_lossy(&behind[..end]), parameters)?;
                parts.push(Part::Text(std::mem::take(&mut text)));
                parts.push(Part::Field(field));
                rest = &behind[end + 1..];
            }
            _ => {
                text.push(first);
                rest = behind;
            }
        }
    }
    parts.push(Part::Text(text));
    Ok(parts)
}

fn field(name: &str, parameters: &[&str]) -> Result<Field, TemplateError> {
    if let Some(fixed) = Field::FIXED.into_iter().find(|field| field.name() == name) {
        return Ok(fixed);
    }
    if parameters.contains(&name) {
        return Ok(Field::Parameter(name.to_owned()));
    }
    let fixed = Field::FIXED.iter().map(ToString::to_string);
    let known = fixed.chain(parameters.iter().map(|name| format!("{{{name}}}"))).collect();
    Err(TemplateError::Unknown { name: name.to_owned(), known })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn value(field: &Field) -> OsString {
        match field {
            Field::Words => OsString::from_vec(b"my \"list\"\xff.txt".to_vec()),
            Field::Parameter(_) => "it's".into(),
            other => other.name().to_uppercase().into(),
        }
    }

    fn filled(command: &[u8], shell: bool) -> Result<Vec<Vec<u8>>, TemplateError> {
        let template = Template::parse(OsStr::from_bytes(command), shell, &["level"])?;
        Ok(template.fill(&value).into_iter().map(OsString::into_vec).collect())
    }

    #[test]
    fn words_are_split_before_they_are_filled() {
        for (command, words) in [
            (&b"run {workers} {chunksize}"[..], &[&b"run"[..], b"WORKERS", b"CHUNKSIZE"][..]),
            (b"'my run' --words={words}", &[b"my run", b"--words=my \"list\"\xff.txt"]),
            (b"run '{rounds} {level}' ''", &[b"run", b"ROUNDS it's", b""]),
            (b"awk '{{print $1}}' \xfe\\ x", &[b"awk", b"{print $1}", b"\xfe x"]),
            (b"run {{{workers}}} }", &[b"run", b"{WORKERS}", b"}"]),
        ] {
            assert_eq!(filled(command, false).unwrap(), words, "{command:?}");
        }
    }

    #[test]
    fn a_shell_gets_one_text_with_quoted_values() {
        let words = filled(b"run {level} {words} | wc -l; echo ${{HOME}}", true).unwrap();
        assert_eq!(words[..2], [b"sh".to_vec(), b"-c".to_vec()]);
        let expected = [&b"run \"it's\" '"[..], b"my \"list\"\xff.txt", b"' | wc -l; echo ${HOME}"];
        assert_eq!(words[2], expected.concat());
    }

    #[test]
    fn what_is_no_command_says_why() {
        for (command, error) in [
            (&b""[..], "the command is empty"),
            (b"  ", "the command is empty"),
            (b"'' x", "the command is empty"),
            (b"run 'x", "without its second one"),
            (b"run {", "a { without its }; write {{ for a brace"),
            (
                b"run {size}",
                "unknown placeholder {size}; there are {workers}, {chunksize}, {rounds}, {words}, {level}",
            ),
            (b"run {}", "unknown placeholder {}"),
        ] {
            let found = filled(command, false).unwrap_err().to_string();
            assert!(found.contains(error), "{command:?}: {found}");
        }
    }

    proptest! {
        #[test]
        fn text_without_braces_is_one_word_as_it_stands(text in "[^{}\0]{1,40}") {
            let command = quoted(text.as_bytes());
            prop_assert_eq!(filled(&command, false).unwrap(), vec![text.into_bytes()]);
        }

        #[test]
        fn every_text_is_a_command_or_an_error(text in proptest::collection::vec(1..=u8::MAX, 0..40)) {
            let _ = filled(&text, false);
            let _ = filled(&text, true);
        }
    }
}
