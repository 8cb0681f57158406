//! The timeline: one lane a worker, one bar a task, so that idle time can be seen. Tasks that were
//! taken or answered in one go are known together only, and are one bar.
//!
//! The picture is one SVG that stretches to the width it is given while its text keeps its size.
//! It is written by hand: the bars of a lane are one path of relative steps, a tenth of the size
//! of an element each, and the plotting crate that draws the curve has fixed pixels only.
//!
//! A run may have many thousands of tasks. Bars are put together where they or the gaps between
//! them are too narrow to be seen; such a bar is paler, and as high as its time was full of tasks.
//! The busy share of a lane is computed from all of them.

use std::fmt::Write as _;
use std::time::Duration;

use super::chart::scale::{evenly, significant};
use super::escape::markup;
use super::figure::{self, TimeUnit};
use super::label::spoken;

/// One run of one configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeline {
    /// The label of the row.
    pub label: String,
    /// How long the run took; every other time counts from its begin.
    pub total: Duration,
    /// The parts of the run, such as `start`, `map` and `set`.
    pub phases: Vec<Phase>,
    /// One a worker, in the order to be shown.
    pub lanes: Vec<Lane>,
}

/// A named part of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phase {
    /// What it is called.
    pub name: String,
    /// When it begins.
    pub begin: Duration,
    /// When it ends.
    pub end: Duration,
}

/// What one worker did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lane {
    /// The process id of the worker; `None` for a thread of the program itself.
    pub pid: Option<u32>,
    /// What it is called where it has a name of its own, such as `rank 3 on node7`.
    pub given_name: Option<String>,
    /// Its work in order of time.
    pub bars: Vec<Bar>,
}

/// One task, or several that were done in one go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    /// The number of the first task, from 0.
    pub first_task: usize,
    /// How many tasks of consecutive numbers it stands for; at least one.
    pub tasks: usize,
    /// When the worker began with the first.
    pub begin: Duration,
    /// When the last was done.
    pub end: Duration,
    /// How many words they had together.
    pub words: usize,
}

impl Block {
    fn width(&self) -> f64 {
        self.end - self.begin
    }

    fn takes(&self, next: &Self) -> bool {
        let narrow = self.tasks > 1 || self.width() < NARROW_STEPS || next.width() < NARROW_STEPS;
        narrow && next.begin - self.end < 1.0 && next.end - self.begin <= MERGED_STEPS
    }

    /// The share of the time spent on tasks; 1 where there is no time to speak of.
    fn busy_share(&self) -> f64 {
        if self.width() > 0.0 { (self.busy / self.width()).clamp(0.0, 1.0) } else { 1.0 }
    }
}

impl Lane {
    /// Its own name, else `pid 4711`, or `thread 1` for the lane of index 0 that is no process.
    #[must_use]
    pub fn name(&self, index: usize) -> String {
        match (&self.given_name, self.pid) {
            (Some(name), _) => name.clone(),
            (None, Some(pid)) => format!("pid {pid}"),
            (None, None) => format!("thread {}", index + 1),
        }
    }

    fn busy(&self) -> Duration {
        self.bars.iter().map(|bar| bar.end.saturating_sub(bar.begin)).sum()
    }

    fn tasks(&self) -> usize {
        self.bars.iter().map(|bar| bar.tasks).sum()
    }
}

/// The picture is this many steps wide, whatever its size: finer than it will be shown.
const STEPS: f64 = 1200.0;
/// A bar this narrow is put together with a neighbour that it touches.
const NARROW_STEPS: f64 = 4.0;
/// With more lanes than this there is no room for a line of text at each.
const MOST_LABELLED_LANES: usize = 16;

/// A bar put together of others is no wider than this, so that the next one can look different.
const MERGED_STEPS: f64 = 8.0;

/// A run of tasks that is drawn as one bar, in steps.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Block {
    begin: f64,
    end: f64,
    /// How much of it was spent on tasks.
    busy: f64,
    tasks: usize,
}

/// The style sheet of the pictures.
pub(crate) const STYLE: &str = include_str!("timeline.css");

/// The picture, as wide as its surroundings. `id` is what the ids in it begin with.
#[must_use]
pub fn svg(timeline: &Timeline, id: &str) -> String {
    let style = format!("</desc>\n<style>\n{STYLE}</style>\n");
    unstyled(timeline, id).replacen("</desc>\n", &style, 1)
}

/// The picture for a page that has the style sheet already.
pub(crate) fn unstyled(timeline: &Timeline, id: &str) -> String {
    let labelled = timeline.lanes.len() <= MOST_LABELLED_LANES;
    let lane_height = if labelled { 34 } else { 9 };
    let top = if timeline.phases.is_empty() { 4 } else { 24 };
    let bottom = top + lane_height * timeline.lanes.len();
    let title = markup(&format!("Timeline: {}", spoken(&timeline.label)));
    let height = bottom + 24;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"wordhash-timeline\" width=\"100%\" \
         height=\"{height}\" role=\"img\" aria-labelledby=\"{id}-title\" aria-describedby=\"{id}-description\">\n\
         <title id=\"{id}-title\">{title}</title>\n\
         <desc id=\"{id}-description\">{}</desc>\n",
        markup(&description(timeline))
    );
    time_axis(&mut svg, timeline.total, top, bottom);
    phases(&mut svg, timeline);
    for (index, lane) in timeline.lanes.iter().enumerate() {
        draw_lane(&mut svg, timeline, index, lane, top + index * lane_height, labelled);
    }
    svg.push_str("</svg>\n");
    svg
}

/// The timeline in sentences: for those who do not see it.
#[must_use]
pub fn description(timeline: &Timeline) -> String {
    let lanes = timeline.lanes.iter().enumerate().map(|(index, lane)| {
        format!(
            "{}: {}, {} words, busy {} of the time",
            lane.name(index),
            tasks(lane),
            figure::count(lane.bars.iter().map(|bar| bar.words as u64).sum()),
            percent(lane.busy(), timeline.total)
        )
    });
    let lanes: Vec<_> = lanes.collect();
    format!("{} in all. {}.", figure::time(timeline.total), lanes.join("; "))
}

/// Whether some bars of the picture stand for more than one task.
#[must_use]
pub fn has_merged_bars(timeline: &Timeline) -> bool {
    let mut blocks = timeline.lanes.iter().flat_map(|lane| merge(lane, timeline.total));
    blocks.any(|block| block.tasks > 1)
}

fn tasks(lane: &Lane) -> String {
    match lane.tasks() {
        1 => "1 task".to_owned(),
        tasks => format!("{tasks} tasks"),
    }
}

fn percent(part: Duration, whole: Duration) -> String {
    if whole.is_zero() {
        return "0%".to_owned();
    }
    format!("{:.0}%", part.as_secs_f64() / whole.as_secs_f64() * 100.0)
}

fn share(time: Duration, total: Duration) -> f64 {
    if total.is_zero() { 0.0 } else { (time.as_secs_f64() / total.as_secs_f64()).clamp(0.0, 1.0) }
}

/// Bars in steps; neighbours with no visible gap are one block where either is narrow.
fn merge(lane: &Lane, total: Duration) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    for bar in &lane.bars {
        let begin = share(bar.begin, total) * STEPS;
        let end = (share(bar.end, total) * STEPS).max(begin);
        let block = Block { begin, end, busy: end - begin, tasks: bar.tasks };
        match blocks.last_mut() {
            Some(last) if last.takes(&block) => {
                last.end = last.end.max(end);
                last.busy += block.busy;
                last.tasks += bar.tasks;
            }
            _ => blocks.push(block),
        }
    }
    // A merged bar ends with a task; the pause behind it is its own, or it would look too full.
    for index in 1..blocks.len() {
        let next = blocks[index].begin;
        let block = &mut blocks[index - 1];
        if block.tasks > 1 && next - block.end < 1.0 {
            block.end = block.end.max(next);
        }
    }
    blocks
}

fn time_axis(svg: &mut String, total: Duration, top: usize, bottom: usize) {
    let unit = TimeUnit::suiting([total]);
    let whole = unit.of(total);
    for tick in evenly(0.0, whole, 5) {
        let at = if whole > 0.0 { tick / whole * 100.0 } else { 0.0 };
        let anchor = match at {
            at if at < 4.0 => "start",
            at if at > 90.0 => "end",
            _ => "middle",
        };
        let symbol = if tick > 0.0 { unit.symbol() } else { "" };
        let _ = writeln!(
            svg,
            "<line class=\"tick\" x1=\"{at:.2}%\" x2=\"{at:.2}%\" y1=\"{top}\" y2=\"{bottom}\"/>\
             <text x=\"{at:.2}%\" y=\"{}\" text-anchor=\"{anchor}\">{} {symbol}</text>",
            bottom + 17,
            significant(tick),
        );
    }
}

/// A band for each part along the top; its name where it has room.
fn phases(svg: &mut String, timeline: &Timeline) {
    for (index, phase) in timeline.phases.iter().enumerate() {
        let begin = share(phase.begin, timeline.total) * 100.0;
        let width = share(phase.end, timeline.total) * 100.0 - begin;
        let name = markup(&phase.name);
        let time = figure::time(phase.end.saturating_sub(phase.begin));
        let shade = if index % 2 == 0 { "even" } else { "odd" };
        let _ = write!(
            svg,
            "<g><title>{name}: {time}</title><rect class=\"phase {shade}\" x=\"{begin:.2}%\" y=\"0\" \
             width=\"{:.2}%\" height=\"18\"/>",
            width.max(0.0)
        );
        // On a phone a letter takes up to 2.4 % of the width.
        if width >= (2.4 * phase.name.chars().count() as f64).max(14.0) {
            let middle = begin + width / 2.0;
            let _ = write!(
                svg,
                "<text x=\"{middle:.2}%\" y=\"13\" text-anchor=\"middle\">{name}</text>"
            );
        }
        svg.push_str("</g>\n");
    }
}

fn draw_lane(
    svg: &mut String,
    timeline: &Timeline,
    index: usize,
    lane: &Lane,
    top: usize,
    labelled: bool,
) {
    let name = lane.name(index);
    let name = markup(&name);
    let busy = percent(lane.busy(), timeline.total);
    let tasks = tasks(lane);
    let _ = write!(svg, "<g><title>{name}: {tasks}, {busy} busy</title>");
    let (bar_top, bar_height) = if labelled { (top + 15, 14) } else { (top + 1, 7) };
    if labelled {
        let baseline = top + 11;
        let _ = write!(
            svg,
            "<text x=\"0\" y=\"{baseline}\">{name}</text>\
             <text x=\"100%\" y=\"{baseline}\" text-anchor=\"end\">{tasks}, {busy} busy</text>"
        );
    }
    let _ = write!(
        svg,
        "<rect class=\"idle\" x=\"0\" y=\"{bar_top}\" width=\"100%\" height=\"{bar_height}\"/>\
         <svg x=\"0\" y=\"{bar_top}\" width=\"100%\" height=\"{bar_height}\" \
         viewBox=\"0 0 {STEPS} 1\" preserveAspectRatio=\"none\">"
    );
    let blocks = merge(lane, timeline.total);
    path(svg, "one", &bars(blocks.iter().filter(|block| block.tasks == 1)));
    path(svg, "many", &skyline(blocks.iter().filter(|block| block.tasks > 1)));
    svg.push_str("</svg></g>\n");
}

fn path(svg: &mut String, class: &str, steps: &str) {
    if !steps.is_empty() {
        let _ = write!(svg, "<path class=\"{class}\" d=\"{steps}\"/>");
    }
}

/// Single tasks: a bar keeps a hair of distance to the next one.
fn bars<'a>(blocks: impl Iterator<Item = &'a Block>) -> String {
    let mut steps = String::new();
    for block in blocks {
        let width = block.width();
        let width = if width > NARROW_STEPS { width - 1.0 } else { width.max(0.5) };
        let _ = write!(steps, "M{:.1} 0h{width:.1}v1h-{width:.1}z", block.begin);
    }
    steps
}

/// Many tasks: one outline over neighbours, as high as the time was full of tasks.
fn skyline<'a>(blocks: impl Iterator<Item = &'a Block>) -> String {
    let mut steps = String::new();
    let mut end_of_last = f64::NEG_INFINITY;
    for block in blocks {
        if block.begin - end_of_last >= 1.0 {
            if !steps.is_empty() {
                steps.push_str("V1z");
            }
            let _ = write!(steps, "M{:.1} 1", block.begin);
        }
        let top = 1.0 - block.busy_share();
        let _ = write!(steps, "V{top:.2}H{:.1}", block.end);
        end_of_last = block.end;
    }
    if !steps.is_empty() {
        steps.push_str("V1z");
    }
    steps
}
