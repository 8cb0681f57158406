//! What the system counts while a run is made.

use std::time::Duration;

use crate::bench::clock::Clock;
use crate::bench::disturbance::disturbance;
use crate::bench::result::Disturbance;
use crate::os::accounting::Snapshot;

/// What `run` gives, and what the system counted while it was at work. The counters are read right
/// before and behind it, so nothing else is counted.
pub(super) fn counted<T>(clock: &dyn Clock, run: impl FnOnce() -> T) -> (T, Disturbance) {
    let begun: Duration = clock.now();
    let before = Snapshot::now();
    let result = run();
    let counted = Snapshot::now().since(&before);
    let span = clock.now().saturating_sub(begun);
    (result, disturbance(&counted, span))
}
