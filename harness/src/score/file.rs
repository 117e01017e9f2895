//! JSON-lines files.

use std::fs;
use std::path::Path;

use rayon::prelude::*;
use serde::de::DeserializeOwned;

use crate::error::EvalrunError;

/// As [`numbered`], of a file that has some: without any there is nothing to grade, and figures over nothing
/// would look like a result.
pub(super) fn responses<T: DeserializeOwned + Send>(
    path: &Path,
) -> Result<Vec<(usize, T)>, EvalrunError> {
    let rows = numbered(path)?;
    if rows.is_empty() {
        return Err(none(path));
    }
    Ok(rows)
}

/// There is nothing to grade.
pub(super) fn none(path: &Path) -> EvalrunError {
    EvalrunError::Data { path: path.to_owned(), reason: "there are no responses in it".to_owned() }
}

/// Reads every line that is not empty; an error names the file and the line.
pub(super) fn rows<T: DeserializeOwned + Send>(path: &Path) -> Result<Vec<T>, EvalrunError> {
    Ok(numbered(path)?.into_iter().map(|(_, row)| row).collect())
}

/// The same with the numbers of the lines.
fn numbered<T: DeserializeOwned + Send>(path: &Path) -> Result<Vec<(usize, T)>, EvalrunError> {
    let text = fs::read_to_string(path)
        .map_err(|err| EvalrunError::Input { path: path.to_owned(), reason: err.to_string() })?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let lines: Vec<(usize, &str)> = lines.collect();
    let read = |(idx, line): (usize, &str)| {
        let row = serde_json::from_str(line).map_err(|err| EvalrunError::Samples {
            path: path.to_owned(),
            line: idx + 1,
            reason: err.to_string(),
        });
        row.map(|row| (idx + 1, row))
    };
    // Collected in order first, so that the first bad line is the one that is named.
    let rows: Vec<Result<(usize, T), EvalrunError>> = lines.into_par_iter().map(read).collect();
    rows.into_iter().collect()
}
