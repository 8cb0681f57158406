//! A measurement and what follows from it: the answer, the cost models, the warnings.

use std::ops::RangeInclusive;

use super::command_line::command_line;
use crate::bench::answer::answer;
use crate::bench::model::{Model, NoModel, Observation, fit};
use crate::bench::result::{ResultRow, SavedRun};
use crate::bench::stats::median;
use crate::bench::warnings::{OptionsInUse, warnings};
use crate::report::Report;
use crate::report::answer::{wants_precision, what_can_be_seen};
use crate::report::model::{ModelCurve, sentence, why_not};
use crate::report::timeline::Timeline;

/// What a report is made from.
#[derive(Debug)]
pub(super) struct Findings {
    /// With its answer.
    pub(super) run: SavedRun,
    pub(super) warnings: Vec<String>,
    /// One for each configuration, or none.
    pub(super) timelines: Vec<Timeline>,
    /// What so many runs can show, where the answer leaves something open.
    answer_note: Option<String>,
    models: Vec<ModelCurve>,
    model_note: Option<String>,
    command: String,
}

impl Findings {
    /// Draws the conclusions. Only a sweep has an answer and a model: it is about chunk sizes.
    pub(super) fn of(mut run: SavedRun, is_sweep: bool, in_use: OptionsInUse) -> Self {
        run.answer = if is_sweep { answer(&run.results) } else { None };
        let answer_note = run
            .answer
            .as_ref()
            .and_then(|found| what_can_be_seen(found, &run.results, in_use.precision));
        let (models, model_note) = if is_sweep { models(&run) } else { (Vec::new(), None) };
        // Once is enough: where the note advises precision, no warning does.
        let advised = run.answer.as_ref().is_some_and(wants_precision);
        let in_use = OptionsInUse { precision: in_use.precision || advised, ..in_use };
        let warnings = warnings(&run).iter().map(|warning| warning.text(in_use)).collect();
        let timelines = Vec::new();
        let command = command_line(&run);
        Self { run, warnings, timelines, answer_note, models, model_note, command }
    }

    /// The row whose chunk size is the best one: the recommended row, or where that has no size,
    /// as a serial one, the fastest of those that have one.
    pub(super) fn best_sized(&self) -> Option<usize> {
        let rows = &self.run.results;
        let sized = |index: &usize| {
            rows[*index].chunksize.as_ref().is_some_and(|size| size.fixed().is_some())
        };
        let median = |index: usize| Some((rows[index].summary?.median, index));
        let recommended = self.run.answer.as_ref()?.recommended;
        let fastest = || (0..rows.len()).filter(sized).filter_map(median).min();
        Some(recommended).filter(sized).or_else(|| Some(fastest()?.1))
    }

    /// The same as the formats take it.
    pub(super) fn report(&self) -> Report<'_> {
        Report {
            answer: self.run.answer.as_ref(),
            answer_note: self.answer_note.as_deref(),
            models: &self.models,
            model_note: self.model_note.as_deref(),
            warnings: &self.warnings,
            timelines: &self.timelines,
            command: Some(&self.command),
            ..Report::new(&self.run)
        }
    }
}

/// Rows that differ from this one by nothing but a fixed chunk size, itself included.
pub(super) fn siblings<'a>(
    rows: &'a [ResultRow],
    like: &'a ResultRow,
) -> impl Iterator<Item = (usize, &'a ResultRow)> + Clone {
    rows.iter().enumerate().filter(move |(_, row)| {
        row.chunksize.as_ref().is_some_and(|size| size.fixed().is_some())
            && (&row.backend, row.workers, &row.transport, &row.start_method)
                == (&like.backend, like.workers, &like.transport, &like.start_method)
            && (&row.engine, row.rounds) == (&like.engine, like.rounds)
    })
}

/// The cost model of the rows like this one.
pub(super) fn fit_like(run: &SavedRun, like: &ResultRow) -> Result<Model, NoModel> {
    let observations: Vec<Observation> =
        siblings(&run.results, like).filter_map(|(_, row)| observation(row)).collect();
    fit(&observations, run.input.words, like.workers.unwrap_or(1))
}

/// What the cost model sees of a row; `None` without a fixed chunk size or without samples.
fn observation(row: &ResultRow) -> Option<Observation> {
    let totals: Vec<_> = row.samples.iter().map(|sample| sample.total).collect();
    let fixed = row.samples.iter().map(|sample| Some(sample.start? + sample.set?));
    Some(Observation {
        chunksize: row.chunksize.as_ref()?.fixed()?,
        fixed_cost: fixed.collect::<Option<Vec<_>>>().and_then(|fixed| median(&fixed)),
        time: median(&totals)?,
    })
}

/// The smallest and the largest chunk size of some rows; `None` where no row has one.
pub(super) fn sizes<'a>(
    rows: impl Iterator<Item = (usize, &'a ResultRow)> + Clone,
) -> Option<RangeInclusive<usize>> {
    let sizes = rows.filter_map(|(_, row)| row.chunksize.as_ref()?.fixed());
    Some(sizes.clone().min()?..=sizes.max()?)
}

/// A curve for each configuration that has a model, and what there is to say of the one that the
/// measurement is about: the first.
fn models(run: &SavedRun) -> (Vec<ModelCurve>, Option<String>) {
    let (mut curves, mut note) = (Vec::new(), None);
    for (index, row) in run.results.iter().enumerate() {
        let first = siblings(&run.results, row).next();
        if row.workers.is_none() || first.is_none_or(|(first, _)| first != index) {
            continue;
        }
        let Some(measured) = sizes(siblings(&run.results, row)) else { continue };
        let found = fit_like(run, row);
        note.get_or_insert_with(|| match &found {
            Ok(model) => Some(sentence(model, measured.clone())),
            Err(reason) => why_not(*reason),
        });
        if let Ok(model) = found {
            curves.push(ModelCurve::new(&model, index, measured));
        }
    }
    (curves, note.flatten())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::fixtures::{row, run, serial};

    #[test]
    fn precision_is_advised_once() {
        let scattered = [1000, 1010, 1020, 1015, 5000, 1012, 1003, 1018, 1007, 1016];
        let apart = run(vec![serial(&scattered), row(500, &scattered), row(5000, &scattered)]);
        for (is_sweep, in_use, times) in [(true, false, 1), (false, false, 1), (true, true, 0)] {
            let in_use = OptionsInUse { precision: in_use, ..OptionsInUse::default() };
            let found = Findings::of(apart.clone(), is_sweep, in_use);
            assert!(found.warnings.iter().any(|text| text.contains("stand apart")), "{found:?}");
            let said = [found.warnings, found.answer_note.into_iter().collect()].concat();
            let advice = said.iter().filter(|text| text.contains("--precision")).count();
            assert_eq!(advice, times, "{said:?}");
        }
    }
}
