//! Judging: language models rate the answers of a stored run.
//!
//! ```text
//! run file ─calls→ Call ─ask→ JudgmentRecord ─→ run file ─→ Ratings
//! ```
//!
//! It is a stage of its own after generation. Every judgment is durable before it counts, so that it can
//! be interrupted and continued like generation; and a judge that cannot be reached leaves failed
//! judgments, never a score.

mod ask;
mod bench;
mod calls;
mod cost;
mod reread;

pub(crate) use ask::{AskSettings, JudgingEnd, ask};
pub(crate) use bench::{Bench, Judge, JudgeSettings};
pub(crate) use calls::{Call, IMPORTED, answer_reader, pairs, singles};
pub(crate) use cost::{Cost, expected};
pub(crate) use reread::{n_changed, reread};
