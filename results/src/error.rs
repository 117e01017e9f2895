//! Errors of the run file, and of comparisons between runs.

use std::path::PathBuf;

use thiserror::Error;

use crate::compare::PlanDifference;
use crate::metric::ItemMetric;
use crate::plan::Difference;

/// What can go wrong with a run file.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The file cannot be created.
    #[error("cannot create the run file {path}: {reason}")]
    Create {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The file cannot be opened.
    #[error("cannot open {path}: {reason}")]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The file is no run file.
    #[error("{path} is not an evalrun run file (application id {found:#010x})")]
    NotARun {
        /// The file.
        path: PathBuf,
        /// The application id found in it.
        found: u32,
    },
    /// The file was written by a newer evalrun.
    #[error(
        "{path} has format version {found}; this evalrun reads up to {supported}: use a newer one"
    )]
    TooNew {
        /// The file.
        path: PathBuf,
        /// Its format version.
        found: u32,
        /// The newest version this build reads.
        supported: u32,
    },
    /// A read or write failed.
    #[error("{path}: {source}")]
    Database {
        /// The file.
        path: PathBuf,
        /// What `SQLite` said.
        source: rusqlite::Error,
    },
    /// A stored value does not mean anything to this build.
    #[error("{path}: {what} holds an unreadable value `{value}`")]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// Which value.
        what: String,
        /// The start of the value.
        value: String,
    },
    /// Another process is writing the run.
    #[error(
        "{path} is being written by another evalrun process; wait for it, or use --fresh to start a second run"
    )]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// The run was started with another plan.
    #[error("{path} was started with another plan, and samples of two plans are never mixed:\n{}", list(.differences))]
    OtherPlan {
        /// The file.
        path: PathBuf,
        /// What differs.
        differences: Vec<Difference>,
    },
    /// A report cannot be written where it should go.
    #[error("cannot write the report: {0}")]
    Output(#[from] std::io::Error),
}

fn list(differences: &[Difference]) -> String {
    differences.iter().map(|difference| format!("  {difference}")).collect::<Vec<_>>().join("\n")
}

/// What can go wrong with a comparison or a gate.
#[derive(Debug, Error)]
pub enum CompareError {
    /// A run file cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A baseline cannot be read.
    #[error("{path} is no run file and no baseline: {reason}")]
    Baseline {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A policy is not what its schema asks for.
    #[error("{file}:{line}: {message}{}", .nearest.as_ref().map(|n| format!("; did you mean `{n}`?")).unwrap_or_default())]
    Policy {
        /// The file.
        file: String,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong there.
        message: String,
        /// The nearest valid key, where a key is unknown.
        nearest: Option<String>,
    },
    /// The plans differ in what decides what a score means.
    #[error(
        "{a} and {b} are not comparable; they differ in\n{}\n--allow-different compares them all the same",
        .differences.iter().map(|d| format!("  {d}")).collect::<Vec<_>>().join("\n")
    )]
    Incomparable {
        /// The first run.
        a: String,
        /// The second run.
        b: String,
        /// What differs.
        differences: Vec<PlanDifference>,
    },
    /// A run has no scores of this metric.
    #[error("{label} has no scores of `{metric}`; it has: {known}")]
    NoMetric {
        /// The run.
        label: String,
        /// The metric asked for.
        metric: ItemMetric,
        /// Those it has.
        known: String,
    },
    /// Not one item can be compared.
    #[error("{a} and {b} have no graded item in common")]
    NoPairs {
        /// The first run.
        a: String,
        /// The second run.
        b: String,
    },
    /// Two runs of one task on one side.
    #[error("{first} and {second} are both runs of `{task}`: which one to take cannot be known")]
    Ambiguous {
        /// The task.
        task: String,
        /// One run.
        first: String,
        /// The other.
        second: String,
    },
}
