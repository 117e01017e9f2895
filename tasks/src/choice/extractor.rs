//! The ways of finding the chosen letter in a reply.

use serde::{Deserialize, Serialize};

/// How the chosen letter is found. All but the first are rules of other harnesses, exactly as those
/// apply them, so that their figures can be reproduced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChoiceExtractor {
    /// The final answer, however it is spelt: our default.
    Choice,
    /// The first `Answer: $LETTER` (simple-evals, commit ee3b031, `gpqa_eval.py`).
    SimpleEvals,
    /// The last `ANSWER: $LETTER` (`inspect_ai`, commit 499e615, `solver/_multiple_choice.py`).
    Inspect,
    /// The last box, else the last `Answer: $LETTER` (NeMo-Skills, commit 8b18f399,
    /// `evaluation/evaluator/mcq.py`).
    Nemo,
    /// The first letter in parentheses after "answer" (the GPQA authors' `run_baseline.py`).
    GpqaRepo,
    /// The last letter in parentheses, else an option's text (lm-evaluation-harness 0.4.13,
    /// `flexible-extract` of `gpqa_*_cot_*` and `gpqa_*_generative_*`).
    LmEvalFlexible,
}

impl ChoiceExtractor {
    /// All extractors, ours first.
    pub const ALL: [Self; 6] = [
        Self::Choice,
        Self::SimpleEvals,
        Self::Inspect,
        Self::Nemo,
        Self::GpqaRepo,
        Self::LmEvalFlexible,
    ];

    /// The stable name in task files and run files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Choice => "choice",
            Self::SimpleEvals => "simple_evals",
            Self::Inspect => "inspect",
            Self::Nemo => "nemo",
            Self::GpqaRepo => "gpqa_repo",
            Self::LmEvalFlexible => "lm_eval_flexible",
        }
    }
}
