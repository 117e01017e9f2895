//! Function calls, judged as BFCL v4 judges them.
//!
//! Data flow: stored reply → [`decode`] → calls → [`check`] against acceptable answers, or run and
//! compared in a conversation; every step on the host reads text and evaluates none. Upstream is
//! `bfcl-eval` 2026.3.23; its quirks are replicated and named where they are.

mod agentic;
pub mod check;
pub mod decode;
mod entry;
pub mod episode;
pub mod json;
mod memory;
pub mod multi_turn;
mod outside;
mod percent;
mod relevance;
pub mod reply;
mod text;
pub mod value;
mod verdict;

pub use agentic::judge as judge_agentic;
pub use entry::{
    AnswerError, Config, ConfigError, Entry, ExpectedCall, SingleTurn, expected_calls,
};
pub use memory::Memory;
pub use outside::{Outside, Surroundings, Wanted};
pub use relevance::judge as judge_relevance;
pub use verdict::{ErrorType, Failure, Judged};
