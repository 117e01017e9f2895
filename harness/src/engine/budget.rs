//! What a run may use up before it ends.

use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

use results::{Price, Tokens};
use tasks::{Completion, Usage};

/// Characters of a token, roughly, for servers that report no counts.
const CHARS_PER_TOKEN: usize = 4;

/// Samples that must have ended before a share of failures means anything.
const MIN_ENDED: u64 = 20;

/// What all runs of one command may use up together.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    max_output_tokens: Option<u64>,
    max_cost: Option<(f64, Price)>,
    spent: Mutex<Tokens>,
}

impl Budget {
    pub(crate) fn new(max_output_tokens: Option<u64>, max_cost: Option<(f64, Price)>) -> Self {
        Self { max_output_tokens, max_cost, spent: Mutex::default() }
    }

    /// Counts a completion. Of several that came with one request the leader's counts for all of them.
    pub(super) fn spend(&self, completion: &Completion) {
        let (usage, is_counted) = match completion.shared {
            Some(shared) if shared.usage.is_some() => (shared.usage, !shared.is_leader),
            _ => (completion.usage, false),
        };
        match usage {
            _ if is_counted => (),
            Some(usage) => self.spend_tokens(usage),
            None => {
                let reasoning = completion.reasoning.as_ref().map_or(0, String::len);
                let n_tokens = (completion.text.len() + reasoning) / CHARS_PER_TOKEN;
                self.spend_tokens(Usage { completion_tokens: n_tokens as u64, ..Usage::default() });
            }
        }
    }

    /// Counts tokens.
    pub(super) fn spend_tokens(&self, usage: Usage) {
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        spent.prompt += usage.prompt_tokens;
        spent.completion += usage.completion_tokens;
        if let Some(cached) = usage.cached_tokens {
            spent.cached = Some(spent.cached.unwrap_or(0) + cached);
        }
    }

    /// Which limit is reached, in words.
    pub(super) fn reached(&self) -> Option<String> {
        let spent = *self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(most) = self.max_output_tokens.filter(|most| spent.completion >= *most) {
            return Some(format!(
                "{} tokens were generated, --max-output-tokens-total is {most}",
                spent.completion
            ));
        }
        let (most, price) = self.max_cost?;
        let cost = price.cost(spent);
        (cost >= most).then(|| format!("the answers cost {cost:.4}, --max-cost is {most}"))
    }
}

/// Failed samples after which a run ends: so many, or such a share of all that ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum MaxFailures {
    /// More than this many.
    Count(u64),
    /// More than this share, from 0 to 1.
    Share(f64),
}

impl MaxFailures {
    /// Whether `n_failed` of `n_ended` samples are too many.
    pub(super) fn is_exceeded(self, n_failed: u64, n_ended: u64) -> bool {
        match self {
            Self::Count(most) => n_failed > most,
            Self::Share(most) => n_ended >= MIN_ENDED && n_failed as f64 > most * n_ended as f64,
        }
    }
}

impl FromStr for MaxFailures {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refuse = || "a number such as 10, or a share such as 5%".to_owned();
        match text.strip_suffix('%') {
            Some(percent) => {
                let percent: f64 = percent.trim().parse().map_err(|_| refuse())?;
                let is_share = (0.0..=100.0).contains(&percent);
                if is_share { Ok(Self::Share(percent / 100.0)) } else { Err(refuse()) }
            }
            None => text.parse().map(Self::Count).map_err(|_| refuse()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::scripted::completion;
    use tasks::{SampleSeed, SharedRequest};

    #[test]
    fn a_budget_is_reached_by_what_was_used() {
        let check = |n_completions: usize, budget: &Budget, expected: Option<&str>| {
            for _ in 0..n_completions {
                budget.spend(&completion("four"));
            }
            assert_eq!(budget.reached().as_deref(), expected);
        };
        // A scripted completion has 2 tokens in and 3 out.
        let budget = Budget::new(Some(5), None);
        check(1, &budget, None);
        check(1, &budget, Some("6 tokens were generated, --max-output-tokens-total is 5"));
        let price = Price { input: 500_000.0, cached_input: None, output: 1_000_000.0 };
        let budget = Budget::new(None, Some((7.9, price)));
        check(1, &budget, None);
        check(1, &budget, Some("the answers cost 8.0000, --max-cost is 7.9"));
        check(99, &Budget::default(), None);
        let budget = Budget::new(Some(1), None);
        budget.spend(&Completion { usage: None, ..completion("four") });
        check(0, &budget, Some("1 tokens were generated, --max-output-tokens-total is 1"));
    }

    #[test]
    fn a_request_of_several_samples_is_spent_once() {
        let sum = Usage { prompt_tokens: 2, completion_tokens: 7, ..Usage::default() };
        let check = |usage, expected: Option<&str>| {
            let budget = Budget::new(Some(1), None);
            for (choice_idx, is_leader) in [(0, true), (1, false)] {
                let (n_choices, seed) = (2, SampleSeed(0));
                let shared = SharedRequest { id: 1, choice_idx, n_choices, seed, is_leader, usage };
                budget.spend(&Completion {
                    shared: Some(shared),
                    usage: None,
                    ..completion("four")
                });
            }
            assert_eq!(budget.reached().as_deref(), expected);
        };
        check(Some(sum), Some("7 tokens were generated, --max-output-tokens-total is 1"));
        check(None, Some("2 tokens were generated, --max-output-tokens-total is 1"));
    }

    #[test]
    fn too_many_failures_are_a_number_or_a_share() {
        let check = |text: &str, n_failed, n_ended, expected| {
            let most: MaxFailures = text.parse().expect("a limit");
            assert_eq!(most.is_exceeded(n_failed, n_ended), expected, "{text}");
        };
        check("0", 0, 50, false);
        check("0", 1, 1, true);
        check("3", 3, 3, false);
        check("5%", 1, 19, false);
        check("5%", 1, 20, false);
        check("5%", 2, 20, true);
        for wrong in ["", "-1", "101%", "%", "1.5", "nan%"] {
            assert!(wrong.parse::<MaxFailures>().is_err(), "{wrong}");
        }
    }
}
