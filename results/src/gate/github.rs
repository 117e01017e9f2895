//! Annotations of GitHub Actions: workflow commands on standard output ("Workflow commands for GitHub
//! Actions" in GitHub's documentation; escapes as in `actions/toolkit`, `core/src/command.ts`).

use super::render::{is_blocking, sentence};
use super::report::{GateReport, GateResult, RuleReport};

/// A line for each rule that did not pass.
pub(super) fn annotations(report: &GateReport) -> String {
    let open = report.rules.iter().filter(|rule| rule.result != GateResult::Pass);
    open.map(annotation).collect()
}

fn annotation(rule: &RuleReport) -> String {
    let level = match rule.result {
        GateResult::Regression if is_blocking(rule) => "error",
        GateResult::Inconclusive if is_blocking(rule) => "warning",
        GateResult::Pass | GateResult::Regression | GateResult::Inconclusive => "notice",
    };
    let title = format!("evalrun gate: {} {} ({})", rule.result.name(), rule.name, rule.metric);
    format!("::{level} title={}::{}\n", property(&title), data(&sentence(rule)))
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
