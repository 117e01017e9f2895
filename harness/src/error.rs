//! The one place where errors meet exit codes.
//!
//! Policy: libraries have one error enum each and never print. Everything a person can cause or meet
//! becomes an [`EvalrunError`] with a message that says what happened, on what, and what to do next;
//! it is printed once, in `main_impl`. A bug panics.

use std::path::PathBuf;

use judges::code::CodeError;
use results::{CompareError, StoreError};
use sandbox::SandboxError;
use tasks::{BackendError, TaskError};
use thiserror::Error;

use crate::assets::AssetError;
use crate::exit_code::ExitCode;

/// An error with an exit code.
#[derive(Debug, Error)]
pub enum EvalrunError {
    /// The command line asks for something impossible.
    #[error("{0}")]
    Usage(String),
    /// A task, its data or its prompt.
    #[error(transparent)]
    Task(#[from] TaskError),
    /// No source of a task's data could be had.
    #[error(
        "no source of the data of task `{task}` can be had:\n{reasons}\n{}",
        crate::assets::OFFLINE_ADVICE
    )]
    NoData {
        /// The task.
        task: String,
        /// Each source with its reason.
        reasons: String,
    },
    /// An asset.
    #[error(transparent)]
    Asset(#[from] AssetError),
    /// The model cannot be loaded.
    #[error("cannot load the model {model}: {reason}")]
    Model {
        /// The model as named on the command line.
        model: String,
        /// Why.
        reason: String,
    },
    /// The endpoint refuses every request, or nothing but failures came back.
    #[error("the run was stopped: {source}\n{advice}")]
    Backend {
        /// The last error.
        source: BackendError,
        /// What to do.
        advice: String,
    },
    /// A run file.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A comparison or a gate.
    #[error(transparent)]
    Compare(#[from] CompareError),
    /// The sandbox cannot be made.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// Programs cannot be graded.
    #[error(transparent)]
    Programs(#[from] CodeError),
    /// Answers cannot be put before a judge.
    #[error("the judge cannot be asked: {0}")]
    Judge(String),
    /// The data of function calls cannot be used.
    #[error(transparent)]
    CallsData(#[from] crate::calls::BfclDataError),
    /// A conversation cannot be judged.
    #[error(transparent)]
    Conversation(#[from] judges::calls::multi_turn::ConversationError),
    /// The classes that calls run against cannot be loaded.
    #[error("the interpreter for function calls cannot be had: {0}")]
    Calls(String),
    /// A file of samples made elsewhere.
    #[error("{path}, line {line}: {reason}")]
    Samples {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// A file that the command names, or an asset, cannot be read.
    #[error("{path}: {reason}")]
    Input {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// A file that the command names can be read and does not hold what it should.
    #[error("{path}: {reason}")]
    Data {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A file other than a run file cannot be written.
    #[error("{path}: {reason}")]
    Output {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
}

impl EvalrunError {
    /// The exit code of this error.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Usage(_)
            | Self::Compare(
                CompareError::Incomparable { .. }
                | CompareError::NoMetric { .. }
                | CompareError::NoPairs { .. }
                | CompareError::Ambiguous { .. },
            )
            | Self::Store(StoreError::OtherPlan { .. })
            | Self::Task(TaskError::UnknownTask { .. } | TaskError::UnknownSplit { .. }) => {
                ExitCode::Usage
            }
            Self::Task(_)
            | Self::Programs(_)
            | Self::Samples { .. }
            | Self::Data { .. }
            | Self::Judge(_)
            | Self::CallsData(_)
            | Self::Conversation(_)
            | Self::Compare(CompareError::Policy { .. }) => ExitCode::Task,
            Self::NoData { .. }
            | Self::Asset(_)
            | Self::Sandbox(_)
            | Self::Calls(_)
            | Self::Input { .. } => ExitCode::Asset,
            Self::Model { .. } | Self::Backend { .. } => ExitCode::Backend,
            Self::Store(_)
            | Self::Output { .. }
            | Self::Compare(CompareError::Store(_) | CompareError::Baseline { .. }) => {
                ExitCode::Store
            }
        }
    }
}
