//! Why a program could not be graded.

use std::sync::Arc;

use sandbox::SandboxError;
use thiserror::Error;

/// Why a program got no verdict. None of these says anything about the program.
#[derive(Debug, Error)]
pub enum CodeError {
    /// A row of the data set is not a problem.
    #[error("a row of the data set cannot be used: {0}; fetch the data set again")]
    Row(String),
    /// A field of a row is missing or of the wrong type.
    #[error("{task_id}: the field `{field}` is missing or malformed; fetch the data set again")]
    Field {
        /// The problem, or `row` where that is what is missing.
        task_id: String,
        /// The field's name.
        field: &'static str,
    },
    /// No problem of this name is in the data set.
    #[error("{0}: the data set has no such problem")]
    UnknownProblem(String),
    /// The canonical solution did not give a result for every input.
    #[error("{task_id}: the canonical solution gave no reference for {suite} inputs: {why}")]
    NoReference {
        /// The problem.
        task_id: String,
        /// `base` or `plus`.
        suite: &'static str,
        /// What happened instead.
        why: String,
    },
    /// The reference results were made from another version of the problem.
    #[error("{0}: the reference results belong to another version of it; compute them again")]
    ForeignReference(String),
    /// The machine was too slow or stuck; the sandbox gave up on the wall clock.
    #[error(
        "{task_id}: the program was stopped by the wall clock after {seconds:.0} s before any limit \
         that counts; grade it again with fewer workers"
    )]
    WallClock {
        /// The problem.
        task_id: String,
        /// How long it ran.
        seconds: f64,
    },
    /// Another sample with the same program met this.
    #[error(transparent)]
    Shared(Arc<CodeError>),
    /// The sandbox could not run a program at all.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
}

impl CodeError {
    /// Whether the machine is to blame, so that trying again may help.
    pub fn is_infrastructure(&self) -> bool {
        match self {
            Self::WallClock { .. } | Self::Sandbox(_) => true,
            Self::Shared(err) => err.is_infrastructure(),
            _ => false,
        }
    }
}
