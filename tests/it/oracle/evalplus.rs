//! Grading of programs against `EvalPlus`'s verdicts, from the command line. Needs the data sets and the
//! interpreter, which are fetched; what cannot be had is said.

use std::fs;

use serde_json::{Value, json};
use tests::Finished;

use super::{report, rows, text};
use crate::embedded::{command, model_path};
use crate::workplace;

const FILE: &str = "evalplus/verdicts.jsonl";
const BAR: f64 = 0.998;

/// Grades the programs of one data set and compares both lists of tests.
fn check(task: &str, prefix: &str) {
    let Some(rows) = rows(FILE) else { return };
    if model_path(task).is_none() || model_path("python-snapshot").is_none() {
        return;
    }
    // Upstream's own reference failed on the rows marked so.
    let is_mine = |row: &&Value| {
        text(row, "task_id").starts_with(prefix) && row["environment"].as_bool() != Some(true)
    };
    let rows: Vec<&Value> = rows.iter().filter(is_mine).collect();
    let place = workplace();
    let (samples, out) = (place.path().join("samples.jsonl"), place.path().join("verdicts.jsonl"));
    let sample =
        |row: &&Value| json!({ "task_id": row["task_id"], "solution": row["solution"] }).to_string();
    fs::write(&samples, rows.iter().map(sample).collect::<Vec<_>>().join("\n")).expect("written");
    let (samples, out_arg) = (samples.to_str().expect("UTF-8"), out.to_str().expect("UTF-8"));
    let args = ["score", "--task", task, "--samples", samples, "--out", out_arg];
    let finished = Finished::from(command(&place, &args).output().expect("evalrun starts"));
    assert_eq!(finished.code, 0, "{finished}");
    let verdicts = fs::read_to_string(&out).expect("verdicts");
    let verdicts: Vec<Value> =
        verdicts.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(verdicts.len(), rows.len());
    for tests in ["base", "plus"] {
        let pairs = rows.iter().zip(&verdicts);
        let differs = |(row, verdict): &(&&Value, &Value)| row[tests] != verdict[tests];
        let shown = |(row, verdict): (&&Value, &Value)| {
            format!("{} {}: {tests} {}, {verdict}", row["task_id"], row["kind"], row[tests])
        };
        let disagreements: Vec<String> = pairs.filter(differs).map(shown).collect();
        report(&format!("{FILE} {prefix} {tests}"), rows.len(), &disagreements, BAR);
    }
}

#[test]
fn humaneval_plus_verdicts_are_upstreams() {
    check("humaneval_plus", "HumanEval/");
}

#[test]
fn mbpp_plus_verdicts_are_upstreams() {
    check("mbpp_plus", "Mbpp/");
}
