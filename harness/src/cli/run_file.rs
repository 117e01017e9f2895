//! Finding and naming run files.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use results::{Difference, Plan, RunFile, StoreError};

use crate::error::EvalrunError;

/// The run file that `name` means: a path, or a name in `folder` with or without its ending.
pub(super) fn find(name: &Path, folder: &Path) -> PathBuf {
    let inside = folder.join(name);
    let with_ending = PathBuf::from(format!("{}.db", inside.display()));
    [name.to_owned(), inside, with_ending]
        .into_iter()
        .find(|path| path.is_file())
        .unwrap_or_else(|| name.to_owned())
}

/// Every file in `folder` that ends in `.db`, in order of names.
pub(super) fn list(folder: &Path) -> Result<Vec<PathBuf>, EvalrunError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(err) if err.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(err) => {
            let (path, reason) = (folder.to_owned(), err.to_string());
            return Err(StoreError::Open { path, reason }.into());
        }
    };
    let paths = entries.filter_map(Result::ok).map(|entry| entry.path());
    let mut paths: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|e| e == "db")).collect();
    paths.sort();
    Ok(paths)
}

/// What `folder` holds of a task's unfinished runs.
pub(super) enum Unfinished {
    /// None.
    Nothing,
    /// The newest one with this very plan.
    SamePlan(PathBuf),
    /// One with another plan, and where it differs.
    OtherPlan(PathBuf, Vec<Difference>),
}

/// Looks for an unfinished run of this plan's task and model. Files that cannot be read are no
/// obstacle: one damaged run must not hurt another.
pub(super) fn unfinished(folder: &Path, plan: &Plan) -> Result<Unfinished, EvalrunError> {
    let prefix = format!("{}-{}-", slug(&plan.task), slug(&plan.model.model));
    let is_candidate = |path: &PathBuf| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&prefix))
    };
    let mut found = Unfinished::Nothing;
    // Names end in the time, so the newest comes last.
    for path in list(folder)?.into_iter().filter(is_candidate) {
        match differences_if_unfinished(&path, plan) {
            Ok(Some(differences)) if differences.is_empty() => found = Unfinished::SamePlan(path),
            Ok(Some(differences)) if !matches!(found, Unfinished::SamePlan(_)) => {
                found = Unfinished::OtherPlan(path, differences);
            }
            Ok(_) | Err(_) => (),
        }
    }
    Ok(found)
}

fn differences_if_unfinished(
    path: &Path,
    plan: &Plan,
) -> Result<Option<Vec<Difference>>, StoreError> {
    let run = RunFile::open(path)?;
    Ok((!run.is_complete()?).then(|| run.plan().differences(plan)))
}

/// A new name: task, model, time and a few digits that make it unique.
pub(crate) fn new_path(folder: &Path, plan: &Plan) -> PathBuf {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let time = jiff::Timestamp::now().strftime("%Y%m%d-%H%M%S").to_string();
    let unique = (now.subsec_nanos() ^ std::process::id().rotate_left(16)) & 0xff_ffff;
    folder.join(format!("{}-{}-{time}-{unique:06x}.db", slug(&plan.task), slug(&plan.model.model)))
}

/// A text as part of a file name.
fn slug(text: &str) -> String {
    let keep =
        |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '-' };
    text.chars().map(keep).take(60).collect()
}
