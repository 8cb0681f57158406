//! Two saved measurements side by side: which configurations became faster or slower.
//!
//! Two results are two sessions, and a machine differs from one session to the next by more than
//! either session knows: on a shared machine 5% come and go within a minute. So a row is compared
//! by its speed-up over the reference of its own session, which was measured in the same rounds;
//! the times alone show no change. Rows pair up by what was run, not by their labels, which depend on
//! what else was run. What is known to differ between the machines is reported. The module does not
//! know what a backend or a transport is.

use std::time::Duration;

use super::conclude::reference_of;
use super::result::{Comparison, Environment, Measurement, Order, ResultRow, Verdict};

/// Two measurements of the same words.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// The configurations that both have, in the order of the new one.
    pub pairs: Vec<Pair>,
    /// The labels of the old rows that the new measurement lacks.
    pub only_old: Vec<String>,
    /// The labels of the new rows that the old measurement lacks.
    pub only_new: Vec<String>,
    /// What is known to differ between the machines or the programs; empty where nothing is.
    pub changed: Vec<Change>,
    /// Which results, `old` or `new`, have rows that were measured one after the other, and so
    /// without comparisons.
    pub blocked: Vec<&'static str>,
    /// The confidence with which the intervals of all pairs hold together.
    pub level: f64,
}

/// A configuration that was measured twice.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// The new row's label.
    pub label: String,
    /// The median of the old samples.
    pub old: Duration,
    /// The median of the new samples.
    pub new: Duration,
    /// Whether it is what the other rows of both sessions are compared with.
    pub is_reference: bool,
    /// The old row beside the reference of its own session. `None`, as is the new comparison, where
    /// the two sessions have no reference in common.
    pub old_comparison: Option<Comparison>,
    /// The new row beside the reference of its own session.
    pub new_comparison: Option<Comparison>,
}

impl Pair {
    /// The new time over the old one, each measured by the reference of its own session: 1.1 is 10%
    /// slower beside the reference than before. `None` where a session has no reference.
    #[must_use]
    pub fn ratio(&self) -> Option<f64> {
        Some(self.old_comparison?.speedup / self.new_comparison?.speedup)
    }

    /// All such ratios that neither session rules out; `None` where either has too few rounds.
    #[must_use]
    pub fn interval(&self) -> Option<[f64; 2]> {
        let [old_low, old_high] = self.old_comparison?.interval?;
        let [new_low, new_high] = self.new_comparison?.interval?;
        Some([old_low / new_high, old_high / new_low])
    }

    /// What the interval says of the new row beside the old one; `None` where there is no ratio.
    #[must_use]
    pub fn verdict(&self) -> Option<Verdict> {
        self.ratio()?;
        Some(match self.interval() {
            Some([low, _]) if low > 1.0 => Verdict::Slower,
            Some([_, high]) if high < 1.0 => Verdict::Faster,
            _ => Verdict::Unclear,
        })
    }
}

/// Something besides the code under measurement that is not the same on both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What it is, such as `cpu`: the name of the field in the saved form.
    pub what: &'static str,
    /// What it was.
    pub old: String,
    /// What it is now.
    pub new: String,
}

/// Why two measurements cannot be compared.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DiffError {
    /// The digests differ, so other words were hashed, or hashed differently.
    #[error(
        "the two results are of different lists (checksum {old}, then {new}): \
         measure the same words with the same options"
    )]
    DifferentLists {
        /// The old checksum.
        old: String,
        /// The new checksum.
        new: String,
    },
    /// A measurement was ended before its first run was.
    #[error("the {which} result has no checksum, since no run of it was finished: measure again")]
    NoChecksum {
        /// `old` or `new`.
        which: &'static str,
    },
    /// Nothing was measured on both sides.
    #[error("the two results have no configuration in common: measure with the same options")]
    NothingInCommon,
}

/// Compares two measurements.
///
/// # Errors
///
/// [`DiffError`] where there is nothing to compare.
pub fn diff(old: &Measurement, new: &Measurement) -> Result<Difference, DiffError> {
    check_same_list(old, new)?;
    // Rows without samples have nothing to compare: a row that was interrupted is a missing one.
    let measured = |run: &Measurement| -> Vec<usize> {
        (0..run.results.len()).filter(|&row| !run.results[row].samples.is_empty()).collect()
    };
    let mut left = measured(old);
    let mut pairs = Vec::new();
    let mut only_new = Vec::new();
    for row in measured(new) {
        let found = &new.results[row];
        // The first that is left: a configuration that was measured twice pairs up in order.
        match left.iter().position(|&other| is_same(&old.results[other], found)) {
            Some(place) => pairs.extend(pair(old, left.remove(place), new, row)),
            None => only_new.push(found.label.clone()),
        }
    }
    if pairs.is_empty() {
        return Err(DiffError::NothingInCommon);
    }
    let only_old = left.into_iter().map(|row| old.results[row].label.clone()).collect();
    let both = [("old", old), ("new", new)];
    let blocked = both.into_iter().filter(|(_, run)| run.order == Order::Blocked);
    Ok(Difference {
        pairs,
        only_old,
        only_new,
        changed: changes(old, new),
        blocked: blocked.map(|(which, _)| which).collect(),
        // Each session may be wrong somewhere; the errors of the two add up.
        level: (old.level + new.level - 1.0).max(0.0),
    })
}

impl Difference {
    /// The pairs that are slower now by more than so many percent.
    ///
    /// The whole interval must lie beyond the limit. To ask this of the ratio alone was rejected: a
    /// limit is there to stop other people's work, and noise would stop it every other time that
    /// the truth is near the limit. More rounds narrow the interval.
    pub fn regressions(&self, fail_above_percent: f64) -> impl Iterator<Item = &Pair> {
        let limit = 1.0 + fail_above_percent / 100.0;
        let is_beyond = move |pair: &&Pair| pair.interval().is_some_and(|[low, _]| low > limit);
        self.pairs.iter().filter(is_beyond)
    }
}

fn check_same_list(old: &Measurement, new: &Measurement) -> Result<(), DiffError> {
    let checksum = |run: &Measurement, which| {
        run.input.checksum.clone().ok_or(DiffError::NoChecksum { which })
    };
    let (old, new) = (checksum(old, "old")?, checksum(new, "new")?);
    if old == new { Ok(()) } else { Err(DiffError::DifferentLists { old, new }) }
}

/// Whether two rows ran the same, whatever they are labelled.
fn is_same(one: &ResultRow, other: &ResultRow) -> bool {
    (&one.setting, &one.chunksize) == (&other.setting, &other.chunksize)
}

/// Two rows of the same configuration, which have samples.
fn pair(old: &Measurement, old_row: usize, new: &Measurement, new_row: usize) -> Option<Pair> {
    let reference = |run: &Measurement, row| reference_of(&run.results, &run.answers, row);
    let references = reference(old, old_row).zip(reference(new, new_row));
    let have_one_in_common =
        references.is_some_and(|(one, other)| is_same(&old.results[one], &new.results[other]));
    let is_reference_in = |run: &Measurement, row| {
        (0..run.results.len()).any(|other| reference(run, other) == Some(row))
    };
    let (old_found, new_found) = (&old.results[old_row], &new.results[new_row]);
    let comparison = |row: &ResultRow| row.against_reference.filter(|_| have_one_in_common);
    Some(Pair {
        label: new_found.label.clone(),
        old: old_found.summary?.median,
        new: new_found.summary?.median,
        is_reference: is_reference_in(old, old_row) && is_reference_in(new, new_row),
        old_comparison: comparison(old_found),
        new_comparison: comparison(new_found),
    })
}

/// What is known on both sides and differs. The time of day is not of the machine.
fn changes(old: &Measurement, new: &Measurement) -> Vec<Change> {
    let facts = |run: &Measurement| {
        let Environment { cpu, cores_usable, os, kernel, governor, architecture, .. } =
            run.environment.clone();
        let build = if run.environment.debug_build { "debug" } else { "release" };
        [
            ("wordhash", Some(run.wordhash.clone())),
            ("cpu", cpu),
            ("architecture", architecture),
            ("cores_usable", Some(cores_usable.to_string())),
            ("os", os),
            ("kernel", kernel),
            ("governor", governor),
            ("debug_build", Some(build.to_owned())),
        ]
    };
    std::iter::zip(facts(old), facts(new))
        .filter_map(|((what, old), (_, new))| Some(Change { what, old: old?, new: new? }))
        .filter(|change| change.old != change.new)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::conclude::{conclude, standings};
    use crate::bench::fixtures::{measurement, row, serial};

    const ROUNDS: usize = 25;

    /// Twenty-five rounds about this many microseconds, never twice the same in a row.
    fn about(microseconds: u64) -> Vec<u64> {
        (0..ROUNDS as u64).map(|round| microseconds + round * 7 % 5).collect()
    }

    fn concluded(mut rows: Vec<ResultRow>) -> Measurement {
        let mut standings = standings(&rows, None, rows.len(), 0.02);
        let answers = conclude(&mut rows, &mut standings);
        Measurement { answers, ..measurement(rows) }
    }

    fn session(serial_us: u64, rows: &[(usize, u64)]) -> Measurement {
        let others = rows.iter().map(|&(size, time)| row(size, 2, &about(time)));
        concluded(std::iter::once(serial(&about(serial_us))).chain(others).collect())
    }

    fn labels<'a>(pairs: impl IntoIterator<Item = &'a Pair>) -> Vec<&'a str> {
        pairs.into_iter().map(|pair| pair.label.as_str()).collect()
    }

    #[test]
    fn rows_pair_up_by_what_was_run_whatever_their_labels() {
        let mut pipe = row(500, 2, &[100]);
        pipe.setting.transport = Some("pipe".to_owned());
        let quick = |size| row(size, 2, &[102]);
        let old = measurement(vec![serial(&[100]), quick(500), quick(1000), row(7, 2, &[])]);
        let mut renamed = row(1000, 2, &[112]);
        renamed.label = "chunksize 1000".to_owned();
        let new = measurement(vec![renamed, serial(&[100]), pipe, quick(7)]);
        let difference = diff(&old, &new).unwrap();
        assert_eq!(labels(&difference.pairs), ["chunksize 1000", "serial"]);
        assert_eq!(difference.only_old, ["500"]);
        assert_eq!(difference.only_new, ["500", "7"]);
        let times = (difference.pairs[0].old.as_micros(), difference.pairs[0].new.as_micros());
        assert_eq!(times, (102, 112));
        assert_eq!(difference.pairs[0].verdict(), None, "no row has a reference");
    }

    #[test]
    fn a_row_is_compared_beside_the_reference_of_its_own_session() {
        let old = session(10_000, &[(1, 5000), (2, 5000), (3, 5000)]);
        // Everything takes half as long again, and of the first two rows one more, one less.
        let new = session(15_000, &[(1, 9000), (2, 7500), (3, 6000)]);
        let difference = diff(&old, &new).unwrap();
        let shown: Vec<_> = difference.pairs[1..]
            .iter()
            .map(|pair| (format!("{:.3}", pair.ratio().unwrap()), pair.verdict().unwrap()))
            .collect();
        let expected =
            [("1.200", Verdict::Slower), ("1.000", Verdict::Unclear), ("0.800", Verdict::Faster)];
        assert_eq!(shown, expected.map(|(ratio, verdict)| (ratio.to_owned(), verdict)));
        let serial = &difference.pairs[0];
        assert!(serial.is_reference && serial.ratio().is_none(), "{serial:?}");
        assert!((difference.level - 0.9).abs() < 1e-9, "{}", difference.level);
    }

    #[test]
    fn an_interval_has_all_ratios_that_neither_session_rules_out() {
        let difference = diff(&session(10_000, &[(1, 5000)]), &session(10_000, &[(1, 5500)]));
        let pair = difference.unwrap().pairs.pop().unwrap();
        let [old, new] = [pair.old_comparison, pair.new_comparison]
            .map(|found| found.unwrap().interval.unwrap());
        assert_eq!(pair.interval(), Some([old[0] / new[1], old[1] / new[0]]));
        assert!(pair.interval().is_some_and(|[low, high]| low > 1.09 && high < 1.11));
    }

    #[test]
    fn only_what_is_slower_by_more_than_the_limit_with_its_whole_interval_is_a_regression() {
        let old = session(10_000, &[(1, 5000), (2, 5000)]);
        let new = session(10_000, &[(1, 5500), (2, 5000)]);
        let difference = diff(&old, &new).unwrap();
        for (limit, expected) in [(0.0, &["1"][..]), (9.0, &["1"]), (10.0, &[]), (50.0, &[])] {
            assert_eq!(labels(difference.regressions(limit)), expected, "{limit} %");
        }
    }

    #[test]
    fn sessions_with_different_references_have_nothing_to_compare_by() {
        let old = session(10_000, &[(1, 5000), (2, 5000)]);
        let mut rows: Vec<_> =
            [(1, 5000), (2, 5500)].map(|(size, us)| row(size, 2, &about(us))).into();
        let mut standings = standings(&rows, Some(0), 2, 0.02);
        let answers = conclude(&mut rows, &mut standings);
        let new = Measurement { answers, ..measurement(rows) };
        assert!(new.results[1].against_reference.is_some());
        let difference = diff(&old, &new).unwrap();
        assert_eq!(labels(&difference.pairs), ["1", "2"]);
        assert!(difference.pairs.iter().all(|pair| pair.ratio().is_none()));
    }

    #[test]
    fn a_result_in_blocked_order_is_named() {
        let old = session(10_000, &[(1, 5000)]);
        let mut new = measurement(vec![serial(&[10_000]), row(1, 2, &[5000])]);
        new.order = Order::Blocked;
        assert_eq!(diff(&old, &new).unwrap().blocked, ["new"]);
    }

    #[test]
    fn different_lists_are_refused() {
        let good = measurement(vec![row(1, 2, &[100])]);
        let mut other = good.clone();
        other.input.checksum = Some("cd34".to_owned());
        let mut unfinished = good.clone();
        unfinished.input.checksum = None;
        let apart = measurement(vec![row(2, 2, &[100])]);
        for (old, new, message) in [
            (
                &good,
                &other,
                "the two results are of different lists (checksum ab12, then cd34): measure the same words with the same options",
            ),
            (
                &unfinished,
                &good,
                "the old result has no checksum, since no run of it was finished: measure again",
            ),
            (
                &good,
                &unfinished,
                "the new result has no checksum, since no run of it was finished: measure again",
            ),
            (
                &good,
                &apart,
                "the two results have no configuration in common: measure with the same options",
            ),
        ] {
            assert_eq!(diff(old, new).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn what_changed_about_the_machine_is_told_where_both_sides_know_it() {
        let mut old = measurement(vec![row(1, 2, &[100])]);
        let mut new = old.clone();
        old.environment.cpu = Some("EPYC".to_owned());
        new.environment.cpu = Some("Xeon".to_owned());
        new.environment.governor = Some("powersave".to_owned());
        new.environment.debug_build = true;
        new.environment.started_at = Some("2026-01-02T03:04:05Z".to_owned());
        let changed = diff(&old, &new).unwrap().changed;
        let told: Vec<_> = changed
            .iter()
            .map(|change| (change.what, change.old.as_str(), change.new.as_str()))
            .collect();
        assert_eq!(told, [("cpu", "EPYC", "Xeon"), ("debug_build", "release", "debug")]);
    }
}
