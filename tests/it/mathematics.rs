//! Mathematical answers through everything: a reply, extraction, the native check, and Math-Verify in the
//! sandbox. Needs the interpreter and the wheels, which are fetched; where they cannot be had, that is
//! said.

use serde_json::{Value, json};

use crate::echo::{self, Grading};
use crate::embedded::model_path;

const GRADING: Grading<'_> = Grading {
    extractor: "math_answer",
    judge: "\"short_answer\"",
    target: "short_answer",
    answer: "row.gold",
};

pub(crate) fn has_reference() -> bool {
    model_path("python-snapshot").is_some() && model_path("math-verify").is_some()
}

fn row(idx: usize, gold: &str, answer: &str) -> Value {
    json!({ "name": idx.to_string(), "gold": gold, "problem": format!("So \\boxed{{{answer}}}.") })
}

/// Outcomes and explanations in order.
fn check(pairs: &[(&str, &str)], more: &[&str], expected: &[(&str, &str)]) {
    let rows: Vec<Value> =
        pairs.iter().enumerate().map(|(idx, (gold, answer))| row(idx, gold, answer)).collect();
    let (graded, finished) = echo::run(&GRADING, &rows, more);
    assert_eq!(finished.code, 0, "{finished}");
    let found: Vec<(String, String)> = (0..pairs.len())
        .map(|idx| {
            let graded = &graded[&idx.to_string()];
            let (_, by) = graded.explanation.rsplit_once('(').expect("a remark");
            (graded.outcome.clone(), by.trim_end_matches(')').to_owned())
        })
        .collect();
    let found: Vec<(&str, &str)> = found.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    assert_eq!(found, expected, "{pairs:?}");
}

#[test]
fn the_reference_answers_what_the_native_check_cannot() {
    if !has_reference() {
        return;
    }
    let pairs = [
        (r"\frac{1}{2}", "0.5"),
        ("7", "8"),
        (r"\int_0^1 x^2\,dx", r"\frac{1}{3}"),
        (r"10^{10^{10^{10}}}", r"\int x\,dx"),
    ];
    let native = "native check";
    let expected = [
        ("correct", native),
        ("incorrect", native),
        ("correct", "Math-Verify"),
        ("incorrect", "Math-Verify"),
    ];
    check(&pairs, &[], &expected);
    check(
        &pairs[..2],
        &["--math-judge", "reference"],
        &[("correct", "Math-Verify"), ("incorrect", "Math-Verify")],
    );
    check(
        &pairs[2..3],
        &["--math-judge", "native"],
        &[("incorrect", "the native check is not sure")],
    );
}

#[test]
fn both_judges_are_compared() {
    if !has_reference() {
        return;
    }
    let rows = [row(0, "7", "7"), row(1, r"\int_0^1 x^2\,dx", r"\frac{1}{3}")];
    let (graded, finished) = echo::run(&GRADING, &rows, &["--math-judge", "both"]);
    assert_eq!(finished.code, 0, "{finished}");
    let outcome = |item: &str| &graded[item].detail["equivalence"];
    assert_eq!(outcome("0"), &json!({ "native": true, "reference": true }));
    assert_eq!(outcome("1"), &json!({ "native": null, "reference": true }));
    assert!(finished.stdout.contains("0 of 1 disagree"), "{finished}");
}

/// The published solutions, as replies: each ends in a box that holds the gold answer.
#[test]
fn every_published_solution_of_math_500_is_right() {
    let Some(data) = model_path("math500").filter(|_| has_reference()) else { return };
    let text = std::fs::read_to_string(data).expect("the data set");
    let row = |(idx, line): (usize, &str)| {
        let row: Value = serde_json::from_str(line).expect("JSON");
        json!({ "name": idx.to_string(), "gold": row["answer"], "problem": row["solution"] })
    };
    let rows: Vec<Value> = text.lines().enumerate().map(row).collect();
    let (graded, finished) = echo::run(&GRADING, &rows, &[]);
    assert_eq!(finished.code, 0, "{finished}");
    let is_wrong = |(item, graded): (&String, &echo::Graded)| {
        (graded.outcome != "correct").then(|| format!("{item}: {}", graded.explanation))
    };
    let wrong: Vec<String> = graded.iter().filter_map(is_wrong).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(graded.len(), rows.len());
}
