//! The machine that measured, and what it measured, in words: a sentence, or pairs of name and
//! value.
//!
//! It measures nothing; what is not known is left out.

use super::{caption, figure};
use crate::bench::result::{Measurement, Order};

/// `wordhash 0.2.0 on AMD EPYC 9R14 (2 of 2 cores usable), Linux 6.1.0, engine avx512`.
pub(crate) fn sentence(run: &Measurement) -> String {
    let environment = &run.environment;
    let cpu = environment.cpu.as_deref().unwrap_or("an unnamed processor");
    let mut sentence = format!("wordhash {} on {cpu} ({})", run.wordhash, cores(run));
    let kernel = environment.kernel.iter().cloned();
    for part in kernel.chain([format!("engine {}", environment.engine)]) {
        sentence.push_str(", ");
        sentence.push_str(&part);
    }
    if environment.debug_build {
        sentence.push_str(", built without optimisation");
    }
    sentence
}

/// Everything known of program, machine and input, for a list.
pub(crate) fn facts(run: &Measurement) -> Vec<(&'static str, String)> {
    let environment = &run.environment;
    let input = &run.input;
    let has_list = caption::has_list(run);
    let build = if environment.debug_build { "debug" } else { "release" };
    let precision = environment.clock_precision.map(|step| format!("{} ns", step.as_nanos()));
    let order = match run.order {
        Order::Random => format!("random, from seed {}", run.seed),
        Order::Blocked => "blocked".to_owned(),
    };
    let facts = [
        ("program", Some(format!("wordhash {} ({build} build)", run.wordhash))),
        ("processor", environment.cpu.clone()),
        ("cores", Some(cores(run))),
        ("memory", environment.memory_bytes.map(figure::bytes)),
        ("system", environment.os.clone()),
        ("kernel", environment.kernel.clone()),
        ("architecture", environment.architecture.clone()),
        ("engine", Some(format!("{} of {}", environment.engine, environment.engines.join(", ")))),
        ("governor", environment.governor.clone()),
        ("clock precision", precision),
        ("begun", environment.started_at.clone()),
        ("order of runs", Some(order)),
        ("margin", Some(figure::round_percent(run.margin))),
        ("input", has_list.then(|| input.path.clone())),
        ("size", has_list.then(|| figure::bytes(input.bytes))),
        ("words", has_list.then(|| figure::count(input.words as u64))),
        ("distinct hashes", input.distinct.map(|distinct| figure::count(distinct as u64))),
        ("checksum", input.checksum.clone()),
    ];
    facts.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

fn cores(run: &Measurement) -> String {
    let usable = run.environment.cores_usable;
    match run.environment.cores_physical {
        Some(physical) => format!("{usable} of {physical} cores usable"),
        None => format!("{usable} cores usable"),
    }
}
