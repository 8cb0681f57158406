//! The jobs that the tests have done, and the contexts that they are done in.

use rustix::time::{ClockId, clock_gettime};
use wordhash::os::region::Region;
use wordhash::pool::{JobError, Outputs, Tasks};

/// Does what a task's bytes ask for: `bytes` and a number, `echo` and a text, and so on.
#[expect(clippy::exit, reason = "this is how a worker dies")]
pub(crate) fn obey(
    (): &mut (),
    tasks: Tasks<'_>,
    outputs: &mut Outputs<'_>,
) -> Result<(), JobError> {
    for task in &tasks {
        let task = std::str::from_utf8(task)?;
        match task.split_once(' ').unwrap_or((task, "")) {
            ("echo", text) => outputs.write(text.as_bytes()),
            ("bytes", count) => {
                for at in 0..count.parse::<usize>()? {
                    outputs.write(&[u8::try_from(at % 251)?]);
                }
            }
            ("zeros", count) => outputs.write(&vec![0; count.parse()?]),
            ("fail", text) => {
                outputs.write(b"lost");
                return Err(text.into());
            }
            ("panic", text) => panic!("{text}"),
            ("die", status) => std::process::exit(status.parse()?),
            ("die-once", path) => {
                if !std::fs::exists(path)? {
                    std::fs::write(path, "")?;
                    std::process::abort();
                }
                outputs.write(b"alive");
            }
            ("scribble", _) => scribble()?,
            ("take", ticks) => take(ticks.parse()?, outputs),
            ("pid", _) => outputs.write(std::process::id().to_string().as_bytes()),
            ("return", _) => return Ok(()),
            _ => return Err(format!("cannot {task}").into()),
        }
        outputs.finish_task();
    }
    Ok(())
}

/// Works until the coarse clock has moved so often, without any output.
fn take(ticks: usize, outputs: &mut Outputs<'_>) {
    let now = || clock_gettime(ClockId::MonotonicCoarse);
    for _ in 0..ticks {
        let before = now();
        while now() == before {
            outputs.still_at_work();
        }
    }
}

/// Writes over the counters of the memory that this worker shares with its parent.
fn scribble() -> Result<(), JobError> {
    let maps = std::fs::read_to_string("/proc/self/maps")?;
    let rings = maps.lines().find(|line| line.contains("memfd:")).and_then(|line| line.get(..12));
    let address = usize::from_str_radix(rings.ok_or("no rings")?, 16)?;
    // SAFETY: a page of this process that Rust knows of only as atomics in shared memory.
    unsafe { std::ptr::with_exposed_provenance_mut::<u8>(address).write_bytes(0xFF, 4096) };
    Ok(())
}

/// Nothing, as fast as it goes.
#[expect(clippy::unnecessary_wraps, reason = "the signature of a job")]
pub(crate) fn nothing(
    (): &mut (),
    tasks: Tasks<'_>,
    outputs: &mut Outputs<'_>,
) -> Result<(), JobError> {
    outputs.finish_empty(tasks.len());
    Ok(())
}

/// Two regions: adds a number to the bytes of one and writes them to the other.
pub(crate) struct Adder {
    addend: u8,
    input: Region,
    output: Region,
}

impl Adder {
    pub(crate) fn new(addend: u8, regions: Vec<Region>) -> Result<Self, JobError> {
        let [input, output] = regions.try_into().map_err(|_| "two regions are needed")?;
        Ok(Self { addend, input, output })
    }
}

pub(crate) fn add(
    adder: &mut Adder,
    tasks: Tasks<'_>,
    outputs: &mut Outputs<'_>,
) -> Result<(), JobError> {
    for task in tasks {
        let at = usize::from_le_bytes(task.try_into()?);
        // SAFETY: each task is one byte of the output, and the parent reads when all are done.
        unsafe {
            let byte = adder.input.bytes_unwatched()[at].wrapping_add(adder.addend);
            adder.output.as_ptr().add(at).write(byte);
        }
        outputs.finish_task();
    }
    Ok(())
}

/// A context that cannot be made.
#[expect(clippy::exit, clippy::needless_pass_by_value, reason = "arguments are values")]
pub(crate) fn break_down(how: String) -> Result<(), JobError> {
    match how.as_str() {
        "panic" => panic!("no such table"),
        "exit" => std::process::exit(7),
        _ => Err("no such file".into()),
    }
}
