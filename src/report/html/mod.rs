//! The HTML report: one file that needs nothing else, no network, no fonts, no script to be read.
//!
//! The script only makes the table sortable; without it the headings are plain text. Everything
//! from outside is escaped, and a content security policy in the page keeps it from loading
//! anything even so.

mod table;

use std::fmt::Write as _;

use super::chart::{Curve, svg};
use super::escape::{command_line, markup};
use super::label::spoken;
use super::timeline::{self, Timeline};
use super::{Report, answer, caption, environment, figure};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// A picture cannot both shrink to a phone and keep its text readable, so there are two.
const WIDE: svg::Frame<'_> = svg::Frame { width: 860, plot_height: 420, id: "curve-wide" };
const NARROW: svg::Frame<'_> = svg::Frame { width: 330, plot_height: 300, id: "curve-narrow" };

/// The whole document.
#[must_use]
pub fn render(report: &Report<'_>) -> String {
    let mut page = head(report);
    opening(&mut page, report);
    curve(&mut page, report);
    table::section(&mut page, report);
    timelines(&mut page, report);
    machine(&mut page, report);
    let command = markup(&command_line(&report.run.command));
    let _ = write!(
        page,
        "<section aria-labelledby=\"again\">\n<h2 id=\"again\">Run it again</h2>\n\
         <pre role=\"group\" aria-labelledby=\"again\" tabindex=\"0\">\
         <code>{command}</code></pre>\n</section>\n"
    );
    let version = markup(&report.run.wordhash);
    let _ = write!(
        page,
        "</main>\n<footer>Written by wordhash {version}. Times are from before the workers are \
         started until the set of hashes is complete; loading is left out.</footer>\n\
         <script>\n{SCRIPT}</script>\n</body>\n</html>\n"
    );
    page
}

fn head(report: &Report<'_>) -> String {
    let run = report.run;
    let title = if caption::has_list(run) { &run.input.path } else { "programs" };
    let title = markup(title);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
         style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">\n\
         <link rel=\"icon\" href=\"data:,\">\n\
         <title>wordhash: {title}</title>\n<style>\n{STYLE}{}{}</style>\n</head>\n<body>\n<main>\n",
        svg::STYLE,
        timeline::STYLE
    )
}

fn opening(page: &mut String, report: &Report<'_>) {
    let run = report.run;
    let path = markup(&run.input.path);
    let words = figure::count(run.input.words as u64);
    let heading = if caption::has_list(run) {
        format!("{words} words from <code>{path}</code>")
    } else {
        "Times of programs".to_owned()
    };
    let _ = write!(page, "<header>\n<h1>{heading}</h1>\n");
    for found in &run.answers {
        let sentences = prose(&answer::sentences(found, run).join(" "));
        let _ = writeln!(page, "<p class=\"answer\">{sentences}</p>");
    }
    if let Some(sentence) = caption::programs(run) {
        let _ = writeln!(page, "<p>{}</p>", prose(&sentence));
    }
    if let Some(sentence) = answer::how_sure(run) {
        let _ = writeln!(page, "<p>{}</p>", prose(&sentence));
    }
    let _ = writeln!(page, "<p>{}.</p>", markup(&environment::sentence(run)));
    if !run.warnings.is_empty() {
        page.push_str("<ul class=\"warnings\" aria-label=\"Warnings\">\n");
        for warning in &run.warnings {
            let _ = writeln!(page, "<li>{}</li>", prose(warning));
        }
        page.push_str("</ul>\n");
    }
    page.push_str("</header>\n");
}

fn curve(page: &mut String, report: &Report<'_>) {
    let Some(mut curve) = Curve::new(report) else { return };
    // The table has the rows that have no place on the axis. A list of them below the curve may be
    // longer than a page, and its lines wider than a phone.
    let all_are_placed = std::mem::take(&mut curve.unplaced).is_empty();
    page.push_str(
        "<section aria-labelledby=\"curve\">\n\
         <h2 id=\"curve\">Time against chunk size</h2>\n<figure>\n",
    );
    let _ = write!(
        page,
        "<div class=\"wide\">{}</div>\n<div class=\"narrow\">{}</div>\n",
        svg::unstyled(&curve, WIDE),
        svg::unstyled(&curve, NARROW)
    );
    page.push_str("<figcaption>Both axes are logarithmic; lower is faster.");
    if !all_are_placed {
        page.push_str(
            " Schedules (guided, factoring, trapezoid) have no single chunk size and appear only \
             in the table.",
        );
    }
    if curve.has_other_work {
        page.push_str(" Rows with other --rounds appear only in the table.");
    }
    if let Some(note) = report.model_note {
        let _ = write!(page, " {}", markup(note));
    }
    page.push_str("</figcaption>\n</figure>\n</section>\n");
}

/// A sentence, in which the names of options do not break behind their hyphens.
fn prose(text: &str) -> String {
    let word = |word: &str| match word.strip_prefix("--") {
        Some(_) => format!("<span class=\"option\">{}</span>", markup(word)),
        None => markup(word),
    };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

fn timelines(page: &mut String, report: &Report<'_>) {
    let timelines: &[Timeline] = report.timelines;
    if timelines.is_empty() {
        return;
    }
    page.push_str(
        "<section aria-labelledby=\"timelines\">\n<h2 id=\"timelines\">What the workers did</h2>\n\
         <p>One lane a worker, one bar a task; what is not filled is idle time. Timelines come from \
         one extra run of each row; recording does not affect the timed runs.</p>\n",
    );
    if report.run.results.iter().any(|row| row.setting.is_program()) {
        page.push_str(
            "<p>Programs have no timelines: what happens inside them is not known.</p>\n",
        );
    }
    for (index, line) in timelines.iter().enumerate() {
        let _ = write!(page, "<figure>\n<figcaption><h3>{}</h3>", markup(&spoken(&line.label)));
        if timeline::has_merged_bars(line) {
            page.push_str(
                "<p>Pale bars group many short tasks; their height is the share of time spent \
                 working.</p>",
            );
        }
        let picture = timeline::unstyled(line, &format!("timeline-{index}"));
        let _ = write!(page, "</figcaption>\n{picture}</figure>\n");
    }
    page.push_str("</section>\n");
}

fn machine(page: &mut String, report: &Report<'_>) {
    page.push_str(
        "<section aria-labelledby=\"machine\">\n<h2 id=\"machine\">Machine and input</h2>\n<dl>\n",
    );
    for (name, value) in environment::facts(report.run) {
        let _ = writeln!(page, "<div><dt>{name}</dt><dd>{}</dd></div>", markup(&value));
    }
    page.push_str("</dl>\n</section>\n");
}
