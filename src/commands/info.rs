//! `wordhash info`: this machine, the engines it can run, the defaults that follow.

use std::fmt::Write as _;

use super::Screen;
use super::config::default_workers;
use crate::bench::clock::{Clock, MonotonicClock};
use crate::bench::environment;
use crate::bench::result::Environment;
use crate::sha512::Engine;

/// What is known of this machine, the engines included.
pub(super) fn environment(clock: &dyn Clock) -> Environment {
    let engines: Vec<&str> = Engine::available().into_iter().map(Engine::name).collect();
    environment::environment(Engine::detect().name(), &engines, clock)
}

pub(super) fn run(screen: &mut Screen<'_>) -> anyhow::Result<()> {
    screen.text(rendered(&environment(&MonotonicClock::new()), default_workers().get()))?;
    Ok(())
}

/// One fact a line; what the machine does not tell is left out.
fn rendered(machine: &Environment, workers: usize) -> String {
    let mut text = format!("wordhash {}\n", env!("CARGO_PKG_VERSION"));
    let mut fact = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            let _ = writeln!(text, "{name:<10}{value}");
        }
    };
    fact("cpu", machine.cpu.clone());
    let physical = machine.cores_physical.map(|cores| format!(" of {cores} physical"));
    fact("cores", Some(format!("{} usable{}", machine.cores_usable, physical.unwrap_or_default())));
    fact(
        "memory",
        machine.memory_bytes.map(|bytes| format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30))),
    );
    fact("system", machine.os.clone());
    fact("kernel", machine.kernel.clone());
    fact("governor", machine.governor.clone());
    fact("engines", Some(machine.engines.join(", ")));
    fact("build", machine.debug_build.then(|| "debug: far slower than a release build".to_owned()));
    fact(
        "defaults",
        Some(format!(
            "--backend processes --workers {workers} --chunksize auto --transport shared \
             --start-method spawn --engine {}",
            machine.engine
        )),
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_is_shown_and_what_is_not_is_left_out() {
        let machine = Environment {
            cpu: Some("Xeon".to_owned()),
            cores_physical: Some(8),
            cores_usable: 2,
            engine: "avx2".to_owned(),
            engines: vec!["sha2".to_owned(), "avx2".to_owned()],
            memory_bytes: Some(8 << 30),
            ..Environment::default()
        };
        let text = rendered(&machine, 2);
        let (_, facts) = text.split_once('\n').unwrap();
        assert_eq!(
            facts,
            "cpu       Xeon\n\
             cores     2 usable of 8 physical\n\
             memory    8.0 GiB\n\
             engines   sha2, avx2\n\
             defaults  --backend processes --workers 2 --chunksize auto --transport shared \
             --start-method spawn --engine avx2\n"
        );
    }
}
