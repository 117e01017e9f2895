//! Answers as a judge, and the model itself in the next turn, gets to see them.

use tasks::{AnswerFacts, Completion};

use crate::extract::{ReasoningState, visible};

/// The answer without its reasoning and without white space around it, as `gen_model_answer.py` of
/// FastChat strips it. Reasoning that never ended leaves no answer.
pub fn visible_answer(completion: &Completion) -> String {
    let seen = visible(&completion.text, completion.reasoning_opened_by_template);
    match seen.reasoning {
        ReasoningState::Unclosed => String::new(),
        ReasoningState::Absent | ReasoningState::Closed => seen.text.trim().to_owned(),
    }
}

/// How long the visible answer is. Its tokens are known where the backend counts reasoning apart, or
/// where there is none.
pub fn visible_facts(completion: &Completion) -> AnswerFacts {
    let n_chars = visible_answer(completion).chars().count();
    let seen = visible(&completion.text, completion.reasoning_opened_by_template);
    let has_reasoning = completion.reasoning.is_some() || seen.reasoning != ReasoningState::Absent;
    let n_tokens = completion.usage.and_then(|usage| match usage.reasoning_tokens {
        Some(reasoning) => Some(usage.completion_tokens.saturating_sub(reasoning)),
        None => (!has_reasoning).then_some(usage.completion_tokens),
    });
    AnswerFacts { n_chars, n_tokens }
}
