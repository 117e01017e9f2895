//! The result file of `EvalPlus` 0.3.1 (`evalplus/evaluate.py`), for tools that read it.

use std::io::{self, Write};

use serde_json::{Value, json};
use tasks::{Detail, ItemId, JudgeKind, TestsOutcome, TestsStatus};

use crate::{RunFile, StoreError};

/// The MD5 sums by which `EvalPlus` names the data sets it publishes, by the SHA-256 of the files as
/// they are published: `HumanEvalPlus` v0.1.10 and `MbppPlus` v0.2.0.
const DATASET_HASHES: [(&str, &str); 2] = [
    (
        "272720b90ac375502c8ed23cd791c2a93dfb22a911641a494da74a426c09f101",
        "fe585eb4df8c88d844eeb463ea4d0302",
    ),
    (
        "af43697e8791c4c149bdfd6b489d8b5412507551ac20e28a439f650b8225db63",
        "ee43ecabebf20deef4bb776a405ac5b1",
    ),
];

/// Writes the run as `EvalPlus` would have, sample by sample, so that a run of any size fits into memory;
/// `false`, and nothing written, where the run is not one of programs.
///
/// Samples that failed have no entry, and those without a program have an empty one. Failing tests
/// are given as Python shows them, cut short, where `EvalPlus` has the values themselves.
pub fn evalplus(run: &RunFile, out: &mut dyn Write) -> Result<bool, StoreError> {
    let JudgeKind::Program { .. } = run.plan().judge else { return Ok(false) };
    let source = run.plan().dataset.sha256.as_deref();
    let known = DATASET_HASHES.iter().find(|(sha256, _)| Some(*sha256) == source);
    let hash = known.map(|(_, md5)| *md5).or(source);
    let date = run.created_at()?;
    let date = date.get(..16).unwrap_or(&date).replace('T', " ");
    write!(out, "{{\n\"date\": {},\n\"hash\": {},\n\"eval\": {{", json!(date), json!(hash))?;
    let mut open: Option<ItemId> = None;
    run.for_each_program(|item, program, detail| {
        let entry = entry(&item.0, program.as_deref().unwrap_or_default(), detail.as_ref());
        if open.as_ref() == Some(&item) {
            out.write_all(b",\n")?;
        } else {
            let end = if open.is_some() { "\n]," } else { "" };
            write!(out, "{end}\n{}: [\n", json!(item.0))?;
            open = Some(item);
        }
        Ok(serde_json::to_writer(&mut *out, &entry).map_err(io::Error::from)?)
    })?;
    let end = if open.is_some() { "\n]" } else { "" };
    Ok(out.write_all(format!("{end}\n}}\n}}\n").as_bytes()).map(|()| true)?)
}

fn entry(task_id: &str, program: &str, detail: Option<&Detail>) -> Value {
    let (base, plus) = match detail {
        Some(Detail::Program(outcome)) => (Some(&outcome.base), outcome.plus.as_ref()),
        _ => (None, None),
    };
    let status = |tests: Option<&TestsOutcome>| match tests.map(|tests| tests.status) {
        Some(TestsStatus::Pass) => Some("pass"),
        Some(TestsStatus::Fail) => Some("fail"),
        Some(TestsStatus::Timeout) => Some("timeout"),
        None => None,
    };
    let failed = |tests: Option<&TestsOutcome>| {
        let failed = tests.filter(|tests| tests.failed_input_idx.is_some());
        failed.map(|tests| tests.failed_input.clone()).into_iter().collect::<Vec<_>>()
    };
    json!({
        "task_id": task_id,
        "solution": program,
        "base_status": status(base).unwrap_or("fail"),
        "plus_status": status(plus).or(base.is_none().then_some("fail")),
        "base_fail_tests": failed(base),
        "plus_fail_tests": failed(plus),
    })
}
