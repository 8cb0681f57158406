//! Two saved measurements side by side: which configurations became faster or slower.
//!
//! Rows pair up by what was run, not by their labels, which depend on what else was run. The two
//! measurements were made at different times, so nothing pairs their rounds, and whatever changed
//! about the machine in between is counted as a difference: on a shared machine 5 % come and go
//! within a minute. That the machines themselves differ is reported. The module does not know what
//! a backend or a transport is.

use std::time::Duration;

use super::result::{Comparison, Environment, Measurement, ResultRow};

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
    /// The old row beside the reference of its own session.
    pub old_comparison: Option<Comparison>,
    /// The new row beside the reference of its own session.
    pub new_comparison: Option<Comparison>,
}

impl Pair {
    /// The new time over the old one, each measured by the reference of its own session: 1.1 is 10 %
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
    let measured = |row: &&ResultRow| !row.samples.is_empty();
    let mut left: Vec<&ResultRow> = old.results.iter().filter(measured).collect();
    let mut pairs = Vec::new();
    let mut only_new = Vec::new();
    for row in new.results.iter().filter(measured) {
        // The first that is left: a configuration that was measured twice pairs up in order.
        match left.iter().position(|other| configuration(other) == configuration(row)) {
            Some(found) => pairs.extend(pair(left.remove(found), row)),
            None => only_new.push(row.label.clone()),
        }
    }
    if pairs.is_empty() {
        return Err(DiffError::NothingInCommon);
    }
    let only_old = left.into_iter().map(|row| row.label.clone()).collect();
    Ok(Difference { pairs, only_old, only_new, changed: changes(old, new) })
}

impl Difference {
    /// The pairs that are clearly slower now by more than so many percent.
    ///
    /// The whole interval must lie beyond the limit. To ask this of the ratio alone was rejected: a
    /// limit is there to stop other people's work, and noise would stop it every other time that
    /// the truth is near the limit. More runs narrow the interval.
    pub fn regressions(&self, fail_above_percent: f64) -> impl Iterator<Item = &Pair> {
        let limit = 1.0 + fail_above_percent / 100.0;
        self.pairs.iter().filter(move |pair| pair.interval().is_some_and(|[low, _]| low > limit))
    }
}

fn check_same_list(old: &Measurement, new: &Measurement) -> Result<(), DiffError> {
    let checksum = |run: &Measurement, which| {
        run.input.checksum.clone().ok_or(DiffError::NoChecksum { which })
    };
    let (old, new) = (checksum(old, "old")?, checksum(new, "new")?);
    if old == new { Ok(()) } else { Err(DiffError::DifferentLists { old, new }) }
}

/// What tells rows apart, whatever they are labelled.
fn configuration(row: &ResultRow) -> impl PartialEq {
    (
        (row.setting.backend.clone(), row.setting.workers, row.chunksize.clone()),
        (
            row.setting.transport.clone(),
            row.setting.start_method.clone(),
            row.setting.engine.clone(),
            row.setting.iterations,
        ),
    )
}

fn pair(old: &ResultRow, new: &ResultRow) -> Option<Pair> {
    Some(Pair {
        label: new.label.clone(),
        old: old.summary?.median,
        new: new.summary?.median,
        old_comparison: old.against_reference,
        new_comparison: new.against_reference,
    })
}

/// What is known on both sides and differs. The load and the time of day are not of the machine.
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
    use crate::bench::fixtures::{row, run, serial};

    const QUICK: [u64; 5] = [100, 102, 101, 103, 102];
    const SLOWER: [u64; 5] = [110, 112, 111, 113, 112];

    #[test]
    fn rows_pair_up_by_what_was_run_whatever_their_labels() {
        let mut pipe = row(500, &QUICK);
        pipe.transport = Some("pipe".to_owned());
        let old = run(vec![serial(&QUICK), row(500, &QUICK), row(1000, &QUICK), row(7, &[])]);
        let mut renamed = row(1000, &SLOWER);
        renamed.label = "chunksize 1000".to_owned();
        let new = run(vec![renamed, serial(&QUICK), pipe, row(7, &QUICK)]);
        let difference = diff(&old, &new).unwrap();
        let labels: Vec<_> = difference.pairs.iter().map(|pair| pair.label.as_str()).collect();
        assert_eq!(labels, ["chunksize 1000", "serial"]);
        assert_eq!(difference.only_old, ["500"]);
        assert_eq!(difference.only_new, ["500", "7"]);
        let times = (difference.pairs[0].old.as_micros(), difference.pairs[0].new.as_micros());
        assert_eq!(times, (102, 112));
    }

    #[test]
    fn a_pair_has_its_ratio_and_the_interval_of_it() {
        let difference = diff(&run(vec![row(500, &QUICK)]), &run(vec![row(500, &SLOWER)])).unwrap();
        let comparison = difference.pairs[0].comparison.unwrap();
        let shown = [comparison.ratio, comparison.low, comparison.high];
        assert_eq!(shown.map(|figure| format!("{figure:.4}")), ["1.0980", "1.0577", "1.1424"]);
        assert_eq!(comparison.verdict, Verdict::Slower);
    }

    #[test]
    fn only_what_is_clearly_slower_by_more_than_the_limit_is_a_regression() {
        let old = run(vec![row(1, &QUICK), row(2, &QUICK), row(3, &QUICK), row(4, &[100])]);
        let noisy = [100, 125, 112, 130, 101];
        let new = run(vec![row(1, &SLOWER), row(2, &noisy), row(3, &QUICK), row(4, &[900])]);
        let difference = diff(&old, &new).unwrap();
        for (fail_above_percent, expected) in
            [(0.0, &["1"][..]), (5.0, &["1"]), (5.7, &["1"]), (5.8, &[]), (50.0, &[])]
        {
            let labels: Vec<_> = difference
                .regressions(fail_above_percent)
                .map(|pair| pair.label.as_str())
                .collect();
            assert_eq!(labels, expected, "{fail_above_percent} %");
        }
    }

    #[test]
    fn different_lists_are_refused() {
        let good = run(vec![row(1, &QUICK)]);
        let mut other = good.clone();
        other.input.checksum = Some("cd34".to_owned());
        let mut unfinished = good.clone();
        unfinished.input.checksum = None;
        let apart = run(vec![row(2, &QUICK)]);
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
        let mut old = run(vec![row(1, &QUICK)]);
        let mut new = old.clone();
        old.environment.cpu = Some("EPYC".to_owned());
        new.environment.cpu = Some("Xeon".to_owned());
        new.environment.governor = Some("powersave".to_owned());
        new.environment.debug_build = true;
        new.environment.load_average_1m = Some(9.0);
        let changed = diff(&old, &new).unwrap().changed;
        let told: Vec<_> = changed
            .iter()
            .map(|change| (change.what, change.old.as_str(), change.new.as_str()))
            .collect();
        assert_eq!(told, [("cpu", "EPYC", "Xeon"), ("debug_build", "release", "debug")]);
    }
}
