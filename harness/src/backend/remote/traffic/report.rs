//! What a request that ended tells about its server.

use jiff::Timestamp;
use reqwest::header::HeaderMap;
use tasks::Usage;

use super::limit::Load;
use super::pool::{Life, Outcome};
use super::quota;

/// How a request ended, as far as its server is concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Report {
    /// A completion came.
    Answered {
        /// Milliseconds to the first token of a stream.
        first_token_ms: Option<u64>,
        /// Prompt and completion tokens, where they are known.
        n_tokens: Option<(u64, u64)>,
        /// Milliseconds during which the server's headers ask for rest.
        hold_ms: u64,
    },
    /// The server refused because it has too much to do: 429, 529, or 503 with a time to wait.
    Throttled {
        /// The time to wait, in milliseconds.
        hold_ms: u64,
    },
    /// No connection could be made, which tells nothing about how much the server can do.
    Unreachable {
        /// What happened.
        reason: String,
    },
    /// The server is not there, or has too much to do to show it: no answer in time, 502, 503, 504.
    Missing {
        /// What happened.
        reason: String,
    },
    /// The server answered, though with nothing that helps: an error, a refusal, garbage.
    Useless,
    /// The connection broke.
    Broken,
}

impl Report {
    /// The report on an answer that began after so long and came with `headers`.
    pub(crate) fn answered(
        (first_token_ms, usage): (Option<u64>, Option<Usage>),
        headers: &HeaderMap,
        n_tokens: f64,
    ) -> Self {
        Self::Answered {
            first_token_ms,
            n_tokens: usage.map(|usage| (usage.prompt_tokens, usage.completion_tokens)),
            hold_ms: quota::hold_ms(headers, n_tokens, Timestamp::now()),
        }
    }

    pub(super) fn outcome(&self) -> Outcome {
        match self {
            Self::Answered { first_token_ms, n_tokens, hold_ms } => Outcome {
                load: Load::Answered { first_token_ms: *first_token_ms },
                life: Life::Shown,
                hold_ms: *hold_ms,
                n_tokens: *n_tokens,
            },
            Self::Throttled { hold_ms } => Outcome {
                load: Load::Overloaded,
                life: Life::Shown,
                hold_ms: *hold_ms,
                n_tokens: Some((0, 0)),
            },
            Self::Unreachable { reason } => {
                Outcome { life: Life::Missed(reason.clone()), ..Outcome::unknown() }
            }
            Self::Missing { reason } => Outcome {
                load: Load::Overloaded,
                life: Life::Missed(reason.clone()),
                ..Outcome::unknown()
            },
            Self::Useless => Outcome { life: Life::Shown, ..Outcome::unknown() },
            Self::Broken => Outcome { load: Load::Broken, life: Life::Broke, ..Outcome::unknown() },
        }
    }
}
