//! The text of one sequence while it is generated.

use std::time::Instant;

use judges::extract::{ReasoningState, visible};
use tasks::{Completion, Finish, SampleSeed, Sampling, Timing, Usage};

use super::sampler::{self, History};
use super::tokenizer::Tokenizer;

/// Characters at the end of a prompt in which a template may have opened a reasoning section.
const PROMPT_TAIL: usize = 200;

/// What has been generated.
pub(super) struct Output {
    bytes: Vec<u8>,
    n_prompt: usize,
    n_tokens: usize,
    n_most: usize,
    reasoning_opened: bool,
    started: Instant,
    first_token_ms: Option<u64>,
}

/// How a sequence ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// The model ended its turn, or a stop text came.
    Stop,
    /// No more tokens are allowed.
    Length,
}

impl Output {
    /// Nothing yet, after a prompt of `n_prompt` tokens; `n_most` may follow.
    pub(super) fn new(prompt: &str, n_prompt: usize, n_most: usize, started: Instant) -> Self {
        let reasoning_opened = opens_reasoning(prompt);
        Self {
            bytes: Vec::new(),
            n_prompt,
            n_tokens: 0,
            n_most,
            reasoning_opened,
            started,
            first_token_ms: None,
        }
    }

    /// The next token. It depends on the logits, the seed and how many tokens came before.
    /// `tokens` are the prompt's and those chosen so far.
    pub(super) fn choose(
        &self,
        logits: &[f32],
        (sampling, seed): (&Sampling, SampleSeed),
        tokens: &[u32],
    ) -> u32 {
        let (prompt, completion) = tokens.split_at(self.n_prompt);
        sampler::choose(logits, sampling, seed.0, History { prompt, completion })
    }

    /// Takes in a token and tells whether it was the last.
    pub(super) fn push(
        &mut self,
        token: u32,
        tokenizer: &Tokenizer,
        sampling: &Sampling,
    ) -> Option<Ended> {
        self.n_tokens += 1;
        if self.first_token_ms.is_none() {
            self.first_token_ms = Some(elapsed_ms(self.started));
        }
        if tokenizer.is_end(token) {
            return Some(Ended::Stop);
        }
        let n_before = self.bytes.len();
        self.bytes.extend_from_slice(tokenizer.bytes(token));
        if let Some(end) = stop_position(&self.bytes, n_before, &sampling.stop) {
            self.bytes.truncate(end);
            return Some(Ended::Stop);
        }
        (self.n_tokens >= self.n_most).then_some(Ended::Length)
    }

    /// The finished completion.
    pub(super) fn completion(self, ended: Ended) -> Completion {
        let finish = match ended {
            Ended::Stop => Finish::Stop,
            Ended::Length => Finish::Length,
        };
        let usage = Usage {
            prompt_tokens: self.n_prompt as u64,
            completion_tokens: self.n_tokens as u64,
            reasoning_tokens: None,
            cached_tokens: None,
        };
        Completion {
            text: String::from_utf8_lossy(&self.bytes).into_owned(),
            reasoning: None,
            tool_calls: Vec::new(),
            reasoning_opened_by_template: self.reasoning_opened,
            finish,
            usage: Some(usage),
            timing: Timing {
                latency_ms: elapsed_ms(self.started),
                first_token_ms: self.first_token_ms,
                n_attempts: 1,
            },
            shared: None,
        }
    }
}

/// Where the first stop text begins, looking only at what bytes after `n_before` can complete.
fn stop_position(bytes: &[u8], n_before: usize, stops: &[String]) -> Option<usize> {
    let found = stops.iter().filter(|stop| !stop.is_empty()).filter_map(|stop| {
        let from = n_before.saturating_sub(stop.len() - 1);
        let at = bytes[from..].windows(stop.len()).position(|window| window == stop.as_bytes());
        at.map(|at| from + at)
    });
    found.min()
}

/// Whether the prompt ends inside a reasoning section that the template opened.
fn opens_reasoning(prompt: &str) -> bool {
    let start = prompt.char_indices().rev().nth(PROMPT_TAIL).map_or(0, |(at, _)| at);
    visible(&prompt[start..], false).reasoning == ReasoningState::Unclosed
}

fn elapsed_ms(started: Instant) -> u64 {
    u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pieces: &[&str], stops: &[&str], expected: Option<&str>) {
        let stops: Vec<String> = stops.iter().map(|stop| (*stop).to_owned()).collect();
        let mut bytes = Vec::new();
        let found = pieces.iter().find_map(|piece| {
            let n_before = bytes.len();
            bytes.extend_from_slice(piece.as_bytes());
            stop_position(&bytes, n_before, &stops)
        });
        let text = found.map(|end| String::from_utf8_lossy(&bytes[..end]).into_owned());
        assert_eq!(text.as_deref(), expected, "{pieces:?} {stops:?}");
    }

    #[test]
    fn stop_texts_are_found_across_tokens() {
        check(&["one ", "two"], &["two"], Some("one "));
        check(&["one E", "N", "D more"], &["END"], Some("one "));
        check(&["a\n", "\nb"], &["\n\n"], Some("a"));
        check(&["abcabd"], &["abd", "ca"], Some("ab"));
        check(&["abc"], &["abcd", ""], None);
        check(&["д", "а"], &["а"], Some("д"));
    }

    #[test]
    fn open_reasoning_is_noticed_at_the_end_of_a_prompt() {
        assert!(opens_reasoning("<|im_start|>assistant\n<think>\n"));
        assert!(!opens_reasoning("<|im_start|>assistant\n<think>\n\n</think>\n\n"));
        assert!(!opens_reasoning("<|im_start|>assistant\n"));
    }
}
