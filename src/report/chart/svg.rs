//! The curve as an SVG picture, drawn by the `plotters` crate.
//!
//! Text stays text. The colours written into the elements are those of a light page, so that a
//! program without style sheets shows a right picture; a style sheet in the picture maps each of
//! them to a variable, which a dark colour scheme sets anew.

use std::error::Error;
use std::time::Duration;

use plotters::coord::Shift;
use plotters::coord::combinators::{LogCoord, WithKeyPoints};
use plotters::element::DynElement;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::scale::{LogScale, significant, size_label};
use super::{Curve, Point, Series};
use crate::one_line::one_line;
use crate::report::escape::markup;
use crate::report::figure::{self, TimeUnit};

/// The place that a picture has.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// In CSS pixels, as the height; the picture scales, its proportions stay.
    pub width: u32,
    /// The height of the plot with its axes; the legend comes below it.
    pub plot_height: u32,
    /// What the ids in the picture begin with: pictures of one page must not share ids.
    pub id: &'a str,
}

impl Default for Frame<'_> {
    fn default() -> Self {
        Self { width: 760, plot_height: 400, id: "curve" }
    }
}

const INK: RGBColor = RGBColor(0x1b, 0x1f, 0x24);
const FAINT: RGBColor = RGBColor(0xdd, 0xe1, 0xe6);
const SERIAL: RGBColor = RGBColor(0x5b, 0x65, 0x70);
/// Dark enough on white, and apart from each other for most colour-blind eyes; the marks differ
/// as well.
const SERIES: [RGBColor; 6] = [
    RGBColor(0x0b, 0x62, 0xa8),
    RGBColor(0xc2, 0x57, 0x00),
    RGBColor(0x1b, 0x7f, 0x4b),
    RGBColor(0xa8, 0x32, 0x7d),
    RGBColor(0x7a, 0x5a, 0x00),
    RGBColor(0x00, 0x79, 0x8c),
];

/// The style sheet of the picture: its selectors name the colours above.
pub(crate) const STYLE: &str = include_str!("curve.css");

const FONT: &str = "system-ui, sans-serif";
/// plotters divides the sizes of fonts by 1.24 when it writes them.
const FONT_SIZE: f64 = 13.0 * 1.24;
const LEGEND_LINE: u32 = 22;
/// The mean width of a character of the legend.
const CHARACTER_WIDTH: u32 = 7;
/// The room of a legend's sample and of the gap to the next entry.
const SAMPLE_WIDTH: u32 = 56;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Axis = WithKeyPoints<LogCoord<f64>>;
type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<Axis, Axis>>;
type Drawn = Result<(), Box<dyn Error>>;

/// The whole picture, a document of its own.
#[must_use]
pub fn render(curve: &Curve, frame: Frame<'_>) -> String {
    unstyled(curve, frame).replacen("</desc>\n", &format!("</desc>\n<style>\n{STYLE}</style>\n"), 1)
}

/// The picture for a page that has the style sheet already.
pub(crate) fn unstyled(curve: &Curve, frame: Frame<'_>) -> String {
    let entries = entries(curve);
    let longest = entries.iter().map(|entry| entry.text.chars().count()).max().unwrap_or(0);
    let entry_width = u32::try_from(longest).unwrap_or(u32::MAX).saturating_mul(CHARACTER_WIDTH);
    let columns = (frame.width / entry_width.saturating_add(SAMPLE_WIDTH)).clamp(1, 3);
    let lines = u32::try_from(entries.len()).unwrap_or(u32::MAX).div_ceil(columns);
    let height = frame.plot_height + lines * LEGEND_LINE + LEGEND_LINE / 2;

    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, (frame.width, height)).into_drawing_area();
        let (plot, legend) = root.split_vertically(frame.plot_height);
        draw_plot(curve, frame, &plot)
            .and_then(|()| draw_legend(&entries, frame.width, columns, &legend))
            .and_then(|()| root.present().map_err(Into::into))
            .expect("what draws into memory has nothing that could fail");
    }
    with_head(&svg, curve, frame, height)
}

/// Puts title and description where the drawing crate has none.
fn with_head(svg: &str, curve: &Curve, Frame { width, id, .. }: Frame<'_>, height: u32) -> String {
    let (_its_own_head, drawing) = svg.split_once('\n').unwrap_or_default();
    let description = markup(&curve.description());
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"wordhash-curve\" width=\"{width}\" \
         height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\" \
         aria-labelledby=\"{id}-title\" aria-describedby=\"{id}-description\">\n\
         <title id=\"{id}-title\">Time against chunk size</title>\n\
         <desc id=\"{id}-description\">{description}</desc>\n{drawing}"
    )
}

fn draw_plot(curve: &Curve, frame: Frame<'_>, area: &Area<'_>) -> Drawn {
    let (smallest, largest) = curve.sizes();
    let (fastest, slowest) = curve.times();
    let unit = TimeUnit::suiting([Duration::from_secs_f64(fastest)]);
    let sizes = LogScale::around(smallest, largest, 2.0);
    let times = LogScale::around(fastest, slowest, 1.5);
    let mut chart = ChartBuilder::on(area)
        .margin(8)
        .margin_right(18)
        .x_label_area_size(46)
        .y_label_area_size(54)
        .build_cartesian_2d(
            axis(sizes, (frame.width / 80) as usize),
            axis(times, (frame.plot_height / 40) as usize),
        )?;
    let text = || (FONT, FONT_SIZE).with_color(INK);
    chart
        .configure_mesh()
        .bold_line_style(FAINT)
        .light_line_style(TRANSPARENT)
        .axis_style(INK)
        .label_style(text())
        .axis_desc_style(text())
        .x_desc("words in a task (chunk size)")
        .y_desc(format!("time, {}", unit.symbol()))
        .x_label_formatter(&|size| size_label(*size))
        .y_label_formatter(&|time| significant(unit.of(Duration::from_secs_f64(*time))))
        .draw()?;
    if let Some(serial) = curve.serial {
        draw_serial(&mut chart, serial, sizes)?;
    }
    for (index, series) in curve.series.iter().enumerate() {
        draw_series(&mut chart, series, index)?;
    }
    let rings = |marked: &[(usize, usize)], width| {
        let points =
            marked.iter().map(|&(series, point)| place(&curve.series[series].points[point]));
        points.map(|at| Circle::new(at, 9, INK.stroke_width(width))).collect::<Vec<_>>()
    };
    chart.draw_series(rings(&curve.maybe_fastest, 1))?;
    chart.draw_series(rings(curve.recommended.as_slice(), 3))?;
    Ok(())
}

fn axis(scale: LogScale, most_ticks: usize) -> Axis {
    let (low, high) = scale.ends();
    (low..high).log_scale().with_key_points(scale.ticks(most_ticks.max(3)))
}

fn place(point: &Point) -> (f64, f64) {
    (point.chunksize.max(1) as f64, seconds(point.median))
}

fn seconds(time: Duration) -> f64 {
    time.as_secs_f64().max(1e-9)
}

fn draw_serial(chart: &mut Chart<'_, '_>, serial: Point, sizes: LogScale) -> Drawn {
    let (left, right) = sizes.ends();
    if let Some((low, high)) = serial.quartiles {
        let corners = [(left, seconds(low)), (right, seconds(high))];
        chart.draw_series([Rectangle::new(corners, SERIAL.mix(0.18).filled())])?;
    }
    let level = seconds(serial.median);
    chart.draw_series([PathElement::new(
        vec![(left, level), (right, level)],
        SERIAL.stroke_width(2),
    )])?;
    Ok(())
}

fn draw_series(chart: &mut Chart<'_, '_>, series: &Series, index: usize) -> Drawn {
    let colour = SERIES[index % SERIES.len()];
    if series.model.len() >= 2 {
        let model = series.model.iter();
        let points = model.map(|(size, time)| ((*size).max(1) as f64, seconds(*time)));
        chart.draw_series(DashedLineSeries::new(points, 7, 5, colour.into()))?;
    }
    let points: Vec<_> = series.points.iter().map(place).collect();
    chart.draw_series(LineSeries::new(points.clone(), colour.stroke_width(2)))?;
    // Bars at the points, no band between them: nothing was measured there.
    for point in &series.points {
        let Some((low, high)) = point.quartiles else { continue };
        let (size, _) = place(point);
        let ends = [(size, seconds(low)), (size, seconds(high))];
        chart.draw_series([PathElement::new(ends.to_vec(), colour.stroke_width(1))])?;
        let cap = || PathElement::new(vec![(-4, 0), (4, 0)], colour.stroke_width(1));
        chart.draw_series(ends.map(|end| EmptyElement::at(end) + cap()))?;
    }
    chart.draw_series(points.into_iter().map(|at| mark(at, index)))?;
    Ok(())
}

/// The mark of a series: not told by colour alone.
fn mark<'a, C: Clone + 'static>(at: C, index: usize) -> DynElement<'static, SVGBackend<'a>, C> {
    let colour = SERIES[index % SERIES.len()];
    match index % 4 {
        0 => Circle::new(at, 4, colour.filled()).into_dyn(),
        1 => TriangleMarker::new(at, 6, colour.filled()).into_dyn(),
        2 => Cross::new(at, 4, colour.stroke_width(2)).into_dyn(),
        _ => Circle::new(at, 4, colour.stroke_width(2)).into_dyn(),
    }
}

enum Sample {
    Line(usize),
    Model,
    Quartiles,
    Serial,
    Recommended,
    MaybeFastest,
    None,
}

struct Entry {
    sample: Sample,
    text: String,
}

fn entries(curve: &Curve) -> Vec<Entry> {
    let mut entries: Vec<_> = curve
        .series
        .iter()
        .enumerate()
        .map(|(index, series)| Entry { sample: Sample::Line(index), text: series.name.clone() })
        .collect();
    if let Some(serial) = curve.serial {
        let text = format!("serial, {}", figure::time(serial.median));
        entries.push(Entry { sample: Sample::Serial, text });
    }
    if let Some((series, point)) = curve.recommended {
        let point = curve.series[series].points[point];
        let text = format!("recommended: {}, {}", point.chunksize, figure::time(point.median));
        entries.push(Entry { sample: Sample::Recommended, text });
    }
    if !curve.maybe_fastest.is_empty() {
        entries.push(Entry { sample: Sample::MaybeFastest, text: "maybe as fast".to_owned() });
    }
    let mut points = curve.series.iter().flat_map(|series| &series.points);
    if points.any(|point| point.quartiles.is_some()) {
        let text = "middle half of the runs (quartiles)".to_owned();
        entries.push(Entry { sample: Sample::Quartiles, text });
    }
    if curve.series.iter().any(|series| series.model.len() >= 2) {
        entries.push(Entry { sample: Sample::Model, text: "cost model".to_owned() });
    }
    if curve.has_other_work {
        let text = "rows with other --rounds: in the table only".to_owned();
        entries.push(Entry { sample: Sample::None, text });
    }
    for (label, time) in &curve.unplaced {
        let text = format!("{label}: {}", figure::time(*time));
        entries.push(Entry { sample: Sample::None, text });
    }
    entries
}

fn draw_legend(entries: &[Entry], width: u32, columns: u32, area: &Area<'_>) -> Drawn {
    let style = TextStyle::from((FONT, FONT_SIZE).into_font())
        .color(&INK)
        .pos(Pos::new(HPos::Left, VPos::Center));
    let column_width = width / columns;
    let room = column_width.saturating_sub(SAMPLE_WIDTH) / CHARACTER_WIDTH;
    for (entry, index) in entries.iter().zip(0_u32..) {
        let left = i32::try_from(index % columns * column_width)? + 12;
        let middle = i32::try_from(index / columns * LEGEND_LINE + LEGEND_LINE / 2)?;
        draw_sample(&entry.sample, (left, middle), area)?;
        let text = shortened(&one_line(&entry.text), room as usize);
        area.draw(&Text::new(text, (left + 34, middle), style.clone()))?;
    }
    Ok(())
}

/// A text that would run out of the picture loses its end, and shows that it did.
fn shortened(text: &str, most_characters: usize) -> String {
    if text.chars().count() <= most_characters {
        return text.to_owned();
    }
    text.chars().take(most_characters.saturating_sub(1)).chain(['…']).collect()
}

fn draw_sample(sample: &Sample, (left, middle): (i32, i32), area: &Area<'_>) -> Drawn {
    let line =
        |style: ShapeStyle| PathElement::new(vec![(left, middle), (left + 26, middle)], style);
    let centre = (left + 13, middle);
    match sample {
        Sample::Line(index) => {
            area.draw(&line(SERIES[index % SERIES.len()].stroke_width(2)))?;
            area.draw(&mark(centre, *index))?;
        }
        Sample::Serial => area.draw(&line(SERIAL.stroke_width(2)))?,
        Sample::Recommended => area.draw(&Circle::new(centre, 8, INK.stroke_width(3)))?,
        Sample::MaybeFastest => area.draw(&Circle::new(centre, 8, INK.stroke_width(1)))?,
        Sample::Quartiles => {
            let (top, bottom) = (middle - 7, middle + 7);
            let style = SERIES[0].stroke_width(1);
            area.draw(&PathElement::new(vec![(centre.0, top), (centre.0, bottom)], style))?;
            for end in [top, bottom] {
                let cap = vec![(centre.0 - 4, end), (centre.0 + 4, end)];
                area.draw(&PathElement::new(cap, style))?;
            }
        }
        Sample::Model => {
            for at in [0, 10, 20] {
                let dash = vec![(left + at, middle), (left + at + 6, middle)];
                area.draw(&PathElement::new(dash, INK))?;
            }
        }
        Sample::None => {}
    }
    Ok(())
}
