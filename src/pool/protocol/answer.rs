//! What a function may return to the pool, and how an error in it travels.

use std::error::Error;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The error of a byte-level job or of a context: any error turns into it by `?`, a text by
/// `.into()`.
pub type JobError = Box<dyn Error + Send + Sync>;

/// What a function that the pool runs may return.
///
/// - Any value that `serde` can write and read is an answer as it is. That includes a
///   `Result<T, E>` whose `E` is such a value: the error travels as itself, and the answer is the
///   whole `Result`.
/// - For a `Result<T, E>` where `E` is [`anyhow::Error`], [`Box<dyn Error>`](Error) or
///   [`JobError`], the answer is the `T`. An error becomes the text of the whole chain of its
///   causes, in a [`TaskError`](crate::pool::TaskError). Inside such a function `?` takes any
///   error.
///
/// `Kind` tells the cases apart. The compiler finds it; nobody has to name it.
///
/// ```
/// # use wordhash::pool::Answer;
/// fn is_answer<K>(_: impl Answer<K>) {}
/// fn parse(text: &str) -> anyhow::Result<i32> {
///     Ok(text.parse()?)
/// }
/// is_answer(25_u64);
/// is_answer(parse("25"));
/// is_answer(Err::<u64, String>("an error that serde knows".to_owned()));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be sent back by a worker process",
    note = "a value must implement `Serialize` and `DeserializeOwned`",
    note = "the error of a `Result` must do so too, or be `anyhow::Error` or \
            `Box<dyn Error + Send + Sync>`"
)]
pub trait Answer<Kind> {
    /// What the caller gets.
    type Value: Serialize + DeserializeOwned + 'static;

    /// The value, or the text of the error.
    #[doc(hidden)]
    fn into_value(self) -> Result<Self::Value, String>;
}

/// [`Answer`]: a value that travels as itself.
#[derive(Clone, Copy, Debug)]
pub struct AsItself;

/// [`Answer`]: a value, or an error whose text travels.
#[derive(Clone, Copy, Debug)]
pub struct OrText<E>(std::marker::PhantomData<E>);

impl<T: Serialize + DeserializeOwned + 'static> Answer<AsItself> for T {
    type Value = T;

    fn into_value(self) -> Result<T, String> {
        Ok(self)
    }
}

impl<T: Serialize + DeserializeOwned + 'static> Answer<OrText<anyhow::Error>>
    for Result<T, anyhow::Error>
{
    type Value = T;

    fn into_value(self) -> Result<T, String> {
        self.map_err(|error| with_causes(error.as_ref()))
    }
}

impl<T: Serialize + DeserializeOwned + 'static> Answer<OrText<JobError>> for Result<T, JobError> {
    type Value = T;

    fn into_value(self) -> Result<T, String> {
        self.map_err(|error| with_causes(error.as_ref()))
    }
}

impl<T: Serialize + DeserializeOwned + 'static> Answer<OrText<Box<dyn Error>>>
    for Result<T, Box<dyn Error>>
{
    type Value = T;

    fn into_value(self) -> Result<T, String> {
        self.map_err(|error| with_causes(error.as_ref()))
    }
}

/// An error's text and those of its causes: `outer: inner: innermost`.
pub(in crate::pool) fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context as _;

    fn text_of<K, A: Answer<K>>(answer: A) -> Option<String> {
        answer.into_value().err()
    }

    #[test]
    fn an_error_brings_the_texts_of_its_causes() {
        let parse = || "x".parse::<u8>();
        let all = "reading the port: invalid digit found in string";
        let anyhow: anyhow::Result<u8> = parse().context("reading the port");
        assert_eq!(text_of(anyhow).unwrap(), all);
        let boxed: Result<u8, JobError> = parse().map_err(Into::into);
        assert_eq!(text_of(boxed).unwrap(), "invalid digit found in string");
        let local: Result<u8, Box<dyn Error>> = Err("no port".into());
        assert_eq!(text_of(local).unwrap(), "no port");
    }

    #[test]
    fn an_error_that_serde_knows_is_part_of_the_answer() {
        let answer: Result<u8, String> = Err("no port".to_owned());
        assert_eq!(answer.into_value(), Ok(Err("no port".to_owned())));
    }
}
