use proptest::prelude::*;

use super::*;

fn model(terms: &[(Term, f64)], words: usize, workers: usize) -> Model {
    let terms = terms.iter().copied().collect();
    Model { terms, leave_one_out_error: 0.0243, words, workers }
}

#[test]
fn a_model_is_said_in_a_sentence() {
    use Term::{Fixed, Imbalance, Share, Stagger, Task};
    let words = 1_049_938;
    for (terms, expected) in [
        (
            &[(Fixed, 0.0107), (Share, 6.599e-8), (Stagger, 7.216e-9)][..],
            "Cost model: 10.7 ms a run + 66.0 ns a word of a worker's share + 7.2 ns a word of the \
             chunk size (stagger); predicts sizes it has not seen to within 2.4 %. Any chunk size \
             from 500 to 120,000 is within 2 % of the best.",
        ),
        (
            &[(Task, 1.1e-6), (Share, 6.45e-8), (Imbalance, 1.04e-8), (Stagger, 9e-9)],
            "Cost model: 1.1 µs a task + 64.5 ns a word of a worker's share + 10.4 ns a word of \
             imbalance + 9.0 ns a word of the chunk size (stagger); predicts sizes it has not seen \
             to within 2.4 %. Any chunk size from 1,400 to 61,000 is within 2 % of the best.",
        ),
        (
            &[(Share, 6.45e-8)],
            "Cost model: 64.5 ns a word of a worker's share; predicts sizes it has not seen to \
             within 2.4 %. Any chunk size from 500 to 524,969 is within 2 % of the best.",
        ),
    ] {
        assert_eq!(sentence(&model(terms, words, 2), 500..=524_969), expected);
    }
}

#[test]
fn a_model_that_is_not_shown_says_why() {
    for (reason, expected) in [
        (NoModel::TooFewSizes { sizes: 0 }, None),
        (
            NoModel::TooFewSizes { sizes: 2 },
            Some("No cost model: it needs 7 chunk sizes; this sweep has 2."),
        ),
        (
            NoModel::ErrorTooLarge { error: 0.0648 },
            Some("No cost model: its predictions of sizes it has not seen are off by 6.5 %."),
        ),
        (
            NoModel::NoBetterThanConstant { error: 0.0241, constant_error: 0.0194 },
            Some(
                "No cost model: it predicts sizes it has not seen to within 2.4 %, and one time \
                 for all sizes does so to within 1.9 %.",
            ),
        ),
    ] {
        assert_eq!(why_not(reason).as_deref(), expected);
    }
}

#[test]
fn the_range_of_good_sizes_is_rounded_inwards_but_for_what_was_measured() {
    for (range, measured, expected) in [
        ((1_087, 104_332), 500..=524_969, (1_100, 100_000)),
        ((1_087, 524_969), 500..=524_969, (1_100, 524_969)),
        ((1_087, 104_332), 1_087..=524_969, (1_087, 100_000)),
        ((3, 17), 1..=100, (3, 17)),
        ((101, 109), 1..=1000, (101, 109)),
        ((7, 7), 1..=1000, (7, 7)),
        ((100, 9_999), 1..=10_000, (100, 9_900)),
    ] {
        assert_eq!(rounded_inwards(range, &measured), expected, "{range:?} of {measured:?}");
    }
}

#[test]
fn a_curve_keeps_the_size_at_which_tasks_come_out_even() {
    // 2 workers have an even share of 1,000 words with an even number of tasks.
    let model = model(&[(Term::Fixed, 1.0), (Term::Imbalance, 0.01)], 1000, 2);
    let curve = ModelCurve::new(&model, 3, 40..=1000);
    assert_eq!(curve.like_row, 3);
    // 1,000 / 24, 1,000 / 22 and so on, to the nearest whole number.
    let even = [42, 45, 50, 56, 62, 71, 83, 100, 125, 167, 250, 500];
    let least = |window: &[(usize, Duration)]| {
        let [before, at, after] = [window[0], window[1], window[2]];
        (at.1 < before.1 && at.1 <= after.1).then_some(at.0)
    };
    let minima: Vec<usize> = curve.points.windows(3).filter_map(least).collect();
    assert_eq!(minima, even);
    let one = ModelCurve::new(&model, 0, 50..=50);
    assert_eq!(one.points, [(50, Duration::from_secs(1))]);
}

proptest! {
    #[test]
    fn a_curve_is_the_formula_at_the_resolution_of_a_step(
        words in 1_000..3_000_000_usize, workers in 1..9_usize,
        (first, second) in (1..2_000_000_usize, 1..2_000_000_usize),
        imbalance in 0.0..1e-7_f64, stagger in 0.0..1e-8_f64, sizes in proptest::array::uniform20(0.0..1.0_f64),
    ) {
        let model = model(&[
            (Term::Fixed, 0.003), (Term::Task, 1e-6), (Term::Share, 6e-8),
            (Term::Imbalance, imbalance), (Term::Stagger, stagger),
        ], words, workers);
        let (smallest, largest) = (first.min(second), first.max(second));
        let curve = ModelCurve::new(&model, 0, smallest..=largest);
        prop_assert!(curve.points.len() <= 4 * (ModelCurve::STEPS as usize + 1));
        prop_assert!(curve.points.is_sorted_by(|one, other| one.0 < other.0));
        for (size, time) in &curve.points {
            prop_assert_eq!(*time, model.predict(*size));
        }
        let width = (largest as f64 / smallest as f64).powf(1.0 / f64::from(ModelCurve::STEPS));
        for place in sizes {
            let size = rounded(smallest as f64 * (largest as f64 / smallest as f64).powf(place));
            let size = size.clamp(smallest, largest);
            let near = curve.points.iter().filter(|(other, _)| {
                (*other as f64 / size as f64).ln().abs() <= width.ln() * 1.01 + 1.0 / size as f64
            });
            let (shortest, longest) = near.fold((f64::MAX, 0.0_f64), |(shortest, longest), point| {
                let seconds = point.1.as_secs_f64();
                (shortest.min(seconds), longest.max(seconds))
            });
            let time = model.predict(size).as_secs_f64();
            prop_assert!(shortest <= time * 1.000_001 && time <= longest * 1.000_001,
                "{} words: {} is not in {}..{}", size, time, shortest, longest);
        }
    }
}
