//! `wordhash generate`: a reproducible list.

use std::io::{BufWriter, Write as _};

use super::{OutputError, Screen};
use crate::cli::GenerateArgs;
use crate::interrupt::Interrupt;
use crate::words::generate::{Spec, generate};

pub(super) fn run(arguments: &GenerateArgs, screen: &mut Screen<'_>) -> anyhow::Result<()> {
    // The output may be a pipe that nobody reads; there is nothing to put in order.
    Interrupt::on_signals()?.end_at_once(true);
    let spec = Spec {
        words: arguments.words,
        distinct: arguments.distinct,
        seed: arguments.seed.unwrap_or(Spec::default().seed),
    };
    let words = generate(&spec)?;
    let mut out = BufWriter::with_capacity(256 << 10, &mut *screen.out);
    words.write_to(&mut out).and_then(|()| out.flush()).map_err(OutputError)?;
    Ok(())
}
