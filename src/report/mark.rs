//! The marks of the rows that an answer speaks of: recommended, or maybe as fast.
//!
//! Each format has its own sign for them; which row has which is decided here.

use crate::bench::result::Measurement;

/// What an answer says of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Mark {
    /// The row to take.
    Recommended,
    /// No other row has been shown to be faster.
    MaybeFastest,
    /// Another row is faster, or rows were not compared.
    Unmarked,
}

impl Mark {
    /// The mark of the row with this index.
    pub(crate) fn of(run: &Measurement, row: usize) -> Self {
        if run.answers.iter().any(|answer| answer.recommended == row) {
            Self::Recommended
        } else if run.answers.iter().any(|answer| answer.fastest.contains(&row)) {
            Self::MaybeFastest
        } else {
            Self::Unmarked
        }
    }

    /// One character for a table; nothing for most rows.
    pub(crate) fn symbol(self) -> &'static str {
        match self {
            Self::Recommended => "*",
            Self::MaybeFastest => "~",
            Self::Unmarked => "",
        }
    }

    /// A word for people.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Recommended => "recommended",
            Self::MaybeFastest => "maybe as fast",
            Self::Unmarked => "",
        }
    }

    /// A word for programs.
    pub(crate) fn identifier(self) -> &'static str {
        match self {
            Self::Recommended => "recommended",
            Self::MaybeFastest => "maybe-fastest",
            Self::Unmarked => "",
        }
    }
}

/// What the symbols of a table mean; `None` where no row has one.
pub(crate) fn legend(run: &Measurement) -> Option<&'static str> {
    let marks = || (0..run.results.len()).map(|row| Mark::of(run, row));
    match (
        marks().any(|mark| mark == Mark::Recommended),
        marks().any(|mark| mark == Mark::MaybeFastest),
    ) {
        (_, true) => Some("* recommended; ~ may be just as fast"),
        (true, false) => Some("* recommended"),
        (false, false) => None,
    }
}
