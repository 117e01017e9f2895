//! What can go wrong before a program runs. What goes wrong in a program is its result, not an error.

use std::path::PathBuf;

use thiserror::Error;

use crate::value::EncodeError;

/// Why the sandbox could not be made or used. None of these is the candidate's doing.
#[derive(Debug, Error)]
pub enum SandboxError {
    /// A file of the runtime or of the cache could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The runtime is not a WebAssembly module of the shape expected.
    #[error("the Python runtime is not usable: {0}; fetch it again")]
    Module(String),
    /// The engine refused to compile or instantiate.
    #[error("the WebAssembly engine failed: {0}")]
    Engine(String),
    /// An argument of a call has no form in which it could be handed over.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// No thread could be started.
    #[error("no thread could be started for a program: {0}; allow more threads or fewer workers")]
    Thread(std::io::Error),
    /// The interpreter did not start.
    #[error("the Python interpreter did not start: {0}")]
    Boot(String),
}

impl SandboxError {
    pub(crate) fn file(path: &std::path::Path, source: std::io::Error) -> Self {
        Self::File { path: path.to_owned(), source }
    }

    pub(crate) fn engine(error: &wasmtime::Error) -> Self {
        Self::Engine(format!("{error:#}"))
    }
}
