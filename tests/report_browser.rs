//! The HTML report in a real browser: Debian's chromium, without a window and without a network.
//!
//! The page is looked at from outside, through frames of a test page: 360, 1000 and 1200 pixels wide,
//! with scripts and without.

#![expect(clippy::unwrap_used, reason = "the helpers of a test fail as the test does")]

mod judges;
mod measurements;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use judges::CHROMIUM;
use measurements::full_page;

const FLAGS: [&str; 10] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-logging=stderr",
    "--hide-scrollbars",
];

/// What a page becomes in a browser with a profile of its own, and the browser's log.
fn browse(mut chromium: Command, page: &Path, more: &[&str]) -> (String, String) {
    let profile = tempfile::tempdir().unwrap();
    chromium.args(FLAGS).args(more).arg(format!("--user-data-dir={}", profile.path().display()));
    chromium.arg(format!("file://{}", page.display()));
    let Output { status, stdout, stderr } = chromium.output().unwrap();
    let (page, log) = (String::from_utf8(stdout).unwrap(), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{log}");
    (page, log.into_owned())
}

/// Writes a page where it can be looked at after the test.
fn written(name: &str, page: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, page).unwrap();
    path
}

/// Lines in which the page, and not the browser about itself, complains.
fn complaints(log: &str) -> Vec<&str> {
    log.lines().filter(|line| line.contains("CONSOLE")).collect()
}

#[test]
fn the_page_has_no_console_error_and_can_be_sorted_with_scripts() {
    let Some(chromium) = CHROMIUM.command() else { return };
    let page = written("browser.html", &full_page());
    let (dom, log) = browse(chromium, &page, &["--dump-dom"]);
    assert_eq!(complaints(&log), [""; 0]);
    assert!(dom.contains("<button type=\"button\">chunksize</button>"), "{dom}");
}

#[test]
fn without_scripts_the_page_has_nothing_to_complain_about_but_that() {
    let Some(chromium) = CHROMIUM.command() else { return };
    // Chromium's own means to take a page's picture or text need scripts, so the page stands in
    // a frame that may not run any.
    let report = full_page().replace('&', "&amp;").replace('"', "&quot;");
    let page =
        format!("<!doctype html><iframe sandbox width=\"1200\" srcdoc=\"{report}\"></iframe>");
    let (_, log) = browse(chromium, &written("browser_plain.html", &page), &["--dump-dom"]);
    let complaints = complaints(&log);
    assert!(complaints.len() == 1 && complaints[0].contains("Blocked script execution"), "{log}");
}

#[test]
fn a_console_error_would_be_noticed() {
    let Some(chromium) = CHROMIUM.command() else { return };
    let page = full_page().replace("</main>", "</main><script>nothing.here()</script>");
    let (_, log) = browse(chromium, &written("browser_error.html", &page), &["--dump-dom"]);
    assert_eq!(complaints(&log).len(), 1, "{log}");
}

/// Looks at the report in frames and writes down, one line each, what is wrong with it.
const INSPECTION: &str = r#"
const report = document.getElementById("report").content.textContent;
const problems = [];
const check = (holds, problem) => { if (!holds) problems.push(problem); };

const frame = (width, sandbox) => new Promise(resolve => {
  const frame = document.createElement("iframe");
  frame.style.cssText = `width: ${width}px; height: 900px; border: 0`;
  if (sandbox) frame.sandbox = "allow-same-origin";
  frame.onload = () => resolve(frame.contentDocument);
  frame.srcdoc = report;
  document.body.append(frame);
});

const fits = (page, width, name) => {
  const root = page.documentElement;
  check(root.clientWidth === width, `${name}: ${root.clientWidth} px wide instead of ${width}`);
  check(root.scrollWidth <= width, `${name}: overflows to ${root.scrollWidth} px`);
  for (const element of page.querySelectorAll("main *, footer")) {
    // These scroll by themselves.
    if (element.closest(".scroll, pre > *")) continue;
    const right = element.getBoundingClientRect().right;
    check(right <= width + 0.5, `${name}: <${element.tagName}> reaches to ${right} px`);
  }
  check(page.querySelector("pre code").getClientRects().length === 1, `${name}: the command is broken`);
  check(page.querySelector(".option").getClientRects().length === 1, `${name}: an option is broken`);
  const shown = [...page.querySelectorAll("svg.wordhash-curve")].filter(svg => svg.checkVisibility());
  check(shown.length === 1, `${name}: ${shown.length} curves are shown`);
};

const columnOf = (page, heading) =>
  [...page.querySelectorAll("thead th")].findIndex(cell => cell.textContent === heading);

// What a person sees in a cell: the mark is no part of the label.
const shown = cell =>
  [...cell.childNodes].filter(node => !node.classList?.contains("mark")).map(node => node.textContent).join("");

// The place of what is shown, found without what the page says of it.
const place = (heading, text) => {
  const verdicts = ["faster", "same", "unclear", "slower"];
  if (heading === "verdict") return verdicts.indexOf(text);
  if (text === "reference") return 1;
  if (text === "recommended") return 0;
  const number = /^[+\u2212]?[0-9.]+/.exec(text.trim());
  return number ? Number(number[0].replace("\u2212", "-")) : text;
};

const sorts = page => {
  const headings = [...page.querySelectorAll("thead th")];
  for (const name of ["tasks", "median ms", "verdict", "backend", "speed-up", "vs best", "disturbed runs"])
    check(columnOf(page, name) >= 0, `there is no column ${name}`);
  headings.forEach((head, column) => {
    const heading = head.textContent;
    const button = head.querySelector("button");
    const before = page.querySelectorAll("tbody tr").length;
    for (const direction of ["ascending", "descending"]) {
      button.focus();
      check(page.activeElement === button, `${heading} cannot have the focus`);
      button.click();
      const sorted = [...page.querySelectorAll("thead th[aria-sort]")];
      check(sorted.length === 1 && sorted[0].ariaSort === direction, `${heading}: not ${direction}`);
      const cells = [...page.querySelectorAll("tbody tr")].map(row => row.cells[column]);
      check(cells.length === before, `${heading}: rows were lost`);
      const texts = cells.map(shown);
      const firstEmpty = texts.indexOf("");
      check(firstEmpty < 0 || texts.slice(firstEmpty).every(text => text === ""),
        `${heading}, ${direction}: an empty field is not at the end`);
      const places = texts.filter(text => text !== "").map(text => place(heading, text));
      const sign = direction === "ascending" ? 1 : -1;
      for (let i = 1; i < places.length; i++) {
        const [a, b] = [places[i - 1], places[i]];
        const ordered = typeof a === "number" && typeof b === "number" ? (b - a) * sign >= 0
          : typeof a === typeof b ? a.localeCompare(b) * sign <= 0
          : (typeof a === "number") === (sign === 1);
        check(ordered, `${heading}, ${direction}: ${texts[i - 1]} before ${texts[i]}`);
      }
    }
  });
};

const canBeUnderstood = page => {
  for (const svg of page.querySelectorAll("svg[role=img]")) {
    for (const by of ["aria-labelledby", "aria-describedby"]) {
      const text = page.getElementById(svg.getAttribute(by))?.textContent ?? "";
      check(text.length > 5, `an SVG has no ${by}`);
    }
  }
  check(page.querySelector("caption").textContent.length > 10, "the table has no caption");
  const heads = [...page.querySelectorAll("th")];
  check(heads.every(cell => cell.scope === "col" || cell.scope === "row"), "a th has no scope");
  check(page.querySelector("h1 code").textContent.includes("<script>"), "the path is not as given");
  check(page.scripts.length === 1, `${page.scripts.length} scripts`);
};

(async () => {
  for (const width of [360, 1000, 1200]) {
    const plain = await frame(width, true);
    fits(plain, width, `${width} px without scripts`);
    check(plain.querySelectorAll("button").length === 0, "a script ran in a frame without scripts");
    check(plain.querySelectorAll("tbody tr").length === 22, "rows are missing without scripts");
    const page = await frame(width, false);
    fits(page, width, `${width} px with scripts`);
    canBeUnderstood(page);
    sorts(page);
    fits(page, width, `${width} px after sorting`);
  }
  for (const width of [1000, 1200]) {
    const wide = (await frame(width, false)).querySelector(".scroll");
    check(wide.scrollWidth <= wide.clientWidth,
      `the table takes ${wide.scrollWidth} of ${wide.clientWidth} px at ${width}`);
  }
})().catch(error => problems.push(String(error))).finally(() => {
  document.body.innerHTML = "<pre>inspected\n</pre>";
  document.querySelector("pre").textContent += problems.join("\n");
});
"#;

#[test]
fn nothing_overflows_on_a_phone_and_every_heading_sorts() {
    let Some(chromium) = CHROMIUM.command() else { return };
    let report = full_page().replace('&', "&amp;").replace('<', "&lt;");
    let page = format!(
        "<!doctype html><meta charset=\"utf-8\"><template id=\"report\">{report}</template>\
         <body><script>{INSPECTION}</script></body>"
    );
    let page = written("browser_inspection.html", &page);
    let (dom, log) = browse(chromium, &page, &["--dump-dom", "--virtual-time-budget=20000"]);
    let (_, found) = dom.split_once("inspected\n").unwrap_or_else(|| panic!("no answer: {log}"));
    let (problems, _) = found.split_once("</pre>").unwrap();
    assert_eq!(problems.trim(), "", "{}", page.display());
}
