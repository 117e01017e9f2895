//! `JUnit` XML, which continuous integration shows as a list of tests: a run is a suite and a sample
//! a case. Wrong, unparsed and truncated samples are failures, infrastructure failures are errors, and
//! answers that nobody grades are skipped.
//!
//! The elements and attributes are those that Jenkins and GitLab read; there is no official schema.

use std::fmt::Write as _;
use std::io::Write;

use tasks::Verdict;

use super::ReportedRun;
use crate::{SampleRecord, SampleResult, StoreError, Summary};

/// What is said of an answer that is neither right nor wrong.
const NOT_GRADED: &str = "not graded: it has no right answer";

/// Writes one suite a run.
pub fn junit(runs: &[ReportedRun<'_>], out: &mut dyn Write) -> Result<(), StoreError> {
    out.write_all(b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"evalrun\">\n")?;
    for run in runs {
        suite(run, out)?;
    }
    Ok(out.write_all(b"</testsuites>\n")?)
}

fn suite(run: &ReportedRun<'_>, out: &mut dyn Write) -> Result<(), StoreError> {
    let summary = run.summary;
    let counts = summary.counts;
    let n_wrong = counts.incorrect + counts.unparsed + counts.truncated;
    writeln!(
        out,
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{n_wrong}\" errors=\"{}\" skipped=\"{}\" time=\"{:.3}\" timestamp=\"{}\">",
        escape(&format!("{} · {}", summary.task, summary.model)),
        counts.n_graded() + counts.failed,
        counts.failed,
        counts.answered,
        summary.wall_s,
        escape(run.file.created_at()?.get(..19).unwrap_or_default()),
    )?;
    out.write_all(properties(summary).as_bytes())?;
    run.for_each_record(|_, record| Ok(out.write_all(case(summary, &record).as_bytes())?))?;
    Ok(out.write_all(b"  </testsuite>\n")?)
}

fn properties(summary: &Summary) -> String {
    let mut text = String::from("    <properties>\n");
    let mut add = |name: &str, value: &str| {
        let (name, value) = (escape(name), escape(value));
        writeln!(text, "      <property name=\"{name}\" value=\"{value}\"/>")
            .expect("writing to a string cannot fail");
    };
    add("run_file", &summary.run_file);
    add("planned_samples", &summary.counts.planned.to_string());
    if let Some(note) = &summary.partial_source {
        add("data", note);
    }
    for figure in &summary.metrics {
        add(&figure.name, &super::estimate_text(&figure.estimate));
    }
    text + "    </properties>\n"
}

fn case(summary: &Summary, record: &SampleRecord) -> String {
    let name = escape(&format!("{}#{}", record.key.item, record.key.sample_idx));
    let class = escape(&format!("{}.{}", summary.task, summary.split));
    let open = format!("    <testcase classname=\"{class}\" name=\"{name}\"");
    match &record.result {
        SampleResult::Failed(failure) => format!(
            "{open}>\n      <error type=\"{}\" message=\"{}\"/>\n    </testcase>\n",
            escape(&failure.kind),
            escape(&failure.message)
        ),
        SampleResult::Judged { transcript, judgement } => {
            let ms: u64 = transcript.turns.iter().map(|t| t.completion.timing.latency_ms).sum();
            let open = format!("{open} time=\"{:.3}\"", ms as f64 / 1000.0);
            match judgement.verdict {
                Verdict::Correct => format!("{open}/>\n"),
                // What nobody has judged did not pass.
                Verdict::Answered => {
                    format!("{open}>\n      <skipped message=\"{NOT_GRADED}\"/>\n    </testcase>\n")
                }
                verdict => format!(
                    "{open}>\n      <failure type=\"{}\" message=\"{}\"/>\n    </testcase>\n",
                    verdict.name(),
                    escape(&judgement.explanation)
                ),
            }
        }
    }
}

/// A text in an attribute: markup and line breaks as references, and characters that XML 1.0 forbids
/// (section 2.2) replaced.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' => escaped.push_str("&#10;"),
            '\r' => escaped.push_str("&#13;"),
            '\t' => escaped.push_str("&#9;"),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_hold_any_text() {
        let check = |text: &str, expected: &str| assert_eq!(escape(text), expected);
        check("\"a\" < b & c > d", "&quot;a&quot; &lt; b &amp; c &gt; d");
        check("a\n\tb\r", "a&#10;&#9;b&#13;");
        check("\u{0}\u{1b}[31m\u{ffff}\u{1F600}", "\u{fffd}\u{fffd}[31m\u{fffd}\u{1F600}");
    }
}
