//! The clock that times are taken with, and a stand-in for it that reads what a test wrote.
//!
//! A clock gives the time since an origin of its own and never goes back. It does not know what
//! is timed. How fine its steps are is measured, not believed: see [`precision`].

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A clock that never goes back.
pub trait Clock {
    /// The time since this clock's origin. Only differences of two readings mean anything.
    fn now(&self) -> Duration;
}

/// The system's monotonic clock, counted from when this value was made.
#[derive(Clone, Copy, Debug)]
pub struct MonotonicClock {
    origin: Instant,
}

impl MonotonicClock {
    /// A clock that reads zero now.
    #[must_use]
    pub fn new() -> Self {
        Self { origin: Instant::now() }
    }
}

impl Default for MonotonicClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for MonotonicClock {
    fn now(&self) -> Duration {
        self.origin.elapsed()
    }
}

/// A clock that shows exactly what it was told to show.
///
/// It stands still until [`MockClock::advance`] moves it. Readings that were scripted come first,
/// one for each look, and the last of them stays.
#[derive(Debug, Default)]
pub struct MockClock {
    state: Mutex<MockState>,
}

#[derive(Debug, Default)]
struct MockState {
    now: Duration,
    scripted: VecDeque<Duration>,
}

impl MockClock {
    /// A clock that stands at zero.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A clock that gives these readings, one after another.
    ///
    /// # Panics
    ///
    /// When a reading is earlier than the one before it: no [`Clock`] does that.
    #[must_use]
    pub fn scripted(readings: impl IntoIterator<Item = Duration>) -> Self {
        let scripted: VecDeque<_> = readings.into_iter().collect();
        assert!(scripted.iter().is_sorted(), "scripted readings go back in time");
        Self { state: Mutex::new(MockState { now: Duration::ZERO, scripted }) }
    }

    /// Moves the clock on, as if `by` had passed.
    pub fn advance(&self, by: Duration) {
        // A panic elsewhere cannot leave the two fields in disagreement: each is set by one store.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.now += by;
    }
}

impl Clock for MockClock {
    fn now(&self) -> Duration {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(reading) = state.scripted.pop_front() {
            state.now = reading;
        }
        state.now
    }
}

/// Looks at the clock are given up after this many that show no step: two milliseconds or so, far
/// above the step of any clock worth measuring with.
const MOST_READINGS: usize = 100_000;

/// Steps to see before the finest of them is believed.
const STEPS_WANTED: usize = 200;

/// The finest step that two readings in a row can show: the coarser of the clock's own step and
/// the cost of looking at it. `None` when the clock was never seen to move.
pub fn precision(clock: &dyn Clock) -> Option<Duration> {
    let mut before = clock.now();
    (0..MOST_READINGS)
        .filter_map(|_| {
            let now = clock.now();
            let step = now.saturating_sub(before);
            before = now;
            (!step.is_zero()).then_some(step)
        })
        .take(STEPS_WANTED)
        .min()
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ns(nanoseconds: u64) -> Duration {
        Duration::from_nanos(nanoseconds)
    }

    #[test]
    fn the_real_clock_never_goes_back_and_its_precision_is_found() {
        let clock = MonotonicClock::new();
        let readings: Vec<_> = (0..1000).map(|_| clock.now()).collect();
        assert!(readings.is_sorted());
        assert!(precision(&clock).unwrap() > Duration::ZERO);
    }

    #[test]
    fn scripted_readings_come_one_a_look_and_the_last_one_stays() {
        let clock = MockClock::scripted([ns(5), ns(5), ns(9)]);
        assert_eq!([(); 4].map(|()| clock.now()), [ns(5), ns(5), ns(9), ns(9)]);
        clock.advance(ns(1));
        assert_eq!(clock.now(), ns(10));
    }

    #[test]
    #[should_panic(expected = "go back in time")]
    fn a_script_that_goes_back_in_time_is_refused() {
        let _ = MockClock::scripted([ns(2), ns(1)]);
    }

    #[test]
    fn precision_is_the_finest_step_and_standing_still_is_none() {
        let clock = MockClock::scripted([ns(100), ns(140), ns(140), ns(165), ns(200)]);
        assert_eq!(precision(&clock), Some(ns(25)));
        assert_eq!(precision(&MockClock::new()), None);
    }
}
