//! A measurement and what follows from it: the answer, the cost models, the warnings.

use std::time::Duration;

use crate::bench::cost_model::{Fit, Observation, fit, kruskal_weiss_chunksize, word_spread};
use crate::bench::result::{Measurement, ResultRow};
use crate::bench::warnings::{Asked, warnings};
use crate::report::Report;
use crate::report::model::{BestSizes, ModelCurve, sentence};
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

    fn concluded(run: Measurement, is_sweep: bool) -> Self {
        let (models, model_note) = if is_sweep { models(&run) } else { (Vec::new(), None) };
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

/// Rows that differ from this one by nothing but a fixed chunk size, itself included.
pub(super) fn siblings<'a>(
    rows: &'a [ResultRow],
    like: &'a ResultRow,
) -> impl Iterator<Item = (usize, &'a ResultRow)> + Clone {
    rows.iter().enumerate().filter(move |(_, row)| {
        row.chunksize.as_ref().is_some_and(|size| size.fixed().is_some())
            && (
                &row.setting.backend,
                row.setting.workers,
                &row.setting.transport,
                &row.setting.start_method,
            ) == (
                &like.setting.backend,
                like.setting.workers,
                &like.setting.transport,
                &like.setting.start_method,
            )
            && (&row.setting.engine, row.setting.iterations)
                == (&like.setting.engine, like.setting.iterations)
    })
}

/// The cost model of the rows like this one.
pub(super) fn fit_like(run: &Measurement, like: &ResultRow) -> Option<Fit> {
    let words = run.input.words;
    let observations: Vec<Observation> =
        siblings(&run.results, like).filter_map(|(_, row)| Observation::of(row, words)).collect();
    fit(&observations)
}

/// A curve for each configuration whose model fits, and what there is to say of the one that the
/// measurement is about: the first.
fn models(run: &Measurement) -> (Vec<ModelCurve>, Option<String>) {
    let (mut curves, mut note) = (Vec::new(), None);
    for (index, row) in run.results.iter().enumerate() {
        let first = siblings(&run.results, row).next();
        if row.setting.workers.is_none() || first.is_none_or(|(first, _)| first != index) {
            continue;
        }
        let Some(fit) = fit_like(run, row) else { continue };
        let like = siblings(&run.results, row).map(|(_, row)| row);
        note.get_or_insert_with(|| sentence(&fit, &best_sizes(&fit, like, run.input.words)));
        if fit.fits {
            let sizes: Vec<usize> = siblings(&run.results, row)
                .filter_map(|(_, row)| row.chunksize.as_ref()?.fixed())
                .collect();
            let smallest = sizes.iter().copied().min().unwrap_or(1);
            let largest = sizes.iter().copied().max().unwrap_or(1);
            let workers = row.setting.workers.unwrap_or(1);
            let predict = |size| -> Duration { fit.model.predict(run.input.words, workers, size) };
            curves.push(ModelCurve::sampled(index, smallest..=largest, predict));
        }
    }
    (curves, note)
}

/// The sizes that are best by the theories, for rows like these.
fn best_sizes<'a>(
    fit: &Fit,
    mut rows: impl Iterator<Item = &'a ResultRow> + Clone,
    words: usize,
) -> BestSizes {
    let spread = word_spread(rows.clone());
    let workers = rows.find_map(|row| row.setting.workers).unwrap_or(1).max(1);
    let overhead = fit.model.seconds_per_task;
    BestSizes {
        model: fit.model.best_chunksize(words, workers),
        kruskal_weiss: spread
            .filter(|_| overhead > 0.0)
            .and_then(|spread| kruskal_weiss_chunksize(words, workers, overhead, spread)),
    }
}
