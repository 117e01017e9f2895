//! Grading of programs against `EvalPlus`'s verdicts.
//!
//! Needs, besides the oracle, the data sets and the interpreter: folders of `EVALRUN_ASSETS` that
//! hold the files named below. What is absent is said, and passes.

use std::collections::HashMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use judges::code::{
    CodeDataset, CodeLimits, CodeProblem, Graders, Reference, Status, Submission, Suites,
    grade_many, references,
};
use sandbox::{PythonRuntime, RuntimeFiles, Sandbox};
use serde_json::Value;

use super::{report, rows, say, text};

const FILE: &str = "evalplus/verdicts.jsonl";
const BAR: f64 = 0.998;

fn asset(name: &str) -> Option<PathBuf> {
    let folders = env::var_os("EVALRUN_ASSETS").unwrap_or_default();
    let found =
        env::split_paths(&folders).map(|folder| folder.join(name)).find(|path| path.is_file());
    if found.is_none() {
        say(&format!("oracle {FILE}: skipped, since EVALRUN_ASSETS has no {name}"));
    }
    found
}

fn n_workers() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

fn sandbox() -> Option<Sandbox> {
    let files = RuntimeFiles {
        snapshot_wasm: asset("python-snapshot.wasm")?,
        stdlib_zip: asset("python-stdlib.zip")?,
    };
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("python");
    let runtime = PythonRuntime::load(&files, &cache, n_workers(), &|_| {});
    Some(Sandbox::new(runtime.expect("the interpreter loads")))
}

/// Graders for the problems that the submissions name.
fn graders(
    dataset: CodeDataset,
    file: &str,
    submissions: &[Submission],
    sandbox: &Sandbox,
) -> Option<Graders> {
    let text = fs::read_to_string(asset(file)?).expect("a readable data set");
    let problem = |row: &str| CodeProblem::from_row(dataset, row).expect("a problem").task_id;
    let mut by_id: HashMap<String, String> =
        text.lines().map(|row| (problem(row), row.to_owned())).collect();
    by_id.retain(|task_id, _| submissions.iter().any(|of| of.task_id == *task_id));
    let texts: Vec<&str> = by_id.values().map(String::as_str).collect();
    let mut found: Vec<Reference> = Vec::new();
    references(dataset, &texts, sandbox, n_workers(), |_, reference| {
        found.push(reference.expect("a canonical solution runs"));
    });
    Some(Graders::new(dataset, by_id, found, CodeLimits::default()))
}

fn name(status: Status) -> &'static str {
    match status {
        Status::Pass => "pass",
        Status::Fail => "fail",
        Status::Timeout => "timeout",
    }
}

fn check(dataset: CodeDataset, file: &str, prefix: &str) {
    let Some(rows) = rows(FILE) else { return };
    // Upstream's own reference failed on the rows marked so.
    let is_mine = |row: &&Value| {
        text(row, "task_id").starts_with(prefix) && row["environment"].as_bool() != Some(true)
    };
    let rows: Vec<&Value> = rows.iter().filter(is_mine).collect();
    let submission = |row: &&Value| Submission {
        task_id: text(row, "task_id").to_owned(),
        program: text(row, "solution").to_owned(),
    };
    let submissions: Vec<Submission> = rows.iter().map(submission).collect();
    let Some(sandbox) = sandbox() else { return };
    let Some(graders) = graders(dataset, file, &submissions, &sandbox) else { return };
    let (mut base, mut plus) = (Vec::new(), Vec::new());
    let verdicts = grade_many(
        &submissions,
        &graders,
        Suites::BaseAndPlus,
        &sandbox,
        n_workers(),
        |_, _| {},
    );
    for (row, verdict) in rows.iter().zip(verdicts) {
        let verdict = verdict.expect("a program gets a verdict");
        let compare = |suite: &str, ours: Status, found: &mut Vec<String>| {
            if name(ours) != text(row, suite) {
                let (task_id, kind) = (text(row, "task_id"), text(row, "kind"));
                found.push(format!("{task_id} {kind} {suite}: ours {}, {verdict:?}", name(ours)));
            }
        };
        compare("base", verdict.base.status(), &mut base);
        let added = verdict.plus.as_ref().expect("both suites were asked for");
        compare("plus", added.status(), &mut plus);
    }
    report(&format!("{FILE} {prefix} base"), rows.len(), &base, BAR);
    report(&format!("{FILE} {prefix} plus"), rows.len(), &plus, BAR);
}

#[test]
fn humaneval_plus_verdicts_are_upstreams() {
    check(CodeDataset::HumanEval, "HumanEvalPlus-v0.1.10.jsonl", "HumanEval/");
}

#[test]
fn mbpp_plus_verdicts_are_upstreams() {
    check(CodeDataset::Mbpp, "MbppPlus-v0.2.0.jsonl", "Mbpp/");
}
