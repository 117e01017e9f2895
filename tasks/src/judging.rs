//! The vocabulary of language models that rate answers.

use serde::{Deserialize, Serialize};

/// The prompts that a judge is asked with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PromptSet {
    /// Those of the benchmark, unchanged: scores that can be compared with published ones.
    Upstream,
    /// Our own, which ask as well whether the answer is in the language of the question. Their
    /// scores are reported apart.
    Language,
}

impl PromptSet {
    /// The stable name on the command line and in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Upstream => "upstream",
            Self::Language => "language",
        }
    }
}

/// Which of two answers is better, by the names that the judge knows them by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Winner {
    /// The one shown first.
    A,
    /// The one shown second.
    B,
    /// Neither.
    Tie,
}

/// What was read from a judge's reply.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    /// One answer was rated.
    Rating {
        /// From 1 to 10.
        value: f64,
        /// Whether the answer is in the language of the question, where that was asked and said.
        in_language: Option<bool>,
    },
    /// Two answers were compared.
    Winner(Winner),
    /// The judge answered, but not in the form that it was asked for.
    Unparsed(Unparsed),
}

/// Why a judge's reply holds no rating.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unparsed {
    /// There is nothing of the form that was asked for.
    Missing,
    /// The same in a reply that ended at its token limit or was withheld in part.
    Truncated,
    /// A rating below 1 or above 10, which upstream would have taken.
    OutOfRange(f64),
    /// Digits that are no number in Python, such as `08`: upstream's run ends there.
    Unreadable(String),
}

impl Reading {
    /// The rating, where there is one.
    pub fn rating(&self) -> Option<f64> {
        match self {
            Self::Rating { value, .. } => Some(*value),
            Self::Winner(_) | Self::Unparsed(_) => None,
        }
    }

    /// The score as upstream writes it: without a check of its range, and −1 for none. Where
    /// upstream would have crashed the score is −1 too.
    pub fn upstream_score(&self) -> f64 {
        match self {
            Self::Rating { value, .. } | Self::Unparsed(Unparsed::OutOfRange(value)) => *value,
            Self::Winner(_) | Self::Unparsed(_) => -1.0,
        }
    }

    /// Whether the reply was of no use.
    pub fn is_unparsed(&self) -> bool {
        matches!(self, Self::Unparsed(_))
    }
}

/// How many of a dialogue's turns are rated. Upstream rates the first, and the second only where
/// there are exactly two (`gen_judgment.py`, `make_match_single`).
pub fn n_rated_turns(n_turns: usize) -> u32 {
    if n_turns == 2 { 2 } else { 1 }
}
