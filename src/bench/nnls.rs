//! Least squares with coefficients that may not be negative, for a handful of columns.
//!
//! The optimum is the unconstrained solution on the columns that it uses (Lawson and Hanson,
//! "Solving Least Squares Problems", 1974, chapter 23). Their algorithm finds those columns step by
//! step; here there are so few that all subsets are tried, which needs no tolerance for when to
//! stop and cannot run in circles.

/// Coefficients, none of them negative, that bring `rows` × coefficients closest to `targets` in
/// the sum of squares. Rows and targets correspond; surplus ones are left out.
///
/// Columns that are zero, or that others make up for, get the coefficient 0. All figures must be
/// finite.
#[must_use]
pub(super) fn nnls<const N: usize>(rows: &[[f64; N]], targets: &[f64]) -> [f64; N] {
    const { assert!(N < 8, "all subsets of the columns are tried") };
    let mut best = ([0.0; N], sum_of_squares(rows, targets, &[0.0; N]));
    for subset in 1..1_u32 << N {
        let columns: Vec<usize> = (0..N).filter(|&column| subset & (1 << column) != 0).collect();
        let Some(coefficients) = least_squares(rows, targets, &columns) else { continue };
        if coefficients.iter().any(|&coefficient| coefficient < 0.0) {
            continue;
        }
        let squares = sum_of_squares(rows, targets, &coefficients);
        if squares < best.1 {
            best = (coefficients, squares);
        }
    }
    best.0
}

/// The sum of the squares of what is left of the targets.
fn sum_of_squares<const N: usize>(
    rows: &[[f64; N]],
    targets: &[f64],
    coefficients: &[f64; N],
) -> f64 {
    let predicted = |row: &[f64; N]| -> f64 {
        row.iter().zip(coefficients).map(|(figure, coefficient)| figure * coefficient).sum()
    };
    rows.iter().zip(targets).map(|(row, target)| (target - predicted(row)).powi(2)).sum()
}

/// A column that keeps less than this share of its length beside the others is made up of them.
const INDEPENDENT: f64 = 1e-7;

/// The unconstrained solution on some columns, by modified Gram-Schmidt with the targets as the
/// last column; `None` where the columns depend on each other. Whatever such columns reach with
/// positive coefficients, fewer of them reach too.
fn least_squares<const N: usize>(
    rows: &[[f64; N]],
    targets: &[f64],
    columns: &[usize],
) -> Option<[f64; N]> {
    let mut rest: Vec<f64> = targets.iter().take(rows.len()).copied().collect();
    let mut basis: Vec<Vec<f64>> =
        columns.iter().map(|&column| rows.iter().map(|row| row[column]).collect()).collect();
    let count = columns.len();
    let mut triangle = vec![vec![0.0; count]; count];
    let mut right = vec![0.0; count];
    for i in 0..count {
        let whole = rows.iter().map(|row| row[columns[i]].powi(2)).sum::<f64>().sqrt();
        let length = dot(&basis[i], &basis[i]).sqrt();
        if length <= INDEPENDENT * whole {
            return None;
        }
        basis[i].iter_mut().for_each(|figure| *figure /= length);
        let (done, later) = basis.split_at_mut(i + 1);
        triangle[i][i] = length;
        for (j, column) in later.iter_mut().enumerate() {
            triangle[i][i + 1 + j] = take_away(column, &done[i]);
        }
        right[i] = take_away(&mut rest, &done[i]);
    }
    let mut coefficients = [0.0; N];
    for i in (0..count).rev() {
        let known: f64 = (i + 1..count).map(|j| triangle[i][j] * coefficients[columns[j]]).sum();
        coefficients[columns[i]] = (right[i] - known) / triangle[i][i];
    }
    Some(coefficients)
}

fn dot(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}

/// Takes the part along a unit vector away and returns how long it was.
fn take_away(from: &mut [f64], unit: &[f64]) -> f64 {
    let along = dot(from, unit);
    from.iter_mut().zip(unit).for_each(|(figure, unit)| *figure -= along * unit);
    along
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn exact_and_constrained_problems_have_their_known_solutions() {
        for (rows, targets, expected) in [
            ([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], [2.0, 3.0, 5.0], [2.0, 3.0]),
            // Without the bound (3, −1): the second column is better left out.
            ([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]], [3.0, 2.0, 1.0], [2.0, 0.0]),
            ([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]], [-2.0, -3.0, 1.0], [0.0, 0.0]),
            // Equal columns: one of them does it.
            ([[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]], [2.0, 4.0, 6.0], [2.0, 0.0]),
            ([[0.0, 1.0], [0.0, 2.0], [0.0, 3.0]], [1.0, 2.0, 3.0], [0.0, 1.0]),
        ] {
            let found = nnls(&rows, &targets);
            for (found, expected) in found.iter().zip(expected) {
                assert!((found - expected).abs() < 1e-12, "{rows:?}: {found} for {expected}");
            }
        }
    }

    proptest! {
        #[test]
        fn no_coefficient_is_negative_and_no_guess_is_better(
            problem in proptest::collection::vec(([-9.0..9.0_f64, -9.0..9.0, -9.0..9.0], -9.0..9.0_f64), 0..12),
            guess in [0.0..4.0_f64, 0.0..4.0, 0.0..4.0],
            nudge in [-0.1..0.1_f64, -0.1..0.1, -0.1..0.1],
        ) {
            let (rows, targets): (Vec<_>, Vec<_>) = problem.into_iter().unzip();
            let found = nnls::<3>(&rows, &targets);
            prop_assert!(found.iter().all(|&coefficient| coefficient >= 0.0));
            let squares = sum_of_squares(&rows, &targets, &found);
            let beside: [f64; 3] = std::array::from_fn(|i| (found[i] + nudge[i]).max(0.0));
            for other in [guess, beside] {
                prop_assert!(squares <= sum_of_squares(&rows, &targets, &other) + 1e-9);
            }
        }
    }
}
