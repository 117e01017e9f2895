//! Comparisons as text.

use std::fmt::Write as _;

use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;

use super::overall::Mean;
use super::{Comparison, Flip, Overall, RunLine, Said, overall};
use crate::metric::{Direction, Interval, ItemMetric, Unit};
use crate::report::count;

/// The layouts of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ComparisonFormat {
    /// Tables for a terminal.
    Table,
    /// Markdown, for issues and pull requests.
    Markdown,
    /// JSON for machines.
    Json,
}

/// Renders the comparisons of one or more tasks.
pub fn render(comparisons: &[Comparison], format: ComparisonFormat) -> String {
    match format {
        ComparisonFormat::Json => json(comparisons),
        ComparisonFormat::Table => {
            let texts: Vec<String> = comparisons.iter().map(table).collect();
            texts.join("\n") + &overall_text(comparisons)
        }
        ComparisonFormat::Markdown => {
            let texts: Vec<String> = comparisons.iter().map(markdown).collect();
            texts.join("\n") + &overall_text(comparisons)
        }
    }
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    comparisons: &'a [Comparison],
    #[serde(skip_serializing_if = "Option::is_none")]
    overall: Option<Overall>,
}

fn json(comparisons: &[Comparison]) -> String {
    let schema = "evalrun.compare/1";
    let document = Document { schema, comparisons, overall: overall(comparisons) };
    serde_json::to_string_pretty(&document).expect("comparisons are plain data") + "\n"
}

fn table(comparison: &Comparison) -> String {
    let mut table = bare_table();
    for (label, text) in rows(comparison) {
        table.add_row([label.to_owned(), text]);
    }
    let mut text = format!("{table}\n{}\n", conclusion(comparison));
    if !comparison.flips.is_empty() {
        let mut table = bare_table();
        table.set_header(&FLIP_HEADER[..n_flip_columns(comparison)]);
        for flip in &comparison.flips {
            table.add_row(&flip_cells(flip)[..n_flip_columns(comparison)]);
        }
        let _ = writeln!(text, "{}\n{table}", flips_title(comparison));
    }
    text
}

fn bare_table() -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table
}

fn markdown(comparison: &Comparison) -> String {
    let escape = |cell: String| cell.replace('|', "\\|");
    let mut text = format!("**{}**\n\n| | |\n|---|---|\n", conclusion(comparison));
    for (label, cell) in rows(comparison) {
        let _ = writeln!(text, "| {label} | {} |", escape(cell));
    }
    if !comparison.flips.is_empty() {
        let n_columns = n_flip_columns(comparison);
        let header = FLIP_HEADER[..n_columns].join(" | ");
        let _ = writeln!(text, "\n{}\n\n| {header} |", flips_title(comparison));
        let _ = writeln!(text, "|{}", "---|".repeat(n_columns));
        for flip in &comparison.flips {
            let cells = flip_cells(flip).map(escape);
            let _ = writeln!(text, "| {} |", cells[..n_columns].join(" | "));
        }
    }
    text
}

/// What both layouts say of a comparison.
fn rows(comparison: &Comparison) -> Vec<(&'static str, String)> {
    let (difference, metric) = (&comparison.difference, comparison.metric);
    let mut rows = vec![
        ("task", format!("{}, {metric}", comparison.task)),
        ("A", run(&comparison.a)),
        ("B", run(&comparison.b)),
    ];
    if !comparison.judges.is_empty() {
        rows.push(("judged by", comparison.judges.join("; ")));
    }
    rows.extend([
        ("score of A", score(difference.a, comparison)),
        ("score of B", score(difference.b, comparison)),
        (
            "B − A",
            format!(
                "{} ({} CI {})",
                points(difference.value, metric),
                confidence(comparison.confidence),
                ends(difference.interval, metric)
            ),
        ),
        ("test", test(comparison)),
        ("could have seen", could_have_seen(difference.detectable, metric)),
        ("compared", compared(comparison)),
    ]);
    let list = |differences: &[super::PlanDifference]| {
        differences.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    if !comparison.plans.intended.is_empty() {
        rows.push(("differ in", list(&comparison.plans.intended)));
    }
    if !comparison.plans.disqualifying.is_empty() {
        rows.push(("NOT COMPARABLE", list(&comparison.plans.disqualifying)));
    }
    rows
}

/// A score over the items that are compared.
fn score(value: f64, comparison: &Comparison) -> String {
    let n = count(comparison.difference.n_pairs, "item");
    format!("{} (n = {n})", amount(value, comparison.metric))
}

fn run(line: &RunLine) -> String {
    let mut text =
        format!("{}: {}, {} items × {}", line.label, line.model, line.n_items, line.n_samples);
    for (share_of, what) in [(line.failed, "failed or missing"), (line.truncated, "truncated")] {
        if share_of > 0.0 {
            let _ = write!(text, ", {} {what}", share(share_of));
        }
    }
    text
}

fn test(comparison: &Comparison) -> String {
    let difference = &comparison.difference;
    let n_equal = difference.n_pairs - difference.n_up - difference.n_down;
    let approximate = if comparison.equal_samples {
        ""
    } else {
        "; approximate, for items have unequal numbers of samples"
    };
    format!(
        "{}, p {}: {} up, {} down, {n_equal} equal{approximate}",
        difference.significance.test.name(),
        p_value(difference.significance.p),
        difference.n_up,
        difference.n_down,
    )
}

/// A p-value as people read it.
fn p_value(p: f64) -> String {
    if p < 0.0001 { "< 0.0001".to_owned() } else { format!("= {p:.4}") }
}

fn compared(comparison: &Comparison) -> String {
    let dropped = comparison.dropped;
    let mut text = count(comparison.difference.n_pairs, "item");
    let remarks = [
        (dropped.only_a, "only in A"),
        (dropped.only_b, "only in B"),
        (dropped.unscored, "without a score in A or B"),
    ];
    for (n, remark) in remarks.into_iter().filter(|(n, _)| *n > 0) {
        let _ = write!(text, ", {n} dropped: {remark}");
    }
    if comparison.n_partial > 0 {
        let _ = write!(text, ", {} with fewer samples than planned", comparison.n_partial);
    }
    text
}

/// One sentence: which run is better, if that can be said.
fn conclusion(comparison: &Comparison) -> String {
    let difference = &comparison.difference;
    let is_better =
        (difference.value > 0.0) == (comparison.metric.direction() == Direction::Higher);
    if difference.significance.p < 1.0 - comparison.confidence {
        let which = if is_better { "better" } else { "worse" };
        return format!(
            "B is {which} than A on {}: {}",
            comparison.task,
            points(difference.value, comparison.metric)
        );
    }
    format!("no significant difference on {}", comparison.task)
}

const FLIP_HEADER: [&str; 5] = ["item", "A", "B", "answer of A", "answer of B"];

/// Where nothing is known but scores, as of ratings, there are no columns for answers.
fn n_flip_columns(comparison: &Comparison) -> usize {
    let has_text = |said: &Said| said.answer.is_some() || said.reason.is_some();
    let is_known = comparison.flips.iter().any(|flip| has_text(&flip.a) || has_text(&flip.b));
    if is_known { FLIP_HEADER.len() } else { 3 }
}

fn flips_title(comparison: &Comparison) -> String {
    let (listed, n) = (comparison.flips.len(), comparison.n_flips);
    let n_worse = match comparison.metric.direction() {
        Direction::Higher => comparison.difference.n_down,
        Direction::Lower => comparison.difference.n_up,
    };
    let more = if listed < n {
        format!(" ({listed} listed, --all lists them all)")
    } else {
        String::new()
    };
    format!("{n} items changed, {n_worse} of them for the worse{more}:")
}

fn flip_cells(flip: &Flip) -> [String; 5] {
    let said = |said: &Said| {
        let arrow = if flip.is_worse { "▼" } else { "▲" };
        let arrow = if *said == flip.b { format!("{arrow} ") } else { String::new() };
        arrow + &said.outcome
    };
    let answer = |said: &Said| match (&said.answer, &said.reason) {
        (Some(answer), _) => answer.clone(),
        (None, Some(reason)) => format!("({reason})"),
        (None, None) => "–".to_owned(),
    };
    [flip.item.clone(), said(&flip.a), said(&flip.b), answer(&flip.a), answer(&flip.b)]
}

fn overall_text(comparisons: &[Comparison]) -> String {
    let Some(overall) = overall(comparisons) else { return String::new() };
    let line = |mean: Mean| {
        let metric = comparisons[0].metric;
        format!("{} ({})", points(mean.value, metric), ends(mean.interval, metric))
    };
    format!(
        "\nover {} tasks: every task the same {}, every item the same {}\n",
        overall.n_tasks,
        line(overall.by_task),
        line(overall.by_item)
    )
}

/// A share in percent.
pub(crate) fn share(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// A score: a share in percent, a rating, or tokens.
pub(crate) fn amount(value: f64, metric: ItemMetric) -> String {
    match metric.unit() {
        Unit::Share => share(value),
        Unit::Rating => format!("{value:.2}"),
        Unit::Tokens => format!("{value:.1} tokens"),
    }
}

/// The smallest difference that was likely to be found. A share cannot differ by more than all of it.
pub(crate) fn could_have_seen(detectable: f64, metric: ItemMetric) -> String {
    if metric.unit() == Unit::Share && detectable > 1.0 {
        return "nothing: there are too few items".to_owned();
    }
    format!("{} with 80 % power", size(detectable, metric))
}

/// The size of a difference: percentage points, points of a rating, or tokens.
pub(crate) fn size(value: f64, metric: ItemMetric) -> String {
    match metric.unit() {
        Unit::Share => format!("{:.1} points", value * 100.0),
        Unit::Rating => format!("{value:.2} points of rating"),
        Unit::Tokens => amount(value, metric),
    }
}

/// A confidence in percent, with as many digits as it has.
pub(crate) fn confidence(share: f64) -> String {
    format!("{} %", (share * 1e6).round() / 1e4)
}

/// A difference with its sign: percentage points, points of a rating, or tokens.
pub(crate) fn points(value: f64, metric: ItemMetric) -> String {
    let unit = match metric.unit() {
        Unit::Share => "points",
        Unit::Rating => "points of rating",
        Unit::Tokens => "tokens",
    };
    format!("{} {unit}", signed(value, metric))
}

fn signed(value: f64, metric: ItemMetric) -> String {
    let (value, n_digits) = match metric.unit() {
        Unit::Share => (value * 100.0, 1),
        Unit::Rating => (value, 2),
        Unit::Tokens => (value, 1),
    };
    let size = format!("{:.n_digits$}", value.abs());
    let is_zero = size.bytes().all(|byte| matches!(byte, b'0' | b'.'));
    let sign = match value {
        _ if is_zero => "",
        value if value < 0.0 => "−",
        _ => "+",
    };
    format!("{sign}{size}")
}

fn ends(interval: Interval, metric: ItemMetric) -> String {
    format!("{} to {}", signed(interval.low, metric), signed(interval.high, metric))
}
