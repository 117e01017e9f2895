//! The run file, metrics and reports.
//!
//! Purpose: keep every sample durably, and derive every reported number from what was kept.
//!
//! Data flow: `SampleRecord` → [`run_file`] → [`ItemOutcomes`] → [`metric`] → [`Summary`] →
//! [`report`] or [`export`]; and two sides, each a run file or a baseline, → [`compare`] → [`gate`].
//!
//! Invariants, as absences: nothing here depends on judges, sandboxes or models, so an old run is
//! reported without any of them; nothing here reads the clock, the environment or the network, or
//! prints; and no number is reported without its n.

mod baseline;
pub mod compare;
pub mod error;
pub mod export;
pub mod gate;
mod judgment;
pub mod metric;
mod outcome;
mod plan;
pub mod rating;
mod record;
pub mod report;
pub mod run_file;
mod seal;
mod serving;
mod summary;

pub use baseline::{baseline, read_sides};
pub use error::{CompareError, StoreError};
pub use judgment::{
    JudgeConfig, JudgeMode, JudgeReply, JudgmentKey, JudgmentRecord, JudgmentResult, Opponent,
    Position, Setting, StoredJudge, StoredJudgment,
};
pub use outcome::{ItemOutcomes, Outcome, SampleOutcome};
pub use plan::{CallsPlan, DatasetPlan, Difference, Plan, Texts};
pub use record::{Failure, SampleRecord, SampleResult};
pub use run_file::{Happening, JudgmentWriter, RunFile, RunWriter, Session};
pub use serving::{Cause, Hedges, Percentiles, Price, Serving, SharedRequests};
pub use summary::{Counts, Disagreements, Figure, RunFacts, Summary, Tokens, summarize};
