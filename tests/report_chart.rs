//! The curve's data, axes and colours, and the bars of a timeline.

mod measurements;

use measurements::{crossed, micros, model, serial, timeline, tutorial};
use proptest::prelude::*;
use wordhash::report::chart::scale::{LogScale, evenly, significant, size_label};
use wordhash::report::chart::{Curve, svg};
use wordhash::report::{Report, timeline as lanes};

#[test]
fn a_line_is_drawn_for_each_backend_and_transport() {
    let run = crossed();
    let models = [model(&run)];
    let report = Report { models: &models, ..Report::new(&run) };
    let curve = Curve::new(&report).unwrap();
    let names: Vec<_> = curve.series.iter().map(|series| series.name.as_str()).collect();
    assert_eq!(names, ["processes, shared", "processes, pipe", "threads"]);
    let modelled: Vec<_> = curve.series.iter().map(|series| !series.model.is_empty()).collect();
    assert_eq!(modelled, [true, false, false]);
    let sizes: Vec<_> = curve.series[0].points.iter().map(|point| point.chunksize).collect();
    assert_eq!(sizes, [500, 1_000, 5_000, 10_000, 50_000, 100_000, 262_485]);
    let (series, point) = curve.recommended.unwrap();
    assert_eq!((series, curve.series[series].points[point].chunksize), (2, 50_000));
    assert_eq!(curve.serial.unwrap().median, micros(110_200));
}

#[test]
fn the_curve_is_described_in_words() {
    let run = tutorial();
    assert_eq!(
        Curve::new(&Report::new(&run)).unwrap().description(),
        "Time against chunk size for processes: chunk sizes from 500 to 262485 words, times from \
         59.7 ms to 110.9 ms; the serial run takes 110.2 ms; recommended: 50000 words at 60.1 ms; \
         maybe as fast: 10000. Medians of 25 rounds; the verdicts behind the marks hold together \
         with 95% confidence."
    );
}

#[test]
fn rows_that_were_not_measured_are_not_drawn() {
    let mut run = tutorial();
    for row in &mut run.results[1..] {
        row.summary = None;
    }
    assert_eq!(Curve::new(&Report::new(&run)), None);
    run.results = vec![serial(1)];
    assert_eq!(Curve::new(&Report::new(&run)), None);
}

#[test]
fn every_colour_of_the_picture_has_a_rule_for_dark_pages() {
    let run = crossed();
    let models = [model(&run)];
    let report = Report { models: &models, ..Report::new(&run) };
    let picture = svg::render(&Curve::new(&report).unwrap(), svg::Frame::default());
    let (style, drawing) = picture.split_once("</style>").unwrap();
    let mut colours = 0;
    for kind in ["stroke", "fill"] {
        for rest in drawing.split(&format!(" {kind}=\"")).skip(1) {
            let colour = rest.split('"').next().unwrap();
            let rule = format!("[{kind}=\"{colour}\"] {{ {kind}: var(");
            assert!(colour == "none" || style.contains(&rule), "no rule for {kind} {colour}");
            colours += 1;
        }
    }
    assert!(colours > 50, "{colours}");
}

#[test]
fn ticks_are_round_and_as_many_as_have_room() {
    for (low, high, most, expected) in [
        (500.0, 262_485.0, 10, "500 1000 2000 5000 10k 20k 50k 100k 200k"),
        (500.0, 262_485.0, 4, "1000 10k 100k"),
        (1.0, 1e6, 4, "1 100 10k 1m"),
        (0.060, 0.110, 6, "0.06 0.07 0.08 0.09 0.1"),
        (5000.0, 5000.0, 5, "4000 5000 6000 7000"),
    ] {
        let ticks = LogScale::around(low, high, 2.0).ticks(most);
        let labels: Vec<_> = ticks.into_iter().map(size_label).collect();
        assert_eq!(labels.join(" "), expected, "{low} to {high}, {most} at most");
    }
    assert_eq!(evenly(0.0, 62.0, 5), [0.0, 20.0, 40.0, 60.0]);
    assert_eq!(evenly(0.0, 0.0, 5), [0.0]);
    for (value, label) in [(0.5, "0.5"), (62.1, "62.1"), (100.0, "100"), (1500.4, "1500")] {
        assert_eq!(significant(value), label);
    }
}

#[test]
fn short_tasks_become_bars_as_high_as_their_time_was_full() {
    let long = timeline("5000", 40, 5_000);
    assert!(!lanes::has_merged_bars(&long));
    let short = timeline("50", 2_000, 50);
    assert!(lanes::has_merged_bars(&short));
    let picture = lanes::svg(&short, "timeline");
    // The workers of the fixture are at work 94, 89, 84 and 79 % of their time, less up to a
    // microsecond in 84; a level counts from the top.
    let paths: Vec<_> = picture.split("class=\"many\"").skip(1).collect();
    let highest_level = |path: &&str| {
        let steps = path.split('"').nth(1).unwrap().split('V').skip(1);
        let levels = steps.filter_map(|step| step.split('H').next()?.parse::<f64>().ok());
        levels.fold(0.0, f64::max)
    };
    let levels: Vec<_> = paths.iter().map(highest_level).collect();
    assert_eq!(levels, [0.07, 0.12, 0.17, 0.21]);
}

proptest! {
    #[test]
    fn what_is_measured_lies_on_the_axis_and_so_do_the_ticks(
        a in 1e-9..1e12_f64, b in 1e-9..1e12_f64, most in 3_usize..20,
    ) {
        let scale = LogScale::around(a, b, 1.5);
        for value in [a, b] {
            prop_assert!((0.0..=1.0).contains(&scale.position(value)));
        }
        let (low, high) = scale.ends();
        prop_assert!(high / low >= 1.499);
        let ticks = scale.ticks(most);
        prop_assert!(!ticks.is_empty() && ticks.len() <= most + 1, "{:?}", ticks);
        prop_assert!(ticks.is_sorted() && ticks.iter().all(|tick| (low..=high).contains(tick)));
    }
}

#[test]
fn a_name_that_would_run_out_of_the_picture_is_shortened() {
    let mut run = crossed();
    for row in &mut run.results {
        row.setting.transport = row.setting.transport.take().map(|transport| transport.repeat(20));
    }
    let curve = Curve::new(&Report::new(&run)).unwrap();
    let narrow = svg::Frame { width: 330, ..svg::Frame::default() };
    let picture = svg::render(&curve, narrow);
    let (_, drawing) = picture.split_once("</style>").unwrap();
    assert!(drawing.contains("processes, sharedshared") && drawing.contains("…\n"), "{drawing}");
    assert!(!drawing.contains(&"shared".repeat(20)));
}

#[test]
fn a_part_of_a_timeline_has_its_name_where_there_is_room_on_a_phone() {
    let mut line = timeline("5000", 4, 5000);
    line.phases[2].begin = micros(50_000);
    for (name, shown) in [("set", true), ("exchange", false)] {
        line.phases[2].name = name.to_owned();
        let picture = lanes::svg(&line, "id");
        assert_eq!(picture.contains(&format!(">{name}</text>")), shown, "{name}");
        assert!(picture.contains(&format!("<title>{name}: 10.0 ms</title>")), "{name}");
    }
}

#[test]
fn a_timeline_is_described_in_words() {
    let mut line = timeline("262485", 4, 262_485);
    line.lanes.truncate(2);
    line.lanes[1].pid = None;
    line.lanes[1].bars.clear();
    assert_eq!(
        lanes::description(&line),
        "60.0 ms in all. pid 4711: 1 task, 262,485 words, busy 66% of the time; thread 2: 0 \
         tasks, 0 words, busy 0% of the time."
    );
}
