//! Errors of the run file.

use std::path::PathBuf;

use thiserror::Error;

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
