//! `JUnit` XML, which CI systems show as tests: a suite for the gate, a case for each rule.
//!
//! A regression that fails the gate is a failure, a critical rule without a decision an error, and
//! everything else that did not pass is skipped with its reason. The elements are those that
//! Jenkins, GitLab and GitHub actions read (`testsuites`, `testsuite`, `testcase`, `failure`,
//! `error`, `skipped`, `system-out`).

use std::fmt::Write as _;

use super::render::{conclusion, is_blocking, sentence};
use super::report::{GateReport, GateResult, RuleReport};

pub(super) fn junit(report: &GateReport) -> String {
    let of_kind = |kind| report.rules.iter().filter(|rule| Kind::of(rule) == kind).count();
    let counts = format!(
        "tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\"",
        report.rules.len(),
        of_kind(Kind::Failure),
        of_kind(Kind::Error),
        of_kind(Kind::Skipped)
    );
    let mut text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
    let _ = writeln!(text, "<testsuites name=\"evalrun\" {counts}>");
    let _ = writeln!(text, "  <testsuite name=\"evalrun gate\" {counts} time=\"0\">");
    for rule in &report.rules {
        text += &case(rule);
    }
    let _ = writeln!(text, "    <system-out>{}</system-out>", escape(&conclusion(report)));
    text + "  </testsuite>\n</testsuites>\n"
}

#[derive(PartialEq, Eq)]
enum Kind {
    Success,
    Failure,
    Error,
    Skipped,
}

impl Kind {
    fn of(rule: &RuleReport) -> Self {
        match rule.result {
            GateResult::Pass => Self::Success,
            GateResult::Regression if is_blocking(rule) => Self::Failure,
            GateResult::Inconclusive if is_blocking(rule) => Self::Error,
            GateResult::Regression | GateResult::Inconclusive => Self::Skipped,
        }
    }
}

fn case(rule: &RuleReport) -> String {
    let open = format!(
        "    <testcase classname=\"evalrun.gate.{}\" name=\"{} {}\" time=\"0\">\n",
        rule.tier.name(),
        escape(&rule.name),
        rule.metric
    );
    let message = escape(&sentence(rule));
    let result = rule.result.name();
    let inner = match Kind::of(rule) {
        Kind::Success => format!("<system-out>{message}</system-out>"),
        Kind::Failure => format!("<failure type=\"{result}\" message=\"{message}\"/>"),
        Kind::Error => format!("<error type=\"{result}\" message=\"{message}\"/>"),
        Kind::Skipped => format!("<skipped message=\"{result}: {message}\"/>"),
    };
    format!("{open}      {inner}\n    </testcase>\n")
}

/// Text for an attribute or an element. Characters that XML 1.0 cannot hold become U+FFFD.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\n' | '\r' | '\t' => {
                let _ = write!(escaped, "&#{};", u32::from(c));
            }
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            c if c.is_control() => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_xml() {
        let check = |text: &str, expected: &str| assert_eq!(escape(text), expected);
        check("a<b & \"c\">\n", "a&lt;b &amp; &quot;c&quot;&gt;&#10;");
        check("\u{0}é\u{1b}", "\u{fffd}é\u{fffd}");
    }
}
