//! Gate reports as text.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use comfy_table::{ContentArrangement, Table, presets};

use super::policy::Tier;
use super::report::{GateReport, GateResult, RuleReport};
use super::{github, junit};
use crate::compare::{amount, confidence, points, size};
use crate::metric::{ItemMetric, Unit};
use crate::report::count;

/// The layouts of a gate report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GateFormat {
    /// A table for a terminal.
    Table,
    /// Markdown, for a comment on a pull request or a step's summary.
    Markdown,
    /// JSON for machines.
    Json,
    /// `JUnit` XML: a test case for each rule.
    Junit,
    /// Workflow commands of GitHub Actions: an annotation for each rule that did not pass.
    Annotations,
}

/// Renders a gate's report.
pub fn render(report: &GateReport, format: GateFormat) -> String {
    match format {
        GateFormat::Table => table(report),
        GateFormat::Markdown => markdown(report),
        GateFormat::Json => {
            let text = serde_json::to_string_pretty(report);
            text.expect("a report is plain data") + "\n"
        }
        GateFormat::Junit => junit::junit(report),
        GateFormat::Annotations => github::annotations(report),
    }
}

const HEADER: [&str; 8] =
    ["rule", "result", "base", "candidate", "change", "could have seen", "items", "why"];

fn cells(rule: &RuleReport) -> [String; 8] {
    let name = format!("{}\n{}, {}", rule.name, rule.metric, rule.tier.name());
    let result = rule.result.name().to_owned();
    let why = rule.reasons.join("; ");
    let Some(m) = rule.measured else {
        return [name, result, dash(), dash(), dash(), dash(), dash(), why];
    };
    let metric = rule.metric;
    let change = format!(
        "{}\n({}: {} to {})",
        points(m.change, metric),
        confidence(rule.confidence),
        number(&points(m.low, metric)),
        number(&points(m.high, metric)),
    );
    [
        name,
        result,
        amount(m.base, metric),
        amount(m.candidate, metric),
        change,
        detectable(m.detectable, metric),
        m.n_items.to_string(),
        why,
    ]
}

fn dash() -> String {
    "–".to_owned()
}

/// A text such as `+2.5 points` without its unit.
fn number(text: &str) -> String {
    text.split(' ').next().unwrap_or_default().to_owned()
}

fn table(report: &GateReport) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(HEADER);
    for rule in &report.rules {
        table.add_row(cells(rule));
    }
    format!("{table}\n{}{}\n", ungated(report), conclusion(report))
}

fn ungated(report: &GateReport) -> String {
    if report.ungated.is_empty() {
        return String::new();
    }
    format!("no rule is about {}\n", report.ungated.join(", "))
}

/// One sentence.
pub(super) fn conclusion(report: &GateReport) -> String {
    let count = |result| report.rules.iter().filter(|rule| rule.result == result).count();
    let counts = [GateResult::Pass, GateResult::Regression, GateResult::Inconclusive]
        .map(|result| format!("{} {}", count(result), result.name()));
    let n = report.rules.len();
    let rules = if n == 1 { "rule" } else { "rules" };
    format!("gate: {} ({n} {rules}: {})", report.result.name(), counts.join(", "))
}

fn markdown(report: &GateReport) -> String {
    let mark = match report.result {
        GateResult::Pass => "✅",
        GateResult::Regression => "❌",
        GateResult::Inconclusive => "❔",
    };
    let mut text = format!("### {mark} evalrun {}\n\n", conclusion(report));
    let _ = writeln!(text, "| {} |\n|{}", HEADER.join(" | "), "---|".repeat(HEADER.len()));
    for rule in &report.rules {
        let escape = |cell: String| cell.replace('|', "\\|").replace('\n', "<br>");
        let _ = writeln!(text, "| {} |", cells(rule).map(escape).join(" | "));
    }
    let differ_in: BTreeSet<String> = report.rules.iter().flat_map(differ_in).collect();
    if !differ_in.is_empty() {
        let _ = writeln!(text, "\n<details><summary>The runs differ in</summary>\n");
        for line in differ_in {
            let _ = writeln!(text, "- {line}");
        }
        let _ = writeln!(text, "\n</details>");
    }
    let ungated = ungated(report);
    if !ungated.is_empty() {
        let _ = write!(text, "\n{ungated}");
    }
    let _ = writeln!(text, "\n{EXPLANATION}");
    text
}

const EXPLANATION: &str = "A rule passes where the paired interval excludes a drop beyond what is allowed, \
is a regression where it excludes anything less and an exact test agrees, and is inconclusive otherwise. \
\"Could have seen\" is the smallest drop that would have been called a regression with a probability of 80 %.";

fn differ_in(rule: &RuleReport) -> Vec<String> {
    rule.differ_in
        .iter()
        .map(|d| format!("{}: `{}`: {} → {}", rule.name, d.path, d.a, d.b))
        .collect()
}

/// Whether what a rule found stands in the way.
pub(super) fn is_blocking(rule: &RuleReport) -> bool {
    match (rule.result, rule.tier) {
        (GateResult::Pass, _)
        | (_, Tier::Advisory)
        | (GateResult::Inconclusive, Tier::Supporting) => false,
        (GateResult::Regression, Tier::Critical | Tier::Supporting)
        | (GateResult::Inconclusive, Tier::Critical) => true,
    }
}

/// What annotations and test reports say of a rule.
pub(super) fn sentence(rule: &RuleReport) -> String {
    let why = rule.reasons.join("; ");
    let Some(m) = rule.measured else { return why };
    let metric = rule.metric;
    format!(
        "{} → {} ({}, n = {}): {why}; could have seen {}",
        amount(m.base, metric),
        amount(m.candidate, metric),
        points(m.change, metric),
        count(m.n_items, "item"),
        detectable(m.detectable, metric),
    )
}

/// The smallest drop that was likely to be found. A share cannot drop by more than all of it.
fn detectable(drop: f64, metric: ItemMetric) -> String {
    let is_possible = metric.unit() != Unit::Share || drop <= 1.0;
    if is_possible { size(drop, metric) } else { "nothing: too few items".to_owned() }
}
