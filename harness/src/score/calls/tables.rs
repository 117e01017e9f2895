//! Upstream's tables of a model's scores.

use std::fs;
use std::path::Path;

use results::metric::calls::{Cost, ModelRow, Usage, leaderboard};

use super::Graded;
use super::summary::{scores, spread};
use crate::error::EvalrunError;

/// Writes the six tables into a folder, with the model named after the samples. What the result files
/// do not say is `N/A`; the cost is that of upstream's reference machine.
pub(super) fn write(folder: &Path, samples: &Path, graded: &[Graded]) -> Result<(), EvalrunError> {
    let name = samples.file_stem().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    let mut usage = Usage::default();
    for row in graded.iter().map(|graded| &graded.row.usage) {
        usage.latencies_s.extend(&row.latencies_s);
        usage.input_tokens.extend(&row.input_tokens);
        usage.output_tokens.extend(&row.output_tokens);
    }
    let unknown = || "N/A".to_owned();
    let model = ModelRow {
        // Upstream quotes nothing.
        name: name.replace([',', '\n'], " "),
        link: unknown(),
        organization: unknown(),
        license: unknown(),
        cost: Cost::Time,
        usage,
        scores: scores(graded, |verdict, _| verdict.is_ok()),
        sensitivity: spread(graded),
    };
    let fail = |err: std::io::Error| EvalrunError::Output {
        path: folder.to_owned(),
        reason: err.to_string(),
    };
    fs::create_dir_all(folder).map_err(fail)?;
    for table in leaderboard(&[model]) {
        fs::write(folder.join(table.file), table.csv()).map_err(fail)?;
    }
    Ok(())
}
