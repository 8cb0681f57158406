use super::*;
use crate::bench::conclude::{conclude, entrants, standings};
use crate::bench::fixtures::{row, serial};
use crate::bench::quantiles::at_least;
use crate::bench::result::ResultRow;
use proptest::prelude::*;

/// Standings of rows whose times, in microseconds, are given round by round; the first row is the
/// reference of the others, all of which are of one family with sizes 10, 20, 30 and so on.
fn of_rounds(rounds: &[&[u64]]) -> Standings {
    let rows = rounds.first().map_or(0, |round| round.len());
    let mut standings = Standings::new(rows, 0.02);
    for index in 0..rows {
        standings.enter(Entrant {
            work: 1,
            reference: (index > 0).then_some(0),
            family: (index > 0).then_some(1),
            chunksize: 10 * index,
        });
    }
    for (number, round) in rounds.iter().enumerate() {
        let ran: Vec<_> =
            round.iter().enumerate().map(|(row, &us)| (row, Duration::from_micros(us))).collect();
        standings.add(number, &ran);
    }
    standings
}

/// So many rounds alike.
fn repeated(round: &[u64], rounds: usize) -> Standings {
    of_rounds(&vec![round; rounds])
}

#[test]
fn a_difference_is_shown_from_the_first_round_on_that_can_show_one() {
    for (rows, first) in [(2_usize, 8), (3, 10), (8, 13)] {
        let round: Vec<u64> = (0..rows as u64).map(|row| 1000 + 100 * row).collect();
        let before = repeated(&round, first - 1).verdict(1, 0);
        assert_eq!(before, Verdict::Unclear, "{rows} rows");
        let mut standings = repeated(&round, first);
        assert_eq!(standings.verdict(1, 0), Verdict::Slower, "{rows} rows");
        assert_eq!(standings.verdict(0, 1), Verdict::Faster, "{rows} rows");
        assert_eq!(standings.first_round(), first);
    }
}

#[test]
fn a_difference_within_the_margin_is_the_same_even_where_it_is_sure() {
    for (slower, expected) in
        [(1000, Verdict::Same), (1019, Verdict::Same), (1021, Verdict::Slower)]
    {
        let mut standings = repeated(&[1000, slower], 20);
        assert_eq!(standings.verdict(1, 0), expected, "{slower}");
    }
    // Too few rounds to rule out anything.
    assert_eq!(repeated(&[1000, 1000], 7).verdict(1, 0), Verdict::Unclear);
}

#[test]
fn ties_are_left_out_of_the_evidence() {
    // Eight wins of eight suffice for two rows; ties beside them change nothing.
    let mut rounds: Vec<&[u64]> = vec![&[1000, 900]; 7];
    rounds.extend([&[1000_u64, 1000][..]; 2]);
    assert_eq!(of_rounds(&rounds).verdict(1, 0), Verdict::Unclear);
    rounds.push(&[1000, 900]);
    assert_eq!(of_rounds(&rounds).verdict(1, 0), Verdict::Faster);
}

#[test]
fn an_interval_reaches_over_all_ratios_that_the_test_does_not_rule_out() {
    // Ratios of 1.01, 1.02 … 1.20 to the reference; 17 wins of 20 are needed, so the interval runs
    // from the 4th to the 17th.
    let rounds: Vec<[u64; 2]> = (1..=20).map(|step| [1000, 1000 + 10 * step]).collect();
    let rounds: Vec<&[u64]> = rounds.iter().map(<[u64; 2]>::as_slice).collect();
    let mut standings = of_rounds(&rounds);
    let found = standings.compare(1, 0).unwrap();
    assert_eq!((found.rounds, found.wins, found.verdict), (20, 0, Verdict::Slower));
    let [low, high] = found.time_ratio_interval().unwrap();
    let shown = [found.time_ratio(), low, high].map(|ratio| format!("{ratio:.4}"));
    // The median is the geometric mean of the middle two.
    assert_eq!(shown, ["1.1050", "1.0400", "1.1700"]);
    let turned = standings.compare(0, 1).unwrap();
    assert_eq!((turned.wins, turned.verdict), (20, Verdict::Faster));
    assert!((turned.speedup * found.speedup - 1.0).abs() < 1e-12);
    assert_eq!(of_rounds(&rounds[..7]).compare(1, 0).unwrap().interval, None);
    assert_eq!(of_rounds(&[]).answers(), []);
}

#[test]
fn only_rounds_that_both_rows_have_count() {
    let mut standings = repeated(&[1000, 900], 20);
    standings.enter(Entrant { work: 1, reference: Some(0), family: Some(1), chunksize: 15 });
    // The machine has become three times as slow when the third row joins, which is the equal of
    // the second.
    for round in 20..40 {
        let ran = [(0, 3000), (1, 2700), (2, 2700)];
        standings.add(round, &ran.map(|(row, us)| (row, Duration::from_micros(us))));
    }
    assert_eq!(standings.compare(2, 0).unwrap().rounds, 20);
    assert_eq!(standings.compare(1, 0).unwrap().rounds, 40);
    assert_eq!(standings.verdict(2, 1), Verdict::Same);
    assert_eq!(standings.verdict(2, 0), Verdict::Faster);
    assert_eq!(standings.answers()[0].fastest, [1, 2]);
}

#[test]
fn the_fastest_rows_are_those_that_no_row_was_shown_to_beat() {
    let mut standings = repeated(&[2000, 1300, 1000, 1001, 1300], 30);
    let answer = standings.answers().remove(0);
    assert_eq!(answer.fastest, [2, 3]);
    assert_eq!((answer.reference, answer.iterations), (Some(0), 1));
    // With one round every row may be the fastest.
    assert_eq!(repeated(&[2000, 1300, 1000], 1).answers()[0].fastest, [0, 1, 2]);
}

#[test]
fn the_recommended_size_has_the_least_time_smoothed_over_its_neighbours() {
    // (the rounds' times, the recommended row). In the first case the least time alone is that of the
    // fourth size, between two slow ones; smoothed, the first two sizes are better.
    let cases: [(&[u64], usize); 4] = [
        (&[2000, 1010, 1005, 1090, 1000, 1100], 1),
        (&[2000, 1000, 1001, 1002], 1),
        // A serial row that is the quickest has no sizes beside it.
        (&[900, 1000, 1001], 0),
        (&[2000, 1000], 1),
    ];
    for (round, recommended) in cases {
        let mut standings = repeated(round, 5);
        assert_eq!(standings.answers()[0].recommended, recommended, "{round:?}");
    }
}

#[test]
fn rows_of_different_work_are_never_ranked_against_each_other() {
    let mut heavy_serial = serial(&[9000; 20]);
    let mut heavy = row(500, 2, &[6000; 20]);
    heavy_serial.setting.iterations = 20;
    heavy.setting.iterations = 20;
    let mut rows = vec![serial(&[500; 20]), row(500, 2, &[300; 20]), heavy_serial, heavy];
    let mut standings = standings(&rows, None, 4, 0.02);
    let answers = conclude(&mut rows, &mut standings);
    let found: Vec<_> = answers
        .iter()
        .map(|answer| (answer.iterations, answer.reference, answer.fastest.clone()))
        .collect();
    assert_eq!(found, [(1, Some(0), vec![1]), (20, Some(2), vec![3])]);
    let verdict = |row: usize| rows[row].against_reference.map(|found| found.verdict);
    let faster = Some(Verdict::Faster);
    assert_eq!([0, 1, 2, 3].map(verdict), [None, faster, None, faster]);
    assert!((rows[3].against_reference.unwrap().speedup - 1.5).abs() < 1e-12);
}

#[test]
fn the_reference_does_the_same_work_with_the_same_engine_or_is_the_one_that_was_named() {
    let with_engine = |mut row: ResultRow, engine: &str| {
        engine.clone_into(&mut row.setting.engine);
        row
    };
    let rows = [
        with_engine(serial(&[9]), "sha2"),
        with_engine(serial(&[9]), "avx2"),
        with_engine(row(5, 2, &[9]), "sha2"),
        with_engine(row(5, 2, &[9]), "avx2"),
        with_engine(row(5, 2, &[9]), "avx512"),
    ];
    let references = |given| -> Vec<_> {
        entrants(&rows, given).into_iter().map(|entrant| entrant.reference).collect()
    };
    assert_eq!(references(None), [None, None, Some(0), Some(1), None]);
    assert_eq!(references(Some(3)), [Some(3), Some(3), Some(3), None, Some(3)]);
}

#[test]
fn rows_are_decided_when_they_are_beaten_or_the_same_as_the_recommended_one() {
    let all = [0, 1, 2];
    for (round, rounds, expected) in [
        (&[2000, 1000, 1005][..], 9, false),
        (&[2000, 1000, 1005], 10, true),
        (&[2000, 1000, 1500], 10, true),
    ] {
        assert_eq!(repeated(round, rounds).are_decided(&all), expected, "{round:?} {rounds}");
    }
    // Neither beaten nor the same: the second and third take turns at being 10 % faster.
    let mixed: Vec<&[u64]> = (0..40)
        .map(|round| if round % 2 == 0 { &[2000, 1000, 1100][..] } else { &[2000, 1100, 1000] })
        .collect();
    assert!(!of_rounds(&mixed).are_decided(&all));
    assert!(of_rounds(&mixed).are_decided(&[0]));
}

#[test]
fn intervals_wider_than_asked_for_are_named() {
    let rounds: Vec<[u64; 3]> =
        (0..40).map(|round| [1000, 500 + round % 2, 500 + 100 * (round % 2)]).collect();
    let rounds: Vec<&[u64]> = rounds.iter().map(<[u64; 3]>::as_slice).collect();
    let mut standings = of_rounds(&rounds);
    assert_eq!(standings.wider_than(0.01, &[0, 1, 2]), [2]);
    assert_eq!(standings.wider_than(0.2, &[0, 1, 2]), [0; 0]);
    assert_eq!(of_rounds(&rounds[..5]).wider_than(0.2, &[0, 1, 2]), [1, 2]);
}

#[test]
fn the_detectable_difference_is_what_nine_of_ten_such_sessions_find() {
    // 25 rounds of two rows need 20 wins. By the binomial distribution, a coin with a bias of
    // 0.8688 shows 20 of 25 nine times in ten.
    assert!((at_least(25, 20, 0.5) - 0.002_039).abs() < 1e-6);
    assert!((detectable_bias(25, 20) - 0.868_772).abs() < 1e-6);
    assert!((at_least(25, 20, detectable_bias(25, 20)) - 0.9).abs() < 1e-6);
    // Ratios that are evenly spread over 20 % to either side (in the logarithm).
    let mut standings = repeated(&[], 0);
    standings.enter(Entrant { work: 1, reference: None, family: None, chunksize: 0 });
    standings.enter(Entrant { work: 1, reference: Some(0), family: None, chunksize: 0 });
    for round in 0..25_u32 {
        let ratio = ((f64::from(round) - 12.0) / 60.0).exp();
        let second = Duration::from_secs(1);
        standings.add(round as usize, &[(0, second), (1, second.mul_f64(ratio))]);
        if round == 6 {
            assert_eq!(standings.answers()[0].detectable_difference, None);
        }
    }
    let difference = standings.answers()[0].detectable_difference.unwrap();
    // The quantile 0.1312 of these logarithms lies 0.1475 below the middle.
    assert!((difference - 0.1475_f64.exp_m1()).abs() < 0.0001, "{difference}");
}

proptest! {
    #[test]
    fn verdicts_mirror_each_other_and_agree_with_the_interval(
        rounds in proptest::collection::vec((900..1100_u64, 900..1100_u64), 1..80),
        slower_by in 0..200_u64,
    ) {
        let rounds: Vec<[u64; 2]> =
            rounds.into_iter().map(|(one, other)| [one, other + slower_by]).collect();
        let rounds: Vec<&[u64]> = rounds.iter().map(<[u64; 2]>::as_slice).collect();
        let mut standings = of_rounds(&rounds);
        let (one, other) = (standings.compare(1, 0).unwrap(), standings.compare(0, 1).unwrap());
        let mirrored = match other.verdict {
            Verdict::Faster => Verdict::Slower,
            Verdict::Slower => Verdict::Faster,
            same => same,
        };
        prop_assert_eq!(one.verdict, mirrored);
        if let Some([low, high]) = one.interval {
            prop_assert!(low <= one.speedup && one.speedup <= high);
            match one.verdict {
                Verdict::Same => prop_assert!(low >= 1.0 / 1.02 - 1e-12 && high <= 1.02 + 1e-12),
                Verdict::Unclear => prop_assert!(low <= 1.0 && high >= 1.0),
                // Ties are left out of the verdict, so it may be surer than the interval.
                Verdict::Faster => prop_assert!(low >= 1.0),
                Verdict::Slower => prop_assert!(high <= 1.0),
            }
        }
    }

    #[test]
    fn the_recommended_row_is_one_of_the_fastest(
        rounds in proptest::collection::vec(proptest::array::uniform5(900..1100_u64), 1..40),
    ) {
        let rounds: Vec<&[u64]> = rounds.iter().map(<[u64; 5]>::as_slice).collect();
        let answer = of_rounds(&rounds).answers().remove(0);
        prop_assert!(answer.fastest.contains(&answer.recommended));
    }
}
