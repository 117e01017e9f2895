//! What grading of programs needs: problems, the interpreter, and the results of canonical solutions.

mod interpreter;
mod math;
mod references;
mod rows;

use std::collections::HashMap;

use judges::code::{CodeDataset, CodeLimits, Graders};
use sandbox::Sandbox;
use tasks::CodeBenchmark;

use crate::assets::AssetStore;
use crate::display::Display;
use crate::error::EvalrunError;

pub(crate) use interpreter::{Interpreter, runtime};
pub(crate) use math::{Needs, math_reference};
pub(crate) use rows::{rows_of_file, rows_of_targets};

/// The data set that a benchmark's problems come from.
pub(crate) fn dataset(benchmark: CodeBenchmark) -> CodeDataset {
    match benchmark {
        CodeBenchmark::Humaneval => CodeDataset::HumanEval,
        CodeBenchmark::Mbpp => CodeDataset::Mbpp,
    }
}

/// Graders for the problems in `rows`, by problem. Results of canonical solutions that are not at
/// hand are computed.
pub(crate) fn graders(
    benchmark: CodeBenchmark,
    rows: HashMap<String, String>,
    sandbox: &Sandbox,
    resources: (&AssetStore, &Display),
) -> Result<Graders, EvalrunError> {
    let dataset = dataset(benchmark);
    let references = references::of(dataset, &rows, sandbox, resources)?;
    Ok(Graders::new(dataset, rows, references, CodeLimits::default()))
}
