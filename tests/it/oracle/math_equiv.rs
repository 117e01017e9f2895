//! Mathematical equivalence against Math-Verify's own verdicts.

use std::collections::HashSet;

use judges::math::{self, Equivalence};
use serde_json::{Value, json};

use super::{report, rows, say, text};
use crate::echo::{self, Grading};
use crate::mathematics::has_reference;

const FILE: &str = "math/math_equiv.jsonl";

/// The default judge through a whole run: the answer in a box, the native check, and Math-Verify in the
/// sandbox for what that is not sure of.
#[test]
fn the_default_judge_agrees_with_math_verify() {
    let Some(rows) = rows(FILE) else { return };
    if !has_reference() {
        return;
    }
    // A gold answer of nothing is no row of a data set, and a box that does not close is no box.
    let is_row = |row: &&Value| {
        let pred = text(row, "pred");
        !text(row, "gold").trim().is_empty()
            && pred.matches('{').count() == pred.matches('}').count()
    };
    let rows: Vec<&Value> = rows.iter().filter(is_row).collect();
    let item = |(idx, row): (usize, &&Value)| {
        let boxed = format!("\\boxed{{{}}}", text(row, "pred"));
        json!({ "name": idx.to_string(), "gold": row["gold"], "problem": boxed })
    };
    let items: Vec<Value> = rows.iter().enumerate().map(item).collect();
    let grading = Grading {
        extractor: "math_answer",
        judge: "\"short_answer\"",
        target: "short_answer",
        answer: "row.gold",
    };
    let (graded, finished) = echo::run(&grading, &items, &[]);
    assert_eq!(finished.code, 0, "{finished}");
    let (mut disagreements, mut kinds) = (Vec::new(), HashSet::new());
    let mut n_asked = 0;
    for (idx, row) in rows.iter().enumerate() {
        let graded = &graded[&idx.to_string()];
        n_asked += usize::from(graded.explanation.ends_with("(Math-Verify)"));
        if (graded.outcome == "correct") != (row["math_verify"].as_bool() == Some(true)) {
            kinds.insert(text(row, "kind"));
            disagreements.push(format!("{row}: {} {}", graded.outcome, graded.explanation));
        }
    }
    say(&format!("oracle {FILE}: Math-Verify was asked about {n_asked} of {}", rows.len()));
    report(&format!("{FILE}, default judge"), rows.len(), &disagreements, 0.99);
}

/// The native equivalence check answers most pairs by itself, and never accepts a pair that
/// Math-Verify rejects.
#[test]
fn native_equivalence_is_never_too_lenient() {
    let Some(rows) = rows(FILE) else { return };
    let (mut n_answered, mut false_positives, mut disagreements) = (0, Vec::new(), Vec::new());
    for row in &rows {
        let (gold, pred) = (text(row, "gold"), text(row, "pred"));
        let upstream = row["math_verify"].as_bool() == Some(true);
        let ours = match math::compare(gold, pred) {
            Equivalence::Equal => true,
            Equivalence::Different => false,
            Equivalence::Unsure => continue,
        };
        n_answered += 1;
        if ours != upstream {
            let line = format!("{} {gold:?} {pred:?}: ours {ours}", text(row, "kind"));
            if ours {
                false_positives.push(line.clone());
            }
            disagreements.push(line);
        }
    }
    say(&format!("oracle {FILE}: {n_answered} of {} answered natively", rows.len()));
    assert!(n_answered as f64 >= 0.85 * rows.len() as f64, "only {n_answered} pairs answered");
    assert!(false_positives.is_empty(), "false positives: {false_positives:#?}");
    report(FILE, n_answered, &disagreements, 0.99);
}
