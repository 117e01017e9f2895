//! Grading of Python programs as `EvalPlus` grades them, on `HumanEval+` and `MBPP+`.
//!
//! Purpose: say for a program whether it passes a problem's base and plus tests.
//!
//! Data flow: row → [`CodeProblem`] → (canonical solution run in the sandbox) → [`Reference`] →
//! [`Grader`] → (program run in the sandbox) → [`CodeVerdict`].
//!
//! The rules are those of `EvalPlus` 0.3.1 (`evalplus/eval/__init__.py`) with the repair of
//! HumanEval/32 that upstream made afterwards (commit 6eb1e19). What differs by design: programs
//! are compared by the data they return, never by methods they define; and time limits are counted
//! in the sandbox's fuel, so that a verdict is the same on every machine.

mod compare;
mod error;
mod grade;
mod limits;
mod many;
mod mbpp_inputs;
mod problem;
pub(crate) mod python_json;
pub(crate) mod python_text;
mod reference;
mod rule;

pub use error::CodeError;
pub use grade::{CodeVerdict, Ending, Failure, Grader, Status, SuiteVerdict, Suites};
pub use limits::CodeLimits;
pub use many::{Graders, Submission, grade_many, references};
pub use problem::{CodeDataset, CodeProblem, row_sha256};
pub use reference::{Expectation, Expected, Reference, SuiteReference};
