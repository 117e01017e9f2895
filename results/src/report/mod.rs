//! Reports: summaries as text, and samples as files. Nothing here prints or computes a figure: what
//! is short is returned, and what may be long goes to a writer.

mod bfcl;
mod csv;
mod html;
mod jsonl;
mod junit;
mod latex;
mod leaderboard;
mod markdown;
mod means;
#[cfg(feature = "parquet")]
mod parquet;
pub(crate) mod sample_row;
mod table;
mod text_policy;

pub use bfcl::{BfclScore, bfcl_scores, bfcl_tables};
pub use html::{PageLimits, html};
pub use jsonl::jsonl;
pub use junit::junit;
pub use leaderboard::{Cell, Entry, Leaderboard, LeaderboardFormat, ModelRow, TaskColumn};
pub use means::{AverageFigure, Averages, averages};
#[cfg(feature = "parquet")]
pub use parquet::parquet;
pub use text_policy::{ReportedRun, TextPolicy, WITHHELD};

use serde::Serialize;
use tasks::choice::Letter;

use crate::Summary;
use crate::metric::Estimate;

/// The layouts of `--format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A table for a terminal.
    Table,
    /// JSON for machines.
    Json,
    /// A Markdown table.
    Markdown,
    /// Comma-separated values, one line per run and metric.
    Csv,
    /// A LaTeX table.
    Latex,
}

/// Renders the summaries of one or more runs.
pub fn render(summaries: &[Summary], format: Format) -> String {
    match format {
        Format::Table => table::render(summaries),
        Format::Json => json(summaries),
        Format::Markdown => markdown::render(summaries),
        Format::Csv => csv::render(summaries),
        Format::Latex => latex::render(summaries),
    }
}

/// One object for one run, an array for several. The means of models over tasks, and over the categories
/// of BFCL, follow their runs in the array, told apart by `schema`.
fn json(summaries: &[Summary]) -> String {
    #[derive(Serialize)]
    #[serde(untagged)]
    enum Element<'a> {
        Run(&'a Summary),
        Averages(Averages),
        Bfcl(BfclScore),
    }
    let averages = averages(summaries).into_iter().map(Element::Averages);
    let averages = averages.chain(bfcl_scores(summaries).into_iter().map(Element::Bfcl));
    let text = match summaries {
        [one] => serde_json::to_string_pretty(one),
        many => {
            let all: Vec<_> = many.iter().map(Element::Run).chain(averages).collect();
            serde_json::to_string_pretty(&all)
        }
    };
    text.expect("a summary is plain data") + "\n"
}

/// A row of a report: its label and one cell per run.
struct Line {
    label: String,
    cells: Vec<String>,
}

/// What every report shows of a run, in order.
fn lines(summaries: &[Summary]) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut add = |label: &str, cell: &dyn Fn(&Summary) -> String| {
        lines.push(Line { label: label.to_owned(), cells: summaries.iter().map(cell).collect() });
    };
    add("task", &|s| format!("{} v{} ({})", s.task, s.task_version, s.split));
    add("model", &|s| s.model.clone());
    add("items × samples", &|s| format!("{} × {}", s.n_items, s.n_samples));
    if summaries.iter().any(|s| s.partial_source.is_some()) {
        add("data", &|s| s.partial_source.clone().unwrap_or_else(|| "full".to_owned()));
    }
    if summaries.iter().any(|s| !s.complete) {
        add("progress", &progress);
    }
    let mut names: Vec<&str> = Vec::new();
    for figure in summaries.iter().flat_map(|s| &s.metrics) {
        if figure.is_headline() && !names.contains(&figure.name.as_str()) {
            names.push(&figure.name);
        }
    }
    for name in names {
        add(name, &|s| figure(s, name));
    }
    for letter in Letter::ALL {
        if summaries.iter().any(|s| !s.letters.is_empty()) {
            add(&format!("letter {letter}"), &|s| letters(s, letter));
        }
    }
    for (label, cells) in crate::rating::lines(summaries) {
        lines.push(Line { label, cells });
    }
    let mut add = |label: &str, cell: &dyn Fn(&Summary) -> String| {
        lines.push(Line { label: label.to_owned(), cells: summaries.iter().map(cell).collect() });
    };
    let is_without_figures = |s: &Summary| s.metrics.is_empty() && s.counts.answered == 0;
    if summaries.iter().all(is_without_figures) {
        add("score", &|_| "none: no sample was graded".to_owned());
    }
    add("unparsed", &|s| share(s.counts.unparsed, s.counts.n_graded()));
    add("truncated", &|s| share(s.counts.truncated, s.counts.n_graded()));
    add("failed", &|s| share(s.counts.failed, s.counts.n_graded() + s.counts.failed));
    if summaries.iter().any(|s| s.disagreements.is_some()) {
        add("judges", &judges);
    }
    if summaries.iter().any(|s| s.avg_length.is_some()) {
        add("average length", &average_length);
    }
    add("tokens", &tokens);
    if summaries.iter().any(is_remote) {
        add("latency", &latency);
        add("requests", &requests);
    }
    if summaries.iter().any(|s| cost(s).is_some()) {
        add("cost", &|s| cost(s).map_or_else(|| "–".to_owned(), |cost| format!("{cost:.4}")));
    }
    add("wall time", &|s| duration(s.wall_s));
    lines
}

fn progress(summary: &Summary) -> String {
    let counts = summary.counts;
    match counts.n_graded() {
        n if n == counts.planned && summary.complete => "complete".to_owned(),
        n if n == counts.planned => "INCOMPLETE: judgments are missing".to_owned(),
        n => format!("INCOMPLETE: {n} of {} samples graded", counts.planned),
    }
}

fn figure(summary: &Summary, name: &str) -> String {
    let Some(figure) = summary.metrics.iter().find(|figure| figure.name == name) else {
        return "–".to_owned();
    };
    estimate_text(&figure.estimate)
}

/// An estimate with its interval and its n.
pub(crate) fn estimate_text(estimate: &Estimate) -> String {
    format!("{}, n = {})", interval(estimate), count(estimate.n_items, "item"))
}

/// A number of things with its noun, whose plural ends in s.
pub fn count(n: usize, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}

/// An estimate with its interval; the parenthesis stays open.
fn interval(estimate: &Estimate) -> String {
    let percent = |share: f64| format!("{:.1}", share * 100.0);
    let (low, high) = (percent(estimate.ci95.low), percent(estimate.ci95.high));
    format!("{} % (95 % CI {low}–{high}", percent(estimate.value))
}

/// How often a letter was chosen beside how often it was gold, and how often it was right then.
fn letters(summary: &Summary, letter: Letter) -> String {
    let Some(share) = summary.letters.iter().find(|share| share.letter == letter) else {
        return "–".to_owned();
    };
    let (chosen, gold) = (interval(&share.chosen), share.gold * 100.0);
    let bias = if share.is_biased() { ": biased" } else { "" };
    let right = share.accuracy.map_or("–".to_owned(), |e| format!("{:.1} %", e.value * 100.0));
    let n = count(share.chosen.n_samples, "sample");
    format!("chosen {chosen}, n = {n}), gold {gold:.1} %{bias}; right where gold {right}")
}

/// Disagreements that are named; the rest is counted.
const N_LISTED: usize = 10;

fn judges(summary: &Summary) -> String {
    let Some(found) = &summary.disagreements else { return "–".to_owned() };
    let names = found.samples.iter().take(N_LISTED).map(String::as_str);
    let names = names.collect::<Vec<_>>().join(", ");
    let (n, more) = (found.samples.len(), if found.samples.len() > N_LISTED { ", …" } else { "" });
    let colon = if names.is_empty() { "" } else { ": " };
    format!("{n} of {} disagree{colon}{names}{more}", found.n_answers)
}

/// Whether the model was behind a server: only then is there a time to a first token.
fn is_remote(summary: &Summary) -> bool {
    summary.serving.as_ref().is_some_and(|serving| serving.first_token_ms.is_some())
}

fn latency(summary: &Summary) -> String {
    let Some(serving) = &summary.serving else { return "–".to_owned() };
    let show = |times: crate::Percentiles| {
        let [p50, p90, p99] =
            [times.p50, times.p90, times.p99].map(|ms| format!("{:.2}", ms as f64 / 1000.0));
        format!("{p50} / {p90} / {p99} s")
    };
    let first = serving.first_token_ms.map(|times| format!(", first token {}", show(times)));
    format!("{} (p50 / p90 / p99){}", show(serving.latency_ms), first.unwrap_or_default())
}

fn requests(summary: &Summary) -> String {
    let Some(serving) = &summary.serving else { return "–".to_owned() };
    let causes = serving.retries.iter().map(|cause| format!("{} × {}", cause.n, cause.cause));
    let causes = causes.collect::<Vec<_>>().join(", ");
    let repeated = if causes.is_empty() { String::new() } else { format!("; repeated: {causes}") };
    let shared = serving.shared.map_or_else(String::new, |shared| {
        format!("; {} of them for {} samples", shared.n_requests, shared.n_samples)
    });
    let hedged = serving.hedges.map_or_else(String::new, |hedges| {
        format!("; sent twice: {} ({} won)", hedges.n_sent, hedges.n_won)
    });
    format!("{}{shared}{hedged}{repeated}", serving.n_requests)
}

fn cost(summary: &Summary) -> Option<f64> {
    summary.serving.as_ref()?.cost
}

fn share(n: usize, of: usize) -> String {
    if of == 0 {
        return "–".to_owned();
    }
    format!("{:.1} % ({n} of {of})", n as f64 / of as f64 * 100.0)
}

fn average_length(summary: &Summary) -> String {
    let Some(length) = summary.avg_length else { return "–".to_owned() };
    let (low, high) = (length.ci95.low, length.ci95.high);
    let n = count(length.n_items, "item");
    format!("{:.1} tokens (95 % CI {low:.1}–{high:.1}, n = {n})", length.value)
}

fn tokens(summary: &Summary) -> String {
    let tokens = summary.tokens;
    let unreported = match tokens.n_unreported {
        0 => String::new(),
        n => format!(", {n} completions without a count"),
    };
    let rate = match summary.wall_s {
        wall if wall > 0.0 => format!(" ({:.0} tokens/s)", tokens.completion as f64 / wall),
        _ => String::new(),
    };
    let part = |n: Option<u64>, what: &str| match n {
        Some(n @ 1..) => format!(" ({n} {what})"),
        _ => String::new(),
    };
    format!(
        "{} in{}, {} out{}{rate}{unreported}",
        tokens.prompt,
        part(tokens.cached, "cached"),
        tokens.completion,
        part(tokens.reasoning, "reasoning")
    )
}

/// Seconds as people read them.
pub fn duration(seconds: f64) -> String {
    if seconds < 60.0 {
        return format!("{seconds:.1} s");
    }
    let whole = std::time::Duration::from_secs_f64(seconds).as_secs();
    let (hours, minutes, seconds) = (whole / 3600, whole / 60 % 60, whole % 60);
    match hours {
        0 => format!("{minutes} min {seconds} s"),
        _ => format!("{hours} h {minutes} min"),
    }
}
