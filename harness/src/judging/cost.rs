//! What judging will cost, before it starts.

use std::fmt;
use std::sync::Arc;

use results::Plan;
use tasks::{Item, Message, Target, n_rated_turns};

use super::bench::Judge;
use super::calls::Call;
use crate::error::EvalrunError;

/// Bytes of a prompt that count as one token. Tokenizers of today need about four Latin letters or two
/// Cyrillic ones, which have two bytes each, so that one rule does for both.
const BYTES_PER_TOKEN: u64 = 4;

/// Tokens and calls of a judge, estimated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_field_names, reason = "n_ marks counts throughout")]
pub(crate) struct Cost {
    pub(crate) n_calls: u64,
    /// Tokens of the prompts.
    pub(crate) n_prompt_tokens: u64,
    /// The same if every answer that is not there yet were empty.
    pub(crate) n_least_prompt_tokens: u64,
    /// Tokens of the replies if each runs to its limit.
    pub(crate) n_reply_tokens: u64,
}

/// An estimate of a text's tokens.
pub(crate) fn text_tokens(text: &str) -> u64 {
    (text.len() as u64).div_ceil(BYTES_PER_TOKEN)
}

/// An estimate of a prompt's tokens.
pub(super) fn prompt_tokens(messages: &[Message]) -> u64 {
    messages.iter().map(|message| text_tokens(&message.content)).sum()
}

/// The cost of rating the answers of a run before there are any: each counts with the tokens that it may
/// have.
pub(crate) fn expected(
    judge: &Judge,
    n_replies: u32,
    (plan, items): (&Plan, &[Arc<Item>]),
) -> Result<Cost, EvalrunError> {
    let limit = plan.sampling.max_tokens - plan.reasoning_tokens.unwrap_or(0);
    let (mut n_calls, mut n_least, mut n_shown) = (0, 0, 0);
    for item in items {
        let Target::Dialogue(target) = &item.target else { continue };
        let rated = judge.dialogue(target);
        let empty = vec![String::new(); target.turns.len()];
        for turn in 1..=n_rated_turns(target.turns.len()) {
            let question = judge.prompts.single(&rated, &empty, turn);
            let question = question.map_err(|err| EvalrunError::Judge(err.to_string()))?;
            n_calls += 1;
            n_least += prompt_tokens(&question.messages);
            n_shown += u64::from(turn);
        }
    }
    let times = u64::from(plan.n_samples) * u64::from(n_replies);
    Ok(Cost {
        n_calls: n_calls * times,
        n_prompt_tokens: (n_least + n_shown * u64::from(limit)) * times,
        n_least_prompt_tokens: n_least * times,
        n_reply_tokens: n_calls * times * u64::from(judge.config.sampling.max_tokens),
    })
}

impl Cost {
    /// The cost of these questions.
    pub(crate) fn of(calls: &[Call], judge: &Judge) -> Self {
        let prompts = calls.iter().map(|call| prompt_tokens(&call.question.messages));
        let n_prompt_tokens = prompts.sum();
        let n_calls = calls.len() as u64;
        Self {
            n_calls,
            n_prompt_tokens,
            n_least_prompt_tokens: n_prompt_tokens,
            n_reply_tokens: n_calls * u64::from(judge.config.sampling.max_tokens),
        }
    }

    /// Refuses what cannot be paid for; `advice` says what besides a higher limit would help.
    pub(crate) fn check(&self, limit: Option<u64>, advice: &str) -> Result<(), EvalrunError> {
        match limit {
            Some(limit) if self.n_least_prompt_tokens > limit => Err(EvalrunError::Usage(format!(
                "--max-judge-tokens {limit}: the judge's prompts alone have about {} tokens \
                     ({} calls); allow more{advice}",
                self.n_least_prompt_tokens, self.n_calls
            ))),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} calls, about {} prompt tokens (bytes ÷ {BYTES_PER_TOKEN}), at most {} reply tokens",
            self.n_calls, self.n_prompt_tokens, self.n_reply_tokens
        )
    }
}
