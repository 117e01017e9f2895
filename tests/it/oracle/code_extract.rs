//! Extraction of programs against EvalPlus 0.3.1.

use judges::extract::code::{Program, evalplus, fenced};
use serde_json::Value;
use tasks::Finish;

use super::{report, rows, say, text};

const FILE: &str = "evalplus/sanitize.jsonl";

#[test]
fn every_reply_is_sanitized_as_upstream() {
    let Some(rows) = rows(FILE) else { return };
    let mut disagreements = Vec::new();
    for row in &rows {
        let found = evalplus(text(row, "reply"), text(row, "entry_point"));
        let found = found.as_ref().map_or("", Program::text);
        if found != text(row, "sanitized") {
            disagreements.push(format!("{}: {found:?}", text(row, "task_id")));
        }
    }
    report(FILE, rows.len(), &disagreements, 1.0);
}

/// Where EvalPlus's program passes, ours must define the entry point as well.
#[test]
fn no_passing_reply_is_left_unparsed() {
    let Some(rows) = rows(FILE) else { return };
    let passes = |row: &&Value| text(row, "base") == "pass";
    let passing: Vec<&Value> = rows.iter().filter(passes).collect();
    let mut unparsed = Vec::new();
    let mut n_same = 0;
    for row in &passing {
        match fenced(text(row, "reply"), text(row, "entry_point"), Finish::Stop) {
            Some(found) => n_same += usize::from(found.text() == text(row, "sanitized")),
            None => unparsed.push(text(row, "task_id").to_owned()),
        }
    }
    say(&format!("  {n_same} of {} programs are also the same text", passing.len()));
    report(FILE, passing.len(), &unparsed, 1.0);
}
