//! The vocabulary of evalrun.
//!
//! Purpose: name every stage between a data-set row and a verdict, and hold what is declarative
//! about a task: its file, its prompt, its rows.
//!
//! Data flow, each arrow a new type:
//!
//! ```text
//! row ─Dataset→ Item ─expand→ Sample ─Episode→ Request ─Backend→ Completion ─extract→ Answer ─judge→ Verdict
//! ```
//!
//! Invariants, as absences: this crate opens no socket, runs no model, starts no WebAssembly, reads no
//! clock and no environment variable, and knows nothing of the run file. It reads a file only when
//! asked to load a task file that a user names.

pub mod answer;
pub mod backend;
pub mod calls;
pub mod choice;
pub mod completion;
pub mod dataset;
mod digest;
pub mod episode;
pub mod error;
pub mod gpqa;
pub mod item;
pub mod judging;
pub mod prompt;
pub mod python_json;
pub mod request;
pub mod seed;
pub mod suite;
pub mod task;
mod task_file;
mod template;

pub use answer::{
    Answer, AnswerFacts, CallsOutcome, ChoiceOutcome, Detail, EquivalenceOutcome,
    InstructionOutcome, Judgement, ProgramOutcome, TestsOutcome, TestsStatus, Verdict,
};
pub use backend::{
    Backend, BackendError, BoxFuture, Capabilities, Company, Continuation, ContinuationScore,
    Fingerprint, Hedge, LogLikelihood, PromptStyle, Remark, Terms, TokenMeter, ToolSupport,
};
pub use completion::{Completion, Finish, SharedRequest, Timing, Usage};
pub use dataset::{Dataset, Layout, RowSource, RowSourceLocation};
pub use digest::hex;
pub use episode::{Episode, EpisodeKind, Step, Transcript, Turn, VisibleAnswer};
pub use error::TaskError;
pub use item::{
    ChoiceTarget, DialogueTarget, Item, ItemId, ProgramTarget, Sample, SampleKey, Target,
    TargetKind,
};
pub use judging::{PromptSet, Reading, Unparsed, Winner, n_rated_turns};
pub use prompt::Prompt;
pub use request::{Message, Request, Role, Sampling, ToolCall};
pub use seed::{SampleSeed, sample_seed};
pub use task::{
    BasePrompt, CodeBenchmark, CodeTests, ExtractorKind, JudgeKind, Language, MathJudge,
    MetricKind, SamplingDefaults, Split, Task, Temperatures, TextPolicy,
};
