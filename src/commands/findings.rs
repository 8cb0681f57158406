//! A measurement and what follows from it: the answers, the cost models, the warnings.

use std::collections::BTreeMap;

use crate::bench::model::{Model, NoModel, Observation, fit};
use crate::bench::result::{CostModel, Measurement, ResultRow, Sample};
use crate::bench::stats::median;
use crate::bench::warnings::{Asked, warnings};
use crate::report::Report;
use crate::report::model::{ModelCurve, sentence, why_not};
use crate::report::timeline::Timeline;

/// What a report is made from.
#[derive(Debug)]
pub(super) struct Findings {
    /// With its answers and warnings.
    pub(super) run: Measurement,
    /// One for each configuration, or none.
    pub(super) timelines: Vec<Timeline>,
    models: Vec<ModelCurve>,
    model_note: Option<String>,
}

impl Findings {
    /// Draws the conclusions. Only a sweep has a model: it is about chunk sizes.
    pub(super) fn of(mut run: Measurement, is_sweep: bool, asked: &Asked) -> Self {
        run.warnings = warnings(&run, asked).iter().map(|warning| warning.text(asked)).collect();
        Self::concluded(run, is_sweep)
    }

    /// From a saved result, whose answers and warnings stand as they are.
    pub(super) fn saved(run: Measurement) -> Self {
        let is_sweep = was_sweep(&run);
        Self::concluded(run, is_sweep)
    }

    fn concluded(mut run: Measurement, is_sweep: bool) -> Self {
        let (models, model_note) = if is_sweep { models(&mut run) } else { (Vec::new(), None) };
        Self { run, timelines: Vec::new(), models, model_note }
    }

    /// Whether a sweep made the result.
    pub(super) fn is_sweep(&self) -> bool {
        was_sweep(&self.run)
    }

    /// The same as the formats take it.
    pub(super) fn report(&self) -> Report<'_> {
        Report {
            models: &self.models,
            model_note: self.model_note.as_deref(),
            timelines: &self.timelines,
            ..Report::new(&self.run)
        }
    }
}

/// The command's name follows the program's, before which a launcher may stand.
fn was_sweep(run: &Measurement) -> bool {
    let mut words = run.command.iter().skip_while(|word| *word != "wordhash");
    words.nth(1).is_some_and(|command| command == "sweep")
}

/// A curve for each configuration that has a model, and what there is to say of the one that the
/// measurement is about: the first, whose model is saved.
fn models(run: &mut Measurement) -> (Vec<ModelCurve>, Option<String>) {
    let (mut curves, mut first) = (Vec::new(), None);
    let rows = &run.results;
    for (index, row) in rows.iter().enumerate() {
        let siblings: Vec<&ResultRow> =
            rows.iter().filter(|other| other.is_sibling_of(row)).collect();
        // The terms are those of wordhash's own pool.
        if row.setting.is_program() {
            continue;
        }
        let is_first = siblings.first().is_some_and(|first| std::ptr::eq(*first, row));
        let sizes = || siblings.iter().filter_map(|row| row.fixed_chunksize());
        let (Some(smallest), Some(largest), true) = (sizes().min(), sizes().max(), is_first) else {
            continue;
        };
        let found = fitted(&siblings, run.input.words);
        if let Ok(model) = &found {
            curves.push(ModelCurve::new(model, index, smallest..=largest));
        }
        first.get_or_insert((found, smallest..=largest));
    }
    match first {
        Some((Ok(model), sizes)) => {
            let (smallest, largest) = model.within(0.02, sizes.clone());
            run.model = Some(CostModel {
                leave_one_out_error: model.leave_one_out_error,
                terms: named(&model),
                within_2_percent: [smallest, largest],
            });
            (curves, Some(sentence(&model, sizes)))
        }
        Some((Err(reason), _)) => (curves, why_not(reason)),
        None => (curves, None),
    }
}

/// The terms of a model by their names, in seconds.
fn named(model: &Model) -> BTreeMap<String, f64> {
    model.terms.iter().map(|(term, seconds)| (term.name().to_owned(), *seconds)).collect()
}

/// The cost model of rows that differ in their chunk sizes alone.
fn fitted(siblings: &[&ResultRow], words: usize) -> Result<Model, NoModel> {
    let observations: Vec<Observation> =
        siblings.iter().filter_map(|row| observation(row)).collect();
    let workers = siblings.iter().find_map(|row| row.setting.workers).unwrap_or(1);
    fit(&observations, words, workers)
}

/// What the cost model sees of a row; `None` without a fixed chunk size or without samples.
fn observation(row: &ResultRow) -> Option<Observation> {
    // What a run does once, whatever the chunk size: its workers start and leave, the set is built.
    let fixed = |sample: &Sample| Some(sample.start? + sample.set? + sample.end?);
    let fixed: Option<Vec<_>> = row.samples.iter().map(fixed).collect();
    Some(Observation {
        chunksize: row.fixed_chunksize()?,
        fixed_cost: fixed.and_then(|fixed| median(&fixed)),
        time: row.summary?.median,
    })
}
