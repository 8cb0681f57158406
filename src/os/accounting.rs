//! What the kernel counts: the CPU time, context switches and page faults of this process, and the
//! CPU time of the whole machine.
//!
//! A [`Snapshot`] reads the counters, and [`Snapshot::since`] is what was counted between two of
//! them. Each figure is `None` where the system does not tell. Children count as own from when they
//! were waited for: a span must not end before its workers were.

use std::fs::File;
use std::io::Read as _;
use std::mem::MaybeUninit;
use std::time::Duration;

/// The counters at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Snapshot {
    own: Option<Own>,
    machine: Option<Ticks>,
}

/// What this process and the children that it waited for used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Own {
    /// CPU time outside the kernel.
    pub user: Duration,
    /// CPU time in the kernel.
    pub system: Duration,
    /// How often a thread gave its processor up, as it had to wait.
    pub voluntary_switches: u64,
    /// How often the kernel took a thread's processor away.
    pub involuntary_switches: u64,
    /// Page faults that the kernel served from memory.
    pub minor_faults: u64,
    /// Page faults that had to read from a disk.
    pub major_faults: u64,
}

/// What all processors did, taken together, as `/proc/stat` tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Machine {
    /// The time in which they ran any program or the kernel.
    pub busy: Duration,
    /// The time in which a program was ready and the hypervisor ran another machine instead.
    pub steal: Duration,
    /// Processors that are on line.
    pub processors: usize,
    /// How much of `busy` + `steal` rounding may have added.
    ///
    /// The kernel charges a processor's whole tick to what runs when the tick ends, and shows the
    /// sum for each kind of time in whole steps of 10 ms, rounded down. So there may be a step too
    /// much for each processor, and one for each kind of time that went on.
    pub rounding: Duration,
}

/// What was counted between two snapshots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// `None` where the system does not tell.
    pub own: Option<Own>,
    /// `None` where the system does not tell, or where processors came or went in between.
    pub machine: Option<Machine>,
}

impl Snapshot {
    /// Reads the counters. It takes some 10 µs on two processors, nearly all of it in `/proc/stat`,
    /// and longer on a machine with many, for which the kernel writes more text.
    #[must_use]
    pub fn now() -> Self {
        Self { own: own(), machine: proc_stat().and_then(|text| Ticks::read(&text)) }
    }

    /// What was counted since an earlier snapshot. Counters that went back count as 0: the kernel
    /// takes some steal and idle times back.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Counted {
        let own = self.own.zip(earlier.own).map(|(now, then)| Own {
            user: now.user.saturating_sub(then.user),
            system: now.system.saturating_sub(then.system),
            voluntary_switches: now.voluntary_switches.saturating_sub(then.voluntary_switches),
            involuntary_switches: now
                .involuntary_switches
                .saturating_sub(then.involuntary_switches),
            minor_faults: now.minor_faults.saturating_sub(then.minor_faults),
            major_faults: now.major_faults.saturating_sub(then.major_faults),
        });
        let machine = self.machine.zip(earlier.machine);
        let machine = machine.and_then(|(now, then)| now.since(&then, tick()?));
        Counted { own, machine }
    }
}

fn own() -> Option<Own> {
    let of = |who| {
        let mut usage = MaybeUninit::<libc::rusage>::uninit();
        // SAFETY: the pointer is to a `rusage` that may be written, and lives through the call.
        let failed = unsafe { libc::getrusage(who, usage.as_mut_ptr()) } != 0;
        // SAFETY: the kernel has filled the struct in, as the call did not fail.
        (!failed).then(|| unsafe { usage.assume_init() })
    };
    let time = |time: libc::timeval| {
        let seconds = Duration::from_secs(time.tv_sec.try_into().unwrap_or(0));
        seconds + Duration::from_micros(time.tv_usec.try_into().unwrap_or(0))
    };
    let count = |count: libc::c_long| u64::try_from(count).unwrap_or(0);
    let (mine, children) = (of(libc::RUSAGE_SELF)?, of(libc::RUSAGE_CHILDREN)?);
    Some(Own {
        user: time(mine.ru_utime) + time(children.ru_utime),
        system: time(mine.ru_stime) + time(children.ru_stime),
        voluntary_switches: count(mine.ru_nvcsw) + count(children.ru_nvcsw),
        involuntary_switches: count(mine.ru_nivcsw) + count(children.ru_nivcsw),
        minor_faults: count(mine.ru_minflt) + count(children.ru_minflt),
        major_faults: count(mine.ru_majflt) + count(children.ru_majflt),
    })
}

/// The step of `/proc/stat`.
fn tick() -> Option<Duration> {
    let per_second = u32::try_from(rustix::param::clock_ticks_per_second()).ok()?;
    Duration::from_secs(1).checked_div(per_second)
}

/// The lines of `/proc/stat` that begin with `cpu`. The rest, one figure for each interrupt, is not
/// read: the lines of processors come first.
fn proc_stat() -> Option<String> {
    let mut file = File::open("/proc/stat").ok()?;
    let mut text = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let read = file.read(&mut piece).ok()?;
        text.extend_from_slice(&piece[..read]);
        let rest = memchr::memmem::find(&text, b"\nintr");
        text.truncate(rest.unwrap_or(text.len()));
        if rest.is_some() || read == 0 {
            return String::from_utf8(text).ok();
        }
    }
}

/// The counters of `/proc/stat` in its own steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Ticks {
    /// User, nice, system, irq, softirq. User and nice contain the time of guests.
    busy: [u64; 5],
    steal: u64,
    processors: usize,
}

impl Ticks {
    /// Reads proc(5), `/proc/stat`: the line `cpu` has the sums over all processors of user, nice,
    /// system, idle, iowait, irq, softirq and steal; a line for each processor follows.
    fn read(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let figures = lines.next()?.strip_prefix("cpu ")?.split_whitespace();
        let figures: Vec<u64> = figures.map(|figure| figure.parse().ok()).collect::<Option<_>>()?;
        let &[user, nice, system, _idle, _iowait, irq, softirq, steal, ..] = &figures[..] else {
            return None;
        };
        let processors = lines.take_while(|line| line.starts_with("cpu")).count();
        let busy = [user, nice, system, irq, softirq];
        (processors > 0).then_some(Self { busy, steal, processors })
    }

    fn since(&self, then: &Self, tick: Duration) -> Option<Machine> {
        let nanoseconds = u64::try_from(tick.as_nanos()).ok()?;
        let time = |ticks: u64| Duration::from_nanos(nanoseconds.saturating_mul(ticks));
        let busy: [u64; 5] =
            std::array::from_fn(|kind| self.busy[kind].saturating_sub(then.busy[kind]));
        let steal = self.steal.saturating_sub(then.steal);
        let went_on = busy.iter().chain([&steal]).filter(|&&ticks| ticks > 0).count();
        (self.processors == then.processors).then_some(Machine {
            busy: time(busy.into_iter().fold(0, u64::saturating_add)),
            steal: time(steal),
            processors: self.processors,
            rounding: time((self.processors + went_on) as u64),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICK: Duration = Duration::from_millis(10);

    #[test]
    fn the_first_line_is_the_sum_and_one_for_each_processor_follows() {
        let two = "cpu  100 20 30 4000 500 6 7 80 9 1\ncpu0 60 1 1 1 1 1 1 1 1 1\ncpu1 40 1\n";
        for (text, expected) in [
            (two, Some(Ticks { busy: [100, 20, 30, 6, 7], steal: 80, processors: 2 })),
            (
                "cpu  1 2 3 4 5 6 7 8\ncpu7 1\nintr 5\ncpu8 1",
                Some(Ticks { busy: [1, 2, 3, 6, 7], steal: 8, processors: 1 }),
            ),
            // Kernels before 2.6.11 have no steal.
            ("cpu  1 1 1 1 1 1 1\ncpu0 1", None),
            ("cpu  1 1 1 1 1 1 1 1\n", None),
            ("cpu  1 1 x 1 1 1 1 1\ncpu0 1", None),
            ("", None),
        ] {
            assert_eq!(Ticks::read(text), expected, "{text}");
        }
    }

    #[test]
    fn the_machine_is_busy_with_all_but_idling_and_waiting_for_disks() {
        let then = Ticks { busy: [100, 20, 30, 6, 7], steal: 80, processors: 2 };
        let found = |busy, steal, rounding| {
            let [busy, steal, rounding] = [busy, steal, rounding].map(Duration::from_millis);
            Some(Machine { busy, steal, processors: 2, rounding })
        };
        for (now, expected) in [
            (then, found(0, 0, 20)),
            (Ticks { busy: [104, 20, 30, 6, 7], ..then }, found(40, 0, 30)),
            (Ticks { busy: [105, 21, 32, 7, 8], steal: 83, ..then }, found(100, 30, 80)),
            // Some kernels take steal back.
            (Ticks { busy: [101, 20, 30, 6, 7], steal: 79, ..then }, found(10, 0, 30)),
            (Ticks { processors: 3, ..then }, None),
        ] {
            assert_eq!(now.since(&then, TICK), expected, "{now:?}");
        }
    }

    #[test]
    fn what_was_counted_is_the_difference_of_two_snapshots() {
        let own = |one: u64| Own {
            user: Duration::from_millis(one),
            system: Duration::from_millis(2 * one),
            voluntary_switches: 3 * one,
            involuntary_switches: 4 * one,
            minor_faults: 5 * one,
            major_faults: 6 * one,
        };
        let snapshot = |own| Snapshot { own, machine: None };
        for (now, then, expected) in [
            (Some(own(500)), Some(own(300)), Some(own(200))),
            (Some(own(1)), Some(own(300)), Some(own(0))),
            (None, Some(own(300)), None),
            (Some(own(1)), None, None),
        ] {
            let counted = snapshot(now).since(&snapshot(then));
            assert_eq!(counted, Counted { own: expected, machine: None });
        }
    }

    #[test]
    fn memory_that_is_touched_and_work_that_is_done_are_counted() {
        let begin = Snapshot::now();
        // Not a large allocation: that may come in huge pages, of which one is one fault.
        let pages: Vec<Vec<u8>> =
            (0..=255).cycle().take(4096).map(|page| vec![page; 16 << 10]).collect();
        let mut sum = 0_u64;
        loop {
            sum =
                pages.iter().flatten().fold(sum, |sum, &byte| sum.rotate_left(5) ^ u64::from(byte));
            let counted = Snapshot::now().since(&begin);
            let (Some(own), machine) = (counted.own, counted.machine) else { return };
            let machine_worked = machine.is_none_or(|machine| !machine.busy.is_zero());
            if own.user + own.system > TICK && machine_worked {
                assert!(own.minor_faults > 0, "{own:?}");
                break;
            }
        }
        std::hint::black_box(sum);
    }

    /// `cargo test --release --lib accounting -- --ignored --nocapture`
    #[test]
    #[ignore = "measures: run it alone, with --release"]
    fn a_snapshot_takes_some_microseconds() {
        let begin = std::time::Instant::now();
        for _ in 0..10_000 {
            std::hint::black_box(Snapshot::now());
        }
        println!("{:?} a snapshot", begin.elapsed() / 10_000);
    }
}
