//! `evalrun score`: grades responses that were made elsewhere, in the benchmark's own file format.

mod file;
pub(crate) mod instructions;

use std::path::Path;

use comfy_table::Table;
use serde_json::Value;

use crate::assets::AssetStore;
use crate::display::Display;
use crate::error::EvalrunError;

/// Benchmarks whose response files can be graded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ScoreTask {
    /// `IFEval`: rows of `prompt` and `response`.
    Ifeval,
    /// ruIFEval: rows of `prompt` and `response`.
    Ruifeval,
}

/// What grading a file gave.
pub(crate) struct Scored {
    /// One line for each row of the file, in its order.
    pub(crate) lines: Vec<Value>,
    /// The figures for people.
    pub(crate) table: Table,
    /// The figures for machines.
    pub(crate) summary: Value,
}

/// Grades the response file at `samples`.
pub(crate) fn score(
    task: ScoreTask,
    samples: &Path,
    resources: (&AssetStore, &Display),
) -> Result<Scored, EvalrunError> {
    match task {
        ScoreTask::Ifeval => {
            instructions::score(judges::instructions::Language::English, samples, resources)
        }
        ScoreTask::Ruifeval => {
            instructions::score(judges::instructions::Language::Russian, samples, resources)
        }
    }
}
