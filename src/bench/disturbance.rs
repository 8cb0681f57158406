//! How much of the processors' time went elsewhere while a run was made.
//!
//! A pure function of what the kernel counted during a run and of how long the run took. The
//! module does not know how the counters are read.

use std::time::Duration;

use super::result::Disturbance;
use crate::os::accounting::{Counted, Machine, Own};

/// The share of the processors' time above which a run is disturbed.
pub const LARGEST_FOREIGN_SHARE: f64 = 0.05;

/// Judges a run of length `span` during which all of this was counted.
///
/// The time that went elsewhere is what the processors were busy or stolen beyond the own CPU time.
/// The machine's counters have steps of 10 ms, which is a tenth of all the time that two processors
/// have in 50 ms. A run is disturbed only where the time exceeds 5 % of the processors' time *plus*
/// all that these steps can add ([`Machine::rounding`]). So a short run must be disturbed more
/// before it is called so: on two processors by 35 to 55 of the 100 ms that they have in 50 ms,
/// by 6.5 to 7.5 % in a second. Between ticks the kernel guesses; that error has no direction, and is
/// 1 to 2 % of a second.
#[must_use]
pub fn disturbance(counted: &Counted, span: Duration) -> Disturbance {
    let own = counted.own;
    let foreign = own.zip(counted.machine).map(|(own, machine)| Foreign::new(own, machine, span));
    Disturbance {
        user: own.map(|own| own.user),
        system: own.map(|own| own.system),
        involuntary_switches: own.map(|own| own.involuntary_switches),
        page_faults: own.map(|own| own.minor_faults + own.major_faults),
        foreign_cpu: foreign.and_then(Foreign::share),
        disturbed: foreign.is_some_and(Foreign::is_too_much),
    }
}

/// Times in seconds.
#[derive(Clone, Copy)]
struct Foreign {
    time: f64,
    /// What all processors have.
    available: f64,
    rounding: f64,
}

impl Foreign {
    fn new(own: Own, machine: Machine, span: Duration) -> Self {
        let time = (machine.busy + machine.steal).saturating_sub(own.user + own.system);
        Self {
            time: time.as_secs_f64(),
            available: span.as_secs_f64() * machine.processors as f64,
            rounding: machine.rounding.as_secs_f64(),
        }
    }

    /// At most 1: rounding can make more of it.
    fn share(self) -> Option<f64> {
        (self.available > 0.0).then(|| (self.time / self.available).min(1.0))
    }

    fn is_too_much(self) -> bool {
        self.time > LARGEST_FOREIGN_SHARE * self.available + self.rounding
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn counted(own_ms: u64, busy_ms: u64, steal_ms: u64, rounding_ms: u64) -> Counted {
        let [user, system] = [own_ms - own_ms / 4, own_ms / 4].map(Duration::from_millis);
        let [busy, steal, rounding] = [busy_ms, steal_ms, rounding_ms].map(Duration::from_millis);
        Counted {
            own: Some(Own {
                user,
                system,
                voluntary_switches: 9,
                involuntary_switches: 3,
                minor_faults: 40,
                major_faults: 2,
            }),
            machine: Some(Machine { busy, steal, processors: 2, rounding }),
        }
    }

    #[test]
    fn a_run_is_disturbed_when_more_than_a_twentieth_of_the_processors_time_goes_elsewhere() {
        for (span_ms, own, busy, steal, rounding, share, disturbed) in [
            // 2,000 ms are there, 100 of them are a twentieth, and rounding explains 40.
            (1000, 1500, 1500, 0, 40, 0.0, false),
            (1000, 1500, 1640, 0, 40, 0.07, false),
            (1000, 1500, 1650, 0, 40, 0.075, true),
            (1000, 1500, 1500, 150, 40, 0.075, true),
            (1000, 1500, 1580, 70, 40, 0.075, true),
            // The tick rounds either way: less than the own time is none that went elsewhere.
            (1000, 1500, 1470, 0, 40, 0.0, false),
            // 100 ms are there. Three steps too many are only rounding; half of the time is not.
            (50, 80, 110, 0, 40, 0.3, false),
            (50, 50, 100, 0, 40, 0.5, true),
            (1, 1, 20, 0, 30, 1.0, false),
        ] {
            let found =
                disturbance(&counted(own, busy, steal, rounding), Duration::from_millis(span_ms));
            let found_share = found.foreign_cpu.unwrap();
            assert!((found_share - share).abs() < 1e-9, "{found:?}: {share}");
            assert_eq!(found.disturbed, disturbed, "{found:?}");
        }
    }

    #[test]
    fn what_the_system_does_not_tell_is_not_known() {
        let whole = counted(1600, 3000, 0, 40);
        let span = Duration::from_secs(2);
        assert_eq!(
            disturbance(&whole, span),
            Disturbance {
                user: Some(Duration::from_millis(1200)),
                system: Some(Duration::from_millis(400)),
                involuntary_switches: Some(3),
                page_faults: Some(42),
                foreign_cpu: Some(0.35),
                disturbed: true,
            }
        );
        let without_machine = disturbance(&Counted { machine: None, ..whole }, span);
        assert_eq!(
            without_machine,
            Disturbance { foreign_cpu: None, disturbed: false, ..disturbance(&whole, span) }
        );
        let without_own = disturbance(&Counted { own: None, ..whole }, span);
        assert_eq!(without_own, Disturbance::default());
        assert_eq!(disturbance(&whole, Duration::ZERO).foreign_cpu, None);
    }

    proptest! {
        #[test]
        fn ticks_alone_never_make_a_run_disturbed(
            span_ms in 1..2000_u64, used_percent in 0..=100_u64, kinds in 1..4_u64, excess in 0.0..1.0_f64,
        ) {
            let own = 2 * span_ms * used_percent / 100;
            // A step for each processor and each kind of time, at most.
            let rounding = 10 * (2 + kinds);
            let added = Duration::from_millis(rounding).mul_f64(excess);
            let mut counted = counted(own, own, 0, rounding);
            counted.machine.as_mut().unwrap().busy += added;
            prop_assert!(!disturbance(&counted, Duration::from_millis(span_ms)).disturbed);
        }
    }
}
