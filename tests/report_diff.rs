//! Two measurements side by side, as a person reads them.

mod measurements;

use insta::assert_snapshot;
use measurements::micros;
use wordhash::bench::diff::{Change, Difference, Pair};
use wordhash::bench::result::{Comparison, Verdict};
use wordhash::report::diff;

fn comparison(speedup: f64, interval: Option<[f64; 2]>) -> Comparison {
    Comparison { rounds: 25, wins: 25, speedup, interval, verdict: Verdict::Faster }
}

fn pair(label: &str, old: Option<Comparison>, new: Option<Comparison>) -> Pair {
    Pair {
        label: label.to_owned(),
        old: micros(60_000),
        new: micros(64_800),
        is_reference: label == "serial",
        old_comparison: old,
        new_comparison: new,
    }
}

#[test]
fn two_measurements_stand_side_by_side() {
    let (old, new) =
        (Some(comparison(1.8, Some([1.78, 1.82]))), Some(comparison(1.6, Some([1.58, 1.62]))));
    let difference = Difference {
        pairs: vec![
            pair("serial", None, None),
            pair("5000", old, new),
            pair("10000", new, old),
            pair("50000", old, old),
            pair("100000", old, Some(comparison(1.7, None))),
            pair("guided:500", None, None),
        ],
        only_old: vec!["500".to_owned()],
        only_new: vec![],
        changed: vec![Change { what: "kernel", old: "6.1".to_owned(), new: "6.2".to_owned() }],
        blocked: vec![],
        level: 0.9,
    };
    assert_snapshot!(diff::render(&difference, Some(80)), @"
                old ms  new ms       old speed-up       new speed-up               change  verdict
    serial        60.0    64.8          reference          reference
    5000          60.0    64.8  1.80× (1.78–1.82)  1.60× (1.58–1.62)  +12.5% (+9.9…+15.2)  slower
    10000         60.0    64.8  1.60× (1.58–1.62)  1.80× (1.78–1.82)  −11.1% (−13.2…−9.0)  faster
    50000         60.0    64.8  1.80× (1.78–1.82)  1.80× (1.78–1.82)    +0.0% (−2.2…+2.2)  unclear
    100000        60.0    64.8  1.80× (1.78–1.82)              1.70×                +5.9%  unclear
    guided:500    60.0    64.8

    The change is that of a row's time relative to the reference of its own session,
    with 90% confidence for all rows together: the machine may differ between two
    sessions by more than either of them shows, so times alone show no change.
    Rows that the two results do not compare with the same reference are shown as
    times only.
    only in the old result: 500
    kernel changed: 6.1, then 6.2
    ");
}

#[test]
fn measurements_in_blocked_order_are_shown_as_times_only() {
    let difference = Difference {
        pairs: vec![pair("serial", None, None), pair("5000", None, None)],
        only_old: vec![],
        only_new: vec![],
        changed: vec![],
        blocked: vec!["old"],
        level: 0.9,
    };
    assert_snapshot!(diff::render(&difference, Some(80)), @"
            old ms  new ms
    serial    60.0    64.8
    5000      60.0    64.8

    The old result was measured in blocked order, so its rows have no speed-up over
    their reference: nothing can be compared.
    ");
}
