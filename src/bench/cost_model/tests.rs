use super::*;
use proptest::prelude::*;

const WORDS: usize = 1_049_938;
const SIZES: [usize; 7] = [262_485, 100_000, 50_000, 10_000, 5_000, 1_000, 500];

/// 5 ms once, 4 µs a task, 100 ns a word, and less for the words of the tail.
const TRUTH: CostModel = CostModel {
    start_seconds: 0.005,
    seconds_per_task: 4e-6,
    seconds_per_word: 1e-7,
    seconds_per_uneven_word: 8e-8,
    seconds_per_tail_word: 5e-8,
};

/// What the truth would measure, each row `noise` times as long.
fn observations(workers: &[usize], once: bool, noise: impl Fn(usize) -> f64) -> Vec<Observation> {
    let sizes = workers.iter().flat_map(|&workers| SIZES.map(|size| (workers, size)));
    sizes
        .enumerate()
        .map(|(row, (workers, chunksize))| Observation {
            words: WORDS,
            workers,
            chunksize,
            once: once.then_some(Duration::from_millis(5)),
            time: TRUTH.predict(WORDS, workers, chunksize).mul_f64(noise(row)),
        })
        .collect()
}

fn assert_close(found: f64, expected: f64) {
    assert!((found / expected - 1.0).abs() < 1e-4, "{found} for {expected}");
}

#[test]
fn the_costs_that_made_the_times_are_found_again() {
    for (workers, once) in [(&[4][..], true), (&[1, 2, 4], false), (&[2, 3], true)] {
        let fit = fit(&observations(workers, once, |_| 1.0)).unwrap();
        assert_close(fit.model.start_seconds, TRUTH.start_seconds);
        assert_close(fit.model.seconds_per_task, TRUTH.seconds_per_task);
        assert_close(fit.model.seconds_per_word, TRUTH.seconds_per_word);
        assert_close(fit.model.seconds_per_uneven_word, TRUTH.seconds_per_uneven_word);
        assert_close(fit.model.seconds_per_tail_word, TRUTH.seconds_per_tail_word);
        assert!(fit.fits, "{fit:?}");
    }
}

#[test]
fn a_start_that_nothing_tells_apart_is_counted_with_the_words() {
    let fit = fit(&observations(&[4], false, |_| 1.0)).unwrap();
    assert!(fit.fits);
    assert_eq!(fit.model.start_seconds.to_bits(), 0.0_f64.to_bits());
    assert_close(fit.model.seconds_per_word, 1e-7 + 0.005 * 4.0 / WORDS as f64);
}

#[test]
fn a_model_fits_only_where_every_row_and_all_rows_agree_with_it() {
    let alternating =
        |by: f64| move |row: usize| if row.is_multiple_of(2) { 1.0 + by } else { 1.0 - by };
    for (rows, noise, fits) in [
        (7, alternating(0.01), true),
        (7, alternating(0.12), false),
        (FEWEST, alternating(0.0), true),
        (FEWEST - 1, alternating(0.0), false),
    ] {
        let mut observed = observations(&[4], true, noise);
        observed.truncate(rows);
        assert_eq!(fit(&observed).unwrap().fits, fits, "{rows} rows");
    }
    let mut observed = observations(&[1, 2, 3, 4], true, |_| 1.0);
    observed[20].time *= 2;
    assert!(!fit(&observed).unwrap().fits, "one row takes twice as long");
    assert_eq!(fit(&[]), None);
}

#[test]
fn the_tail_is_what_the_last_worker_has_beyond_its_share() {
    for (words, workers, chunksize, tasks, uneven, tail) in [
        (12, 3, 4, 3.0, 0.0, 4.0),
        (12, 3, 2, 6.0, 0.0, 2.0),
        (12, 2, 5, 3.0, 1.0, 5.0),
        (13, 2, 5, 3.0, 1.5, 5.0),
        (17, 2, 5, 4.0, 1.5, 5.0),
        (17, 1, 5, 4.0, 0.0, 0.0),
        (3, 2, 10, 1.0, 1.5, 3.0),
        (0, 2, 10, 0.0, 0.0, 0.0),
    ] {
        let terms = Terms::new(words, workers, chunksize);
        assert_close(terms.tasks + 1.0, tasks + 1.0);
        assert_close(terms.uneven + 1.0, uneven + 1.0);
        assert_close(terms.tail + 1.0, tail + 1.0);
    }
}

#[test]
fn the_best_size_has_few_tasks_where_tasks_cost_and_many_where_the_tail_does() {
    // In between the best is near √(words · per task / per tail word) = 9 165.
    for (seconds_per_task, at_least, at_most) in
        [(1.0, WORDS.div_ceil(4), WORDS.div_ceil(4)), (4e-6, 8_000, 10_500), (0.0, 1, 1)]
    {
        let best = CostModel { seconds_per_task, ..TRUTH }.best_chunksize(WORDS, 4);
        assert!((at_least..=at_most).contains(&best), "{best} at {seconds_per_task} a task");
    }
    // Near a third of an even share, the size at which three tasks a worker come out even.
    let third = CostModel { seconds_per_task: 3.6e-4, ..TRUTH };
    assert_eq!(third.best_chunksize(WORDS, 4), WORDS.div_ceil(12));
    assert_eq!(TRUTH.best_chunksize(0, 4), 1);
    assert_eq!(TRUTH.best_chunksize(3, 8), 1);
}

#[test]
fn kruskal_and_weiss_agree_with_their_formula() {
    for (words, workers, overhead, spread, expected) in [
        // (√2 · 10^6 · 5 / (1 · 4 · √ln 4))^(2/3) = 13 111.9
        (1_000_000, 4, 5.0, 1.0, 13_112),
        (1_000_000, 4, 0.0, 1.0, 1),
        (1_000_000, 4, 5.0, 0.0, 250_000),
        (1_000_000, 1, 5.0, 1.0, 1_000_000),
        (10, 4, 1e9, 1.0, 3),
    ] {
        let found = kruskal_weiss_chunksize(words, workers, overhead, spread);
        assert_eq!(found, Some(expected), "{words} {workers} {overhead} {spread}");
    }
    assert_eq!(kruskal_weiss_chunksize(0, 4, 1.0, 1.0), None);
    assert_eq!(kruskal_weiss_chunksize(4, 0, 1.0, 1.0), None);
}

proptest! {
    #[test]
    fn no_size_beats_the_best_size_by_a_hundredth(
        words in 1..2_000_000_usize, workers in 1..16_usize,
        seconds_per_task in 0.0..1e-4_f64, seconds_per_tail_word in 0.0..1e-6_f64, part in 1..2_000_000_usize,
    ) {
        let model = CostModel { seconds_per_task, seconds_per_tail_word, ..TRUTH };
        let share = words.div_ceil(workers);
        let size = share.div_ceil(part);
        let best = model.best_chunksize(words, workers);
        let [best, other] = [best, size].map(|size| model.predict(words, workers, size));
        prop_assert!(best.as_secs_f64() <= other.as_secs_f64() * 1.01 + 1e-9);
    }
}

#[test]
fn the_spread_of_a_word_follows_from_what_workers_needed_for_theirs() {
    use crate::bench::fixtures::row;
    use crate::bench::result::ProcessRow;
    let worker = |words, busy_us| ProcessRow {
        pid: 1,
        tasks: 1,
        words: Some(words),
        busy: Some(Duration::from_micros(busy_us)),
        cpu: None,
        peak_rss_bytes: None,
        host: None,
        rank: None,
    };
    let with = |processes| ResultRow { processes, ..row(500, &[100]) };
    // 100 words at 9 µs and at 11 µs: off by 1 µs each, √(100 · 1² + 100 · 1²) / 1 = 14.1 µs.
    let uneven = with(vec![worker(100, 900), worker(100, 1100)]);
    let even = with(vec![worker(100, 1000), worker(50, 500)]);
    for (rows, expected) in [
        (vec![&uneven], Some("14.142")),
        (vec![&even], Some("0.000")),
        (vec![&uneven, &even], Some("10.000")),
        (vec![], None),
    ] {
        let spread = word_spread(rows.into_iter()).map(|seconds| format!("{:.3}", seconds * 1e6));
        assert_eq!(spread.as_deref(), expected);
    }
    // Who worked alone, or died before it could say, tells nothing.
    let dead = ProcessRow { words: None, ..worker(1, 1) };
    for processes in [vec![], vec![worker(100, 900)], vec![worker(100, 900), dead]] {
        assert_eq!(word_spread([&with(processes)].into_iter()), None);
    }
}
