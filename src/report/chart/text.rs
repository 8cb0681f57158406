//! The curve in characters, for a terminal.

use std::fmt::Write as _;
use std::time::Duration;

use super::scale::{LogScale, significant, size_label};
use super::{Curve, Series};
use crate::one_line::one_line;
use crate::report::figure::{self, TimeUnit};

/// The mark of each series; beyond these they repeat.
const MARKS: [char; 8] = ['o', 'x', '+', '#', '@', '%', '=', '&'];
const RECOMMENDED: char = '◆';
const BETWEEN: char = '·';
const SERIAL_LINE: char = '╌';
/// Rows of the plot, axes and legend left out.
const HEIGHT: usize = 12;
/// Columns left of the plot: a tick's figure, a space and the axis.
const MARGIN: usize = 8;

/// Draws the curve in at most `width` columns (but not in fewer than 40).
#[must_use]
pub fn render(curve: &Curve, width: usize) -> String {
    let plot = Plot::new(curve, width.max(40) - MARGIN);
    let mut text = plot.draw(curve);
    legend(&mut text, curve);
    text
}

struct Plot {
    columns: usize,
    unit: TimeUnit,
    sizes: LogScale,
    times: LogScale,
    cells: Vec<Vec<char>>,
}

impl Plot {
    fn new(curve: &Curve, columns: usize) -> Self {
        let (smallest, largest) = curve.sizes();
        let (fastest, slowest) = curve.times();
        Self {
            columns,
            unit: TimeUnit::suiting([Duration::from_secs_f64(fastest)]),
            sizes: LogScale::around(smallest, largest, 2.0),
            times: LogScale::around(fastest, slowest, 1.5),
            cells: vec![vec![' '; columns]; HEIGHT],
        }
    }

    fn draw(mut self, curve: &Curve) -> String {
        if let Some(serial) = curve.serial {
            let row = self.row(serial.median.as_secs_f64());
            self.cells[row].fill(SERIAL_LINE);
        }
        for series in &curve.series {
            self.connect(series);
        }
        for (index, series) in curve.series.iter().enumerate() {
            for point in &series.points {
                let (column, row) = self.place(point.chunksize, point.median);
                self.cells[row][column] = MARKS[index % MARKS.len()];
            }
        }
        if let Some((series, point)) = curve.recommended {
            let point = curve.series[series].points[point];
            let (column, row) = self.place(point.chunksize, point.median);
            self.cells[row][column] = RECOMMENDED;
        }
        self.with_axes()
    }

    fn connect(&mut self, series: &Series) {
        for pair in series.points.windows(2) {
            let (from, to) = (&pair[0], &pair[1]);
            let (first, row) = self.place(from.chunksize, from.median);
            let (last, other_row) = self.place(to.chunksize, to.median);
            for column in first + 1..last {
                let share = (column - first) as f64 / (last - first) as f64;
                let between = row as f64 + share * (other_row as f64 - row as f64);
                let cell = &mut self.cells[index(between, HEIGHT)][column];
                if *cell == ' ' || *cell == SERIAL_LINE {
                    *cell = BETWEEN;
                }
            }
        }
    }

    fn place(&self, chunksize: usize, time: Duration) -> (usize, usize) {
        (self.column(chunksize as f64), self.row(time.as_secs_f64()))
    }

    fn column(&self, size: f64) -> usize {
        index(self.sizes.position(size) * (self.columns - 1) as f64, self.columns)
    }

    fn row(&self, seconds: f64) -> usize {
        index((1.0 - self.times.position(seconds)) * (HEIGHT - 1) as f64, HEIGHT)
    }

    fn with_axes(self) -> String {
        let mut labels = vec![String::new(); HEIGHT];
        for tick in self.times.ticks(6) {
            let in_unit = self.unit.of(Duration::from_secs_f64(tick));
            labels[self.row(tick)] = significant(in_unit);
        }
        let mut text = format!("{:>6}\n", self.unit.symbol());
        for (label, cells) in labels.iter().zip(&self.cells) {
            let axis = if label.is_empty() { '│' } else { '┤' };
            let cells: String = cells.iter().collect();
            let _ = writeln!(text, "{label:>6} {axis}{}", cells.trim_end());
        }
        let mut axis = vec!['─'; self.columns];
        let mut labels = vec![' '; self.columns];
        let mut free_from = 0;
        for tick in self.sizes.ticks(self.columns / 9) {
            let (column, label) = (self.column(tick), size_label(tick));
            let start = column.saturating_sub(label.len() / 2);
            if start >= free_from && start + label.len() <= self.columns {
                axis[column] = '┬';
                labels.splice(start..start + label.len(), label.chars());
                free_from = start + label.len() + 1;
            }
        }
        let (axis, labels): (String, String) = (axis.iter().collect(), labels.iter().collect());
        let _ = writeln!(text, "{:>6} └{axis}\n{:>8}{}", "", "", labels.trim_end());
        let _ = writeln!(text, "{:>8}words in a task", "");
        text
    }
}

/// The nearest index below `length`.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to the indices of a drawing"
)]
fn index(position: f64, length: usize) -> usize {
    position.round().clamp(0.0, (length - 1) as f64) as usize
}

fn legend(text: &mut String, curve: &Curve) {
    text.push('\n');
    for (index, series) in curve.series.iter().enumerate() {
        let _ =
            writeln!(text, "{:>8}{} {}", "", MARKS[index % MARKS.len()], one_line(&series.name));
    }
    if let Some(serial) = curve.serial {
        let _ = writeln!(text, "{:>8}{SERIAL_LINE} serial, {}", "", figure::time(serial.median));
    }
    if let Some((series, point)) = curve.recommended {
        let point = curve.series[series].points[point];
        let time = figure::time(point.median);
        let _ = writeln!(text, "{:>8}{RECOMMENDED} recommended: {}, {time}", "", point.chunksize);
    }
    if curve.has_other_work {
        let _ = writeln!(text, "{:>8}  rows with other --rounds: in the table only", "");
    }
    for (label, time) in &curve.unplaced {
        let _ = writeln!(text, "{:>8}  {}: {}", "", one_line(label), figure::time(*time));
    }
}
