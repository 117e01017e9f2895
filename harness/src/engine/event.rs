//! What the engine says.

use tasks::Hedge;

/// Everything that happens in a run, in one order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    /// The run begins, or goes on with samples of an earlier session.
    Started {
        /// Samples of the plan.
        n_planned: u64,
        /// Samples graded before.
        n_graded: u64,
        /// Of those, correct ones.
        n_correct: u64,
    },
    /// A graded sample is durable.
    Stored {
        /// Whether it is correct.
        is_correct: bool,
    },
    /// A sample failed, and that is durable.
    Failed {
        /// The item.
        item: String,
        /// Which attempt at it.
        sample_idx: u32,
        /// Why.
        reason: String,
    },
    /// A request is tried again.
    Retrying {
        /// The item.
        item: String,
        /// Which attempt at it.
        sample_idx: u32,
        /// The kind of error.
        cause: String,
        /// Why.
        reason: String,
        /// The wait before the next attempt.
        wait_ms: u64,
    },
    /// A request was sent a second time.
    Hedged(Hedge),
    /// The backend found out or changed something about how the model is asked.
    Remarked(String),
    /// Time passed.
    Tick {
        /// Tokens generated in this session.
        n_tokens: u64,
    },
    /// Nothing more will happen.
    Ended,
}

impl Event {
    /// The stable name used in the run file's events.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Retrying { .. } => "retry",
            Self::Hedged(_) => "hedge",
            Self::Remarked(_) => "remark",
            Self::Started { .. } => "started",
            Self::Stored { .. } => "stored",
            Self::Failed { .. } => "failed",
            Self::Tick { .. } => "tick",
            Self::Ended => "ended",
        }
    }

    /// The event in words, or as JSON where reports count with it, for the run file.
    pub(super) fn detail(&self) -> String {
        match self {
            Self::Retrying { item, sample_idx, cause, reason, wait_ms } => {
                format!("{cause}: {item} sample {sample_idx}: {reason}; waiting {wait_ms} ms")
            }
            Self::Hedged(hedge) => serde_json::to_string(hedge).expect("counts are plain data"),
            Self::Remarked(text) => text.clone(),
            other => format!("{other:?}"),
        }
    }
}
