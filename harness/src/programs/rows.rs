//! Rows of programming problems by problem.

use std::collections::{HashMap, HashSet};

use results::Plan;
use tasks::Target;

use crate::assets::{self, AssetStore};
use crate::display::Display;
use crate::error::EvalrunError;
use crate::plan::{file_bytes, unpacked};

/// The rows that hold the tests of `targets`: their own, or those of the plan's data file.
pub(crate) fn rows_of_targets<'t>(
    plan: &Plan,
    targets: impl Iterator<Item = &'t Target>,
    resources: (&AssetStore, &Display),
) -> Result<HashMap<String, String>, EvalrunError> {
    let mut rows = HashMap::new();
    let mut elsewhere = HashSet::new();
    for target in targets {
        if let Target::Program(target) = target {
            match &target.row {
                Some(row) => drop(rows.insert(target.task_id.clone(), row.clone())),
                None => drop(elsewhere.insert(target.task_id.clone())),
            }
        }
    }
    if let Some(source) = plan.dataset.source.as_ref().filter(|_| !elsewhere.is_empty()) {
        let found = rows_of_file(source, resources)?;
        rows.extend(found.into_iter().filter(|(task_id, _)| elsewhere.contains(task_id)));
    }
    Ok(rows)
}

/// Every row of an asset, or of a file at this path.
pub(crate) fn rows_of_file(
    source: &str,
    (store, display): (&AssetStore, &Display),
) -> Result<HashMap<String, String>, EvalrunError> {
    let bytes = match assets::find(source) {
        Ok(asset) => file_bytes(store.fetch(asset, display)?.path())?,
        Err(_) => file_bytes(source.as_ref())?,
    };
    let bad = |reason: String| EvalrunError::Data { path: source.into(), reason };
    let text = String::from_utf8(unpacked(source, bytes)?).map_err(|err| bad(err.to_string()))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(idx, line)| {
            let name = task_id(line).ok_or_else(|| bad(format!("line {} has no task_id", idx + 1)));
            Ok((name?, line.to_owned()))
        })
        .collect()
}

/// The name in a row; the judge reads the rest.
fn task_id(row: &str) -> Option<String> {
    let row = tasks::python_json::parse(row.as_bytes()).ok()?;
    row.get("task_id")?.as_str().map(str::to_owned)
}
