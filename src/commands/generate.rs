//! `wordhash generate`: a reproducible list.

use std::io::{BufWriter, Write as _};

use super::{OutputError, Screen};
use crate::cli::GenerateArgs;
use crate::generate::{Spec, generate};
use crate::os::interrupt::Interrupt;

pub(super) fn run(arguments: &GenerateArgs, screen: &mut Screen<'_>) -> anyhow::Result<()> {
    // The output may be a pipe that nobody reads; there is nothing to put in order.
    Interrupt::on_signals()?.end_at_once(true);
    let usual = Spec::default();
    let spec = Spec {
        words: arguments.words,
        distinct: arguments.distinct.unwrap_or_else(|| share(arguments.words, &usual)),
        seed: arguments.seed.unwrap_or(usual.seed),
    };
    let words = generate(&spec)?;
    let mut out = BufWriter::with_capacity(256 << 10, &mut *screen.out);
    words.write_to(&mut out).and_then(|()| out.flush()).map_err(OutputError)?;
    Ok(())
}

/// As many distinct words among `words` as the usual list has, in proportion; one at least.
fn share(words: u64, usual: &Spec) -> u64 {
    let share = u128::from(words) * u128::from(usual.distinct) / u128::from(usual.words);
    u64::try_from(share).unwrap_or(words).max(words.min(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_another_length_repeats_as_many_words_in_proportion() {
        let usual = Spec::default();
        for (words, distinct) in [
            (0, 0),
            (1, 1),
            (2, 1),
            (1000, 932),
            (1_049_938, 979_250),
            (u64::MAX, 17_204_800_792_218_281_859),
        ] {
            assert_eq!(share(words, &usual), distinct, "{words}");
        }
    }
}
