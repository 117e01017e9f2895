//! What was found in a completion, and what it is worth.

use serde::{Deserialize, Serialize};

/// The answer read from a completion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// An answer was found.
    Found {
        /// The text as the model wrote it.
        text: String,
        /// The normal form that consensus votes on; answers with one normal form are one vote.
        vote: String,
        /// The stable name of the extraction rule that found it, for the run file.
        rule: String,
    },
    /// The whole text is the answer, and there is nothing to vote on.
    Whole,
    /// No answer was found; never equal to any target.
    Missing,
}

impl Answer {
    /// The normal form to vote with, where there is an answer.
    pub fn vote(&self) -> Option<&str> {
        match self {
            Self::Found { vote, .. } => Some(vote),
            Self::Whole | Self::Missing => None,
        }
    }
}

/// The outcome of grading one finished sample. Infrastructure failures never get this far: a failed
/// sample has no verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The answer equals the target.
    Correct,
    /// An answer was found and it is wrong.
    Incorrect,
    /// The model finished, but no answer was found.
    Unparsed,
    /// The model ran into the token limit; whatever it had written by then is not graded.
    Truncated,
}

impl Verdict {
    /// The stable name used in run files and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Correct => "correct",
            Self::Incorrect => "incorrect",
            Self::Unparsed => "unparsed",
            Self::Truncated => "truncated",
        }
    }

    /// The verdict with this stable name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Correct, Self::Incorrect, Self::Unparsed, Self::Truncated]
            .into_iter()
            .find(|verdict| verdict.name() == name)
    }

    /// 1 for a correct sample and 0 for every other finished one.
    pub fn score(self) -> f64 {
        if self == Self::Correct { 1.0 } else { 0.0 }
    }
}

/// What a judge says of one sample.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// The graded answer; for a truncated sample `Missing`, whatever the text holds.
    pub answer: Answer,
    /// The outcome.
    pub verdict: Verdict,
    /// One short sentence for the person who asks why.
    pub explanation: String,
    /// What was found beyond right or wrong, for judges that look at several things.
    pub detail: Option<Detail>,
}

/// What a judge found beyond right or wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Detail {
    /// Whether each instruction of an item was followed, in the item's order.
    Instructions(Vec<InstructionOutcome>),
}

/// Whether one instruction was followed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstructionOutcome {
    /// The instruction's id, such as `keywords:existence`.
    pub id: String,
    /// By the response as it is.
    pub strict: bool,
    /// By one of its eight readings without first line, last line or stars.
    pub loose: bool,
    /// The same two for the instruction that was meant, in items with a known data error.
    pub corrected: Option<(bool, bool)>,
}
