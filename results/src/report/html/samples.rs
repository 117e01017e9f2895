//! The samples in a page, their texts cut to its size.

use std::collections::HashMap;

use serde::Serialize;
use tasks::{Completion, Item, ItemId, Message, Role, SampleKey};

use crate::report::ReportedRun;
use crate::report::sample_row::outcome_name;
use crate::{SampleRecord, SampleResult, StoreError};

/// A text, or its start and its end where it is too long.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(super) enum PageText {
    /// All of it.
    Whole(String),
    /// A text without its middle.
    Cut {
        /// Its start.
        head: String,
        /// Characters left out.
        n_cut: usize,
        /// Its end, where answers are.
        tail: String,
    },
}

impl PageText {
    /// The text in about `n_bytes` bytes: two thirds of them for the start.
    pub(super) fn new(text: String, n_bytes: usize) -> Self {
        if text.len() <= n_bytes {
            return Self::Whole(text);
        }
        let head = text.floor_char_boundary(n_bytes / 3 * 2);
        let tail = text.ceil_char_boundary(text.len() - n_bytes / 3).max(head);
        Self::Cut {
            n_cut: text[head..tail].chars().count(),
            head: text[..head].to_owned(),
            tail: text[tail..].to_owned(),
        }
    }
}

/// The messages of a prompt; samples of one item share one.
#[derive(Debug, Serialize)]
pub(super) struct PagePrompt(Vec<PageMessage>);

#[derive(Debug, Serialize)]
struct PageMessage {
    role: Role,
    text: PageText,
}

/// A sample in a page.
#[derive(Debug, Serialize)]
pub(super) struct PageSample {
    item: String,
    idx: u32,
    seed: u32,
    outcome: &'static str,
    gold: PageText,
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<PageText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vote: Option<PageText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<String>,
    /// Why the verdict is what it is, or what failed.
    why: PageText,
    turns: Vec<PageTurn>,
}

#[derive(Debug, Serialize)]
struct PageTurn {
    /// Which of the page's prompts.
    prompt: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning: Option<PageText>,
    text: PageText,
    finish: &'static str,
    /// Prompt tokens and generated tokens.
    tokens: Option<(u64, u64)>,
    latency_ms: u64,
}

/// Gathers samples, keeping each prompt once.
#[derive(Debug)]
pub(super) struct SampleShelf {
    n_bytes: usize,
    prompts: Vec<PagePrompt>,
    by_sha256: HashMap<String, usize>,
}

impl SampleShelf {
    /// An empty shelf whose texts take at most `n_bytes` each.
    pub(super) fn new(n_bytes: usize) -> Self {
        Self { n_bytes, prompts: Vec::new(), by_sha256: HashMap::new() }
    }

    /// The prompts of everything that was gathered.
    pub(super) fn into_prompts(self) -> Vec<PagePrompt> {
        self.prompts
    }

    /// The samples of a run with these keys, as far as they were attempted.
    pub(super) fn gather(
        &mut self,
        run: &ReportedRun<'_>,
        keys: &[SampleKey],
    ) -> Result<Vec<PageSample>, StoreError> {
        let items: HashMap<ItemId, Item> =
            run.file.items()?.into_iter().map(|item| (item.id.clone(), item)).collect();
        let mut samples = Vec::new();
        for key in keys {
            let Some(record) = run.record(key)? else { continue };
            let item = items.get(&key.item);
            let gold = item.map_or_else(String::new, |item| run.gold(&item.target, key.sample_idx));
            samples.push(self.sample(record, gold));
        }
        Ok(samples)
    }

    fn sample(&mut self, record: SampleRecord, gold: String) -> PageSample {
        let outcome = outcome_name(&record.result);
        let blank = PageSample {
            item: record.key.item.0,
            idx: record.key.sample_idx,
            seed: record.seed.0,
            outcome,
            gold: self.cut(gold),
            answer: None,
            vote: None,
            rule: None,
            why: PageText::Whole(String::new()),
            turns: Vec::new(),
        };
        match record.result {
            SampleResult::Failed(failure) => PageSample {
                why: self.cut(format!("{}: {}", failure.kind, failure.message)),
                ..blank
            },
            SampleResult::Judged { transcript, judgement } => {
                let (answer, vote, rule) = match judgement.answer {
                    tasks::Answer::Found { text, vote, rule } => {
                        (Some(self.cut(text)), Some(self.cut(vote)), Some(rule))
                    }
                    tasks::Answer::Whole | tasks::Answer::Missing => (None, None, None),
                };
                let turns = transcript.turns.into_iter().map(|turn| {
                    let prompt = self.prompt(turn.request.messages_sha256(), turn.request.messages);
                    self.turn(prompt, turn.completion)
                });
                let turns = turns.collect();
                let why = self.cut(judgement.explanation);
                PageSample { answer, vote, rule, why, turns, ..blank }
            }
        }
    }

    fn turn(&self, prompt: usize, completion: Completion) -> PageTurn {
        PageTurn {
            prompt,
            text: self.cut(completion.shown().into_owned()),
            reasoning: completion.reasoning.map(|text| self.cut(text)),
            finish: completion.finish.name(),
            tokens: completion.usage.map(|usage| (usage.prompt_tokens, usage.completion_tokens)),
            latency_ms: completion.timing.latency_ms,
        }
    }

    fn prompt(&mut self, sha256: String, messages: Vec<Message>) -> usize {
        if let Some(known) = self.by_sha256.get(&sha256) {
            return *known;
        }
        let message = |message: Message| PageMessage {
            role: message.role,
            text: self.cut(message.shown().into_owned()),
        };
        let prompt = PagePrompt(messages.into_iter().map(message).collect());
        self.prompts.push(prompt);
        self.by_sha256.insert(sha256, self.prompts.len() - 1);
        self.prompts.len() - 1
    }

    fn cut(&self, text: String) -> PageText {
        PageText::new(text, self.n_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_lose_their_middle_between_characters() {
        let check = |text: &str, n_bytes: usize, expected: (&str, usize, &str)| {
            let (head, n_cut, tail) = expected;
            let expected = match n_cut {
                0 => PageText::Whole(text.to_owned()),
                _ => PageText::Cut { head: head.to_owned(), n_cut, tail: tail.to_owned() },
            };
            assert_eq!(PageText::new(text.to_owned(), n_bytes), expected);
        };
        check("abcdef", 6, ("", 0, ""));
        check("abcdefghi", 6, ("abcd", 3, "hi"));
        check("ааааааааа", 9, ("ааа", 5, "а"));
        check("😀😀😀", 3, ("", 3, ""));
    }
}
