//! What metrics see of a run: outcomes and votes, without texts.

use serde::{Deserialize, Serialize};
use tasks::{Detail, ItemId, Verdict};

/// The five ways a sample can end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The sample was graded.
    Judged(Verdict),
    /// Infrastructure failed; the sample has no score.
    Failed,
}

/// One sample as metrics see it.
#[derive(Debug, Clone, PartialEq)]
pub struct SampleOutcome {
    /// Which sample of its item.
    pub sample_idx: u32,
    /// How it ended.
    pub outcome: Outcome,
    /// The normal form of its answer, if it has one.
    pub vote: Option<String>,
    /// What its judge found beyond right or wrong.
    pub detail: Option<Detail>,
}

impl SampleOutcome {
    /// The score, where the sample was graded as right or wrong.
    pub fn score(&self) -> Option<f64> {
        match self.outcome {
            Outcome::Judged(verdict) => verdict.score(),
            Outcome::Failed => None,
        }
    }
}

/// All samples of one item, in the order of their indices.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemOutcomes {
    /// The item.
    pub item: ItemId,
    /// The values of the fields that the plan breaks figures down by, in the plan's order.
    pub labels: Vec<String>,
    /// Its samples so far.
    pub samples: Vec<SampleOutcome>,
}

impl ItemOutcomes {
    /// Scores of the graded samples.
    pub fn scores(&self) -> Vec<f64> {
        self.samples.iter().filter_map(SampleOutcome::score).collect()
    }
}
