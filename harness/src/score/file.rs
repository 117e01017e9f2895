//! JSON-lines files.

use std::fs;
use std::path::Path;

use serde::de::DeserializeOwned;

use crate::error::EvalrunError;

/// Reads every line that is not empty; an error names the file and the line.
pub(super) fn rows<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>, EvalrunError> {
    let text = fs::read_to_string(path)
        .map_err(|err| EvalrunError::File { path: path.to_owned(), reason: err.to_string() })?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(idx, line)| {
            serde_json::from_str(line).map_err(|err| EvalrunError::Samples {
                path: path.to_owned(),
                line: idx + 1,
                reason: err.to_string(),
            })
        })
        .collect()
}
