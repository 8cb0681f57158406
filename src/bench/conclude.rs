//! What follows from the rows of a measurement: how they take part, their comparisons, the answers.
//!
//! It knows what the fields of a row mean to a comparison; how rows compare is the matter of
//! [`super::verdict`].

use std::collections::BTreeMap;
use std::time::Duration;

use super::result::{Answer, ResultRow};
use super::verdict::{Entrant, Standings};

/// How the rows of a measurement take part. The reference of a row is the first serial row that
/// does the same work with the same engine (for another program, which has no engine of ours, with
/// any), else the first program that does the same work; with `reference`, it is that row for all
/// rows that do the same work.
#[must_use]
pub fn entrants(rows: &[ResultRow], reference: Option<usize>) -> Vec<Entrant> {
    let serial_of = |row: &ResultRow| {
        rows.iter().position(|other| {
            other.setting.is_serial()
                && other.setting.iterations == row.setting.iterations
                && (row.setting.is_program() || other.setting.engine == row.setting.engine)
        })
    };
    let program_of = |row: &ResultRow| {
        rows.iter().position(|other| {
            other.setting.is_program() && other.setting.iterations == row.setting.iterations
        })
    };
    rows.iter()
        .enumerate()
        .map(|(index, row)| {
            let given =
                reference.filter(|&given| rows[given].setting.iterations == row.setting.iterations);
            Entrant {
                work: row.setting.iterations,
                reference: given
                    .or_else(|| serial_of(row))
                    .or_else(|| program_of(row))
                    .filter(|&other| other != index),
                family: rows.iter().position(|other| other.is_sibling_of(row)),
                chunksize: row.fixed_chunksize().unwrap_or_default(),
            }
        })
        .collect()
}

/// The standings of saved rows, from their samples.
#[must_use]
pub fn standings(
    rows: &[ResultRow],
    reference: Option<usize>,
    most_rows: usize,
    margin: f64,
) -> Standings {
    let mut standings = Standings::new(most_rows.max(rows.len()), margin);
    let mut rounds: BTreeMap<usize, Vec<(usize, Duration)>> = BTreeMap::new();
    for (index, entrant) in entrants(rows, reference).into_iter().enumerate() {
        standings.enter(entrant);
        for sample in &rows[index].samples {
            rounds.entry(sample.round).or_default().push((index, sample.total));
        }
    }
    for (round, ran) in rounds {
        standings.add(round, &ran);
    }
    standings
}

/// Sets every row's comparisons and gives the answers.
pub fn conclude(rows: &mut [ResultRow], standings: &mut Standings) -> Vec<Answer> {
    let answers = standings.answers();
    for (index, row) in rows.iter_mut().enumerate() {
        let mut beside = |other: Option<usize>| {
            other.filter(|&other| other != index).and_then(|other| standings.compare(index, other))
        };
        let recommended = answers
            .iter()
            .find(|answer| answer.iterations == row.setting.iterations)
            .map(|answer| answer.recommended);
        row.against_recommended = beside(recommended);
        let reference = standings.reference(index);
        row.against_reference = reference.and_then(|other| standings.compare(index, other));
    }
    answers
}

/// The row that a concluded row was compared with; `None` where it has no comparison.
///
/// A saved row does not name its reference: the rule of [`entrants`] and the answer do.
#[must_use]
pub fn reference_of(rows: &[ResultRow], answers: &[Answer], row: usize) -> Option<usize> {
    let compared = rows.get(row).filter(|row| row.against_reference.is_some())?;
    let has_none = |&other: &usize| rows[other].against_reference.is_none();
    let serial = entrants(rows, None)[row].reference.filter(has_none);
    let of_the_answer = || {
        answers
            .iter()
            .find(|answer| answer.iterations == compared.setting.iterations)
            .and_then(|answer| answer.reference)
    };
    serial.or_else(of_the_answer).filter(|&other| other != row && other < rows.len())
}
