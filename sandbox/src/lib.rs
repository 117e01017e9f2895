//! Untrusted Python in WebAssembly, with limits that are counted and not timed.
//!
//! A [`Sandbox`] runs each [`Program`] in a fresh copy of one interpreter's memory. The program
//! sees no file of the host, no network, no real clock and no real randomness; every limit has a
//! name in [`Ended`]. Results leave as [`value::Value`]s made of built-in data, and whatever they
//! are compared with never enters the interpreter.

mod budget;
mod conversation;
mod error;
mod guest;
mod limits;
mod program;
mod runtime;
mod sandbox;
pub mod value;
mod wasi;

pub use error::SandboxError;
pub use limits::Limits;
pub use program::{
    Arguments, Call, Ended, Execution, Flow, Iterables, Observer, Outcome, Program, Progress,
    Raised, Report, Returned,
};
pub use runtime::{CompileProgress, Extension, PythonRuntime, RuntimeFiles};
pub use sandbox::Sandbox;
