//! The answer of a sweep: which row is fastest, which others might as well be, and which of them
//! to take.
//!
//! The module compares rows by their samples and labels; what a backend is, it does not know. The
//! fastest row of many is in part the luckiest one, so what it is compared with is not one row but
//! the set of all that cannot be told from it, and what is recommended is not that row but the
//! middle of the set, which stays where it is when luck turns.

use serde::{Deserialize, Serialize};

use super::bootstrap::compare_paired;
use super::result::{Comparison, ResultRow, Verdict};

/// What a sweep found; rows are named by their index in the results.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The row with the smallest median.
    pub fastest: usize,
    /// The rows that cannot be told from the fastest, itself included, in the order of the results.
    pub indistinguishable: Vec<usize>,
    /// The row to take: of the indistinguishable ones that differ from the fastest by nothing but
    /// a fixed chunk size, the one nearest to the middle on a logarithmic scale. The fastest
    /// itself, where it has no fixed chunk size.
    pub recommended: usize,
    /// The recommended row's time beside the serial row's; see [`Comparison::speedup`]. `None`
    /// where there is no serial row, or it is the recommended one.
    pub against_serial: Option<Comparison>,
    /// How much more time than the fastest a row would have to take to be told from it, given how
    /// the samples of those that cannot be told from it scatter (the middle one of them): 0.1 is
    /// 10 % more. `None` where there is no other such row, or too few samples to say.
    #[serde(default)]
    pub smallest_difference: Option<f64>,
}

/// The answer that these rows give; `None` when none of them has a sample.
#[must_use]
pub fn answer(rows: &[ResultRow]) -> Option<Answer> {
    let measured = rows.iter().enumerate();
    let (fastest, _) = measured
        .filter_map(|(index, row)| Some((index, row.summary?.median)))
        .min_by_key(|&(_, median)| median)?;
    let (mut indistinguishable, mut differences) = (Vec::new(), Vec::new());
    for (index, row) in rows.iter().enumerate().filter(|(_, row)| !row.samples.is_empty()) {
        // A row with too few samples to compare is in: nothing is known against it.
        let beside = (index != fastest)
            .then(|| compare_paired(&row.samples, &rows[fastest].samples))
            .flatten();
        if beside.is_none_or(|beside| beside.verdict != Verdict::Slower) {
            indistinguishable.push(index);
            differences.extend(beside.map(|beside| beside.ratio / beside.low - 1.0));
        }
    }
    differences.sort_unstable_by(f64::total_cmp);
    let smallest_difference = differences.get(differences.len() / 2).copied();
    let recommended = middle(rows, &indistinguishable, fastest);
    let serial = serial_row(rows).filter(|&serial| serial != recommended);
    let against_serial =
        serial.and_then(|serial| compare_paired(&rows[recommended].samples, &rows[serial].samples));
    Some(Answer { fastest, indistinguishable, recommended, against_serial, smallest_difference })
}

/// Sets each row's [`ResultRow::against_serial`], where there is a serial row.
pub fn compare_with_serial(rows: &mut [ResultRow]) {
    let Some(serial) = serial_row(rows) else { return };
    let reference = rows[serial].samples.clone();
    for (index, row) in rows.iter_mut().enumerate() {
        row.against_serial =
            if index == serial { None } else { compare_paired(&row.samples, &reference) };
    }
}

fn serial_row(rows: &[ResultRow]) -> Option<usize> {
    rows.iter().position(|row| row.backend == "serial")
}

fn middle(rows: &[ResultRow], indistinguishable: &[usize], fastest: usize) -> usize {
    let mut sizes: Vec<(usize, usize)> = indistinguishable
        .iter()
        .filter(|&&index| differ_by_chunksize_alone(&rows[index], &rows[fastest]))
        .filter_map(|&index| Some((rows[index].chunksize.as_ref()?.fixed()?, index)))
        .collect();
    sizes.sort_unstable();
    let of_fastest = rows[fastest].chunksize.as_ref().and_then(super::result::Chunksize::fixed);
    let (Some(_), [(smallest, _), ..]) = (of_fastest, sizes.as_slice()) else { return fastest };
    let log = |size: usize| (size.max(1) as f64).log2();
    let middle = f64::midpoint(log(*smallest), log(sizes[sizes.len() - 1].0));
    let distance = |&&(size, _): &&(usize, usize)| (log(size) - middle).abs();
    // Of two at the same distance the first, smaller one: its tail is shorter.
    let nearest = sizes.iter().min_by(|one, other| distance(one).total_cmp(&distance(other)));
    nearest.map_or(fastest, |&(_, index)| index)
}

fn differ_by_chunksize_alone(one: &ResultRow, other: &ResultRow) -> bool {
    let rest = |row: &ResultRow| {
        let ResultRow { backend, workers, transport, start_method, engine, rounds, .. } =
            row.clone();
        (backend, workers, transport, start_method, engine, rounds)
    };
    rest(one) == rest(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::fixtures::{row, serial};
    use crate::bench::result::Chunksize;

    const QUICK: [u64; 5] = [100, 102, 101, 101, 101];
    const SAME: [u64; 5] = [102, 101, 103, 102, 101];
    const SLOW: [u64; 5] = [200, 203, 202, 207, 203];

    fn sweep() -> Vec<ResultRow> {
        vec![
            serial(&SLOW),
            row(100_000, &SLOW),
            row(50_000, &SAME),
            row(5_000, &SAME),
            row(1_000, &QUICK),
            row(500, &SAME),
            row(100, &SLOW),
        ]
    }

    #[test]
    fn the_answer_is_the_middle_of_what_cannot_be_told_from_the_fastest() {
        let answer = answer(&sweep()).unwrap();
        assert_eq!(answer.indistinguishable, [2, 3, 4, 5]);
        // √(500 · 50 000) = 5 000
        assert_eq!(answer.recommended, 3);
        let (speedup, low, high) = answer.against_serial.unwrap().speedup();
        let shown = [speedup, low, high].map(|figure| format!("{figure:.3}"));
        assert_eq!(shown, ["2.010", "1.913", "2.049"]);
        let difference = answer.smallest_difference.map(|share| format!("{share:.4}"));
        assert_eq!(difference.as_deref(), Some("0.0402"));
    }

    #[test]
    fn rows_that_differ_by_more_than_the_chunk_size_are_not_recommended() {
        let mut rows = sweep();
        for (index, change) in [(2, "pipe"), (3, "pipe"), (5, "pipe")] {
            rows[index].transport = Some(change.to_owned());
        }
        let answer = answer(&rows).unwrap();
        assert_eq!(answer.indistinguishable, [2, 3, 4, 5]);
        assert_eq!((answer.fastest, answer.recommended), (4, 4));
    }

    #[test]
    fn a_fastest_row_without_a_fixed_size_is_recommended_itself() {
        let mut guided = row(1, &QUICK);
        guided.chunksize = Some(Chunksize::Schedule("guided".to_owned()));
        for rows in [vec![serial(&SLOW), guided], vec![row(9, &SLOW), serial(&QUICK)]] {
            let answer = answer(&rows).unwrap();
            assert_eq!((answer.recommended, answer.indistinguishable), (1, vec![1]));
            assert_eq!(answer.smallest_difference, None);
        }
    }

    #[test]
    fn rows_without_samples_are_no_answer_and_one_sample_tells_nothing_apart() {
        assert_eq!(answer(&[]), None);
        assert_eq!(answer(&[row(1, &[])]), None);
        let rows = [row(1, &[]), row(10, &[100]), row(100, &[900]), serial(&[2000])];
        let answer = answer(&rows).unwrap();
        assert_eq!((answer.fastest, answer.indistinguishable), (1, vec![1, 2, 3]));
        assert_eq!((answer.against_serial, answer.smallest_difference), (None, None));
    }

    #[test]
    fn every_row_but_the_serial_one_is_set_beside_it() {
        let mut rows = sweep();
        compare_with_serial(&mut rows);
        let verdicts: Vec<_> = rows
            .iter()
            .map(|row| row.against_serial.map(|comparison| comparison.verdict))
            .collect();
        let (faster, same) = (Some(Verdict::Faster), Some(Verdict::NoClearDifference));
        assert_eq!(verdicts, [None, same, faster, faster, faster, faster, same]);
        compare_with_serial(&mut rows[1..]);
        assert_eq!(rows[2].against_serial.map(|comparison| comparison.verdict), faster);
    }
}
