//! From a finished transcript to a verdict.
//!
//! Purpose: find the answer in a completion and compare it with the target.
//!
//! Data flow: `Transcript` → visible text (`extract`) → `Answer` → `Verdict` (`check`), all in
//! [`Grader`].
//!
//! Invariants, as absences: nothing here prints, opens a socket, reads a clock or names a backend;
//! no text, however long or hostile, makes it panic or take more than linear time; and a completion
//! that ran into the token limit, or whose reasoning never ended, is never graded.

pub mod calls;
mod calls_grader;
pub mod check;
mod choice_grader;
pub mod code;
mod dialogue_grader;
pub mod extract;
mod instruction_grader;
pub mod instructions;
mod judge;
pub mod llm;
pub mod math;
mod math_grader;
pub mod math_reference;
mod once;
mod program_grader;

pub use calls_grader::CallsGrader;
pub use instruction_grader::InstructionGrader;
pub use judge::{GradeError, Grader, JUDGE_VERSION, judge_integer};
pub use math_grader::MathGrader;
pub use program_grader::ProgramGrader;
