//! Asking a judge: requests in flight, retries, the token limit, and the run file.

use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use judges::llm::{REMINDER, Wanted, read, visible_answer};
use results::{Failure, JudgeReply, JudgmentRecord, JudgmentResult, JudgmentWriter, Setting};
use tasks::{
    Backend, BackendError, Completion, Message, Request, Role, SampleSeed, Sampling, TokenMeter,
    sample_seed,
};
use tokio::task::JoinSet;

use super::bench::Judge;
use super::calls::Call;
use super::cost::{prompt_tokens, text_tokens};
use super::reread::wanted;
use crate::engine::Interrupts;
use crate::error::EvalrunError;

/// Judging stops when this many judgments in a row fail: the judge is down.
const MAX_FAILURES_IN_A_ROW: u32 = 20;

/// The longest wait between two attempts, whatever the server asks for.
const MAX_WAIT_MS: u64 = 60_000;

/// How a judge is asked; none of this can change a reply.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AskSettings {
    pub(crate) concurrency: usize,
    pub(crate) max_attempts: u32,
    /// The seed that the seeds of replies derive from.
    pub(crate) seed: u64,
}

/// How judging ended.
#[derive(Debug)]
pub(crate) enum JudgingEnd {
    /// Every question was asked.
    Done,
    /// Ctrl-C.
    Interrupted,
    /// The judge is of no use; what was done is kept.
    Stopped(BackendError),
    /// The tokens that it may spend are spent; what was done is kept.
    Spent,
}

/// Asks `calls` and stores every judgment before it is shown as done. `n_tokens` is what is left to
/// spend, and is reduced by what was spent.
pub(crate) async fn ask(
    judge: &Judge,
    calls: Vec<Call>,
    (settings, tokens_left): (AskSettings, &Cell<Option<u64>>),
    mut writer: JudgmentWriter,
    mut show: impl FnMut(usize),
) -> Result<JudgingEnd, EvalrunError> {
    let asker = Asker::new(judge, settings);
    let mut flight = Flight::new(calls, tokens_left.get(), asker.ceiling());
    let mut interrupts = Interrupts::listen();
    let mut n_done = 0;
    loop {
        while flight.asked.len() < settings.concurrency
            && let Some(call) = flight.next()
        {
            let asker = asker.clone();
            flight.asked.spawn(async move { asker.judgment(call).await });
        }
        let ended = tokio::select! {
            ended = flight.asked.join_next() => ended,
            () = interrupts.first() => {
                flight.stop(JudgingEnd::Interrupted);
                continue;
            }
        };
        let Some(ended) = ended else { break };
        let mut batch = vec![ended];
        while let Some(more) = flight.asked.try_join_next() {
            batch.push(more);
        }
        let mut records = Vec::new();
        for ended in batch {
            match ended {
                Ok(ended) => records.push(flight.land(ended)),
                Err(err) if err.is_cancelled() => (),
                Err(err) => std::panic::resume_unwind(err.into_panic()),
            }
        }
        writer.append(&records)?;
        n_done += records.len();
        show(n_done);
    }
    tokens_left.set(flight.tokens_left);
    writer.finish()?;
    // Whoever pressed Ctrl-C while the last judgments were stored wants nothing more to begin.
    Ok(if interrupts.end() { JudgingEnd::Interrupted } else { flight.end })
}

/// Questions waiting and questions under way.
struct Flight {
    waiting: VecDeque<Call>,
    asked: JoinSet<Ended>,
    end: JudgingEnd,
    /// What may be spent besides what is set aside for questions under way.
    tokens_left: Option<u64>,
    ceiling: Ceiling,
    n_failures_in_a_row: u32,
    has_answered: bool,
}

/// A judgment that ended, what it cost, and what had been set aside for it.
struct Ended {
    record: JudgmentRecord,
    error: Option<BackendError>,
    n_tokens: u64,
    n_set_aside: u64,
}

/// The most tokens that a question can take.
#[derive(Clone, Copy)]
struct Ceiling {
    n_replies: u64,
    n_reply_tokens: u64,
}

impl Ceiling {
    fn of(self, messages: &[Message]) -> u64 {
        self.n_replies * (prompt_tokens(messages) + self.n_reply_tokens)
    }
}

impl Flight {
    fn new(calls: Vec<Call>, tokens_left: Option<u64>, ceiling: Ceiling) -> Self {
        Self {
            waiting: calls.into(),
            asked: JoinSet::new(),
            end: JudgingEnd::Done,
            tokens_left,
            ceiling,
            n_failures_in_a_row: 0,
            has_answered: false,
        }
    }

    /// The next question, if it can be paid for however long the reply gets.
    fn next(&mut self) -> Option<Call> {
        let n_tokens = self.ceiling.of(&self.waiting.front()?.question.messages);
        if let Some(left) = &mut self.tokens_left {
            let Some(rest) = left.checked_sub(n_tokens) else {
                // A question under way may give back some of what is set aside for it.
                if self.asked.is_empty() {
                    self.waiting.clear();
                    self.end = JudgingEnd::Spent;
                }
                return None;
            };
            *left = rest;
        }
        self.waiting.pop_front()
    }

    fn land(&mut self, ended: Ended) -> JudgmentRecord {
        if let Some(left) = &mut self.tokens_left {
            *left = (*left + ended.n_set_aside).saturating_sub(ended.n_tokens);
        }
        match ended.error {
            None => (self.has_answered, self.n_failures_in_a_row) = (true, 0),
            Some(error) => {
                self.n_failures_in_a_row += u32::from(error.is_outage());
                let is_down = matches!(error, BackendError::Down { .. });
                let is_refused = error.is_about_the_endpoint(self.has_answered);
                if is_down || is_refused || self.n_failures_in_a_row >= MAX_FAILURES_IN_A_ROW {
                    self.stop(JudgingEnd::Stopped(error));
                }
            }
        }
        ended.record
    }

    /// Starts nothing more and calls off what is under way; it is asked again on resume. The first
    /// reason to stop counts.
    fn stop(&mut self, end: JudgingEnd) {
        self.waiting.clear();
        self.asked.abort_all();
        if matches!(self.end, JudgingEnd::Done | JudgingEnd::Spent) {
            self.end = end;
        }
    }
}

/// What every question of a judge shares.
#[derive(Clone)]
struct Asker {
    backend: Arc<dyn Backend>,
    sampling: Sampling,
    wanted: Wanted,
    reminds: bool,
    settings: AskSettings,
    meter: Arc<TokenMeter>,
}

impl Asker {
    fn new(judge: &Judge, settings: AskSettings) -> Self {
        Self {
            backend: Arc::clone(&judge.backend),
            sampling: judge.config.sampling.clone(),
            wanted: wanted(&judge.config),
            reminds: judge.config.reminds,
            settings,
            meter: Arc::new(TokenMeter::default()),
        }
    }

    fn ceiling(&self) -> Ceiling {
        Ceiling {
            n_replies: 1 + u64::from(self.reminds),
            n_reply_tokens: u64::from(self.sampling.max_tokens),
        }
    }

    async fn judgment(self, call: Call) -> Ended {
        let n_set_aside = self.ceiling().of(&call.question.messages);
        let seed = self.seed(&call);
        let mut n_tokens = 0;
        let (result, error) = match self.reply(&call.question.messages, seed, &mut n_tokens).await {
            Ok(reply) => (JudgmentResult::Read(Box::new(reply)), None),
            Err(error) => (JudgmentResult::Failed(Failure::from(&error)), Some(error)),
        };
        let record = JudgmentRecord {
            key: call.key,
            template: call.question.template,
            messages: call.question.messages,
            result,
            finished_at: crate::now(),
        };
        Ended { record, error, n_tokens, n_set_aside }
    }

    /// The seed of a reply, from what identifies the question and which reply to it is meant.
    fn seed(&self, call: &Call) -> SampleSeed {
        let key = &call.key;
        let position = match &key.setting {
            Setting::Alone => "alone".to_owned(),
            Setting::Against { opponent, position } => format!("{opponent} {position:?}"),
        };
        let item =
            format!("{} {} turn {} {position}", key.sample.item, key.sample.sample_idx, key.turn);
        sample_seed(self.settings.seed, "judge", &item, key.judge_sample_idx)
    }

    /// A reply, and a second one after a reminder where the first cannot be read and that is allowed.
    async fn reply(
        &self,
        messages: &[Message],
        seed: SampleSeed,
        n_tokens: &mut u64,
    ) -> Result<JudgeReply, BackendError> {
        let first = self.complete(messages.to_vec(), seed, n_tokens).await?;
        let reading = read(self.wanted, &first);
        if !self.reminds || !reading.is_unparsed() {
            return Ok(JudgeReply { reply: first, first_reply: None, reading });
        }
        let mut messages = messages.to_vec();
        messages.push(Message::new(Role::Assistant, visible_answer(&first)));
        messages.push(Message::new(Role::User, REMINDER));
        let second = self.complete(messages, seed, n_tokens).await?;
        let reading = read(self.wanted, &second);
        Ok(JudgeReply { reply: second, first_reply: Some(first), reading })
    }

    /// Asks until a reply comes, the error is final, or the attempts are used up.
    async fn complete(
        &self,
        messages: Vec<Message>,
        seed: SampleSeed,
        n_tokens: &mut u64,
    ) -> Result<Completion, BackendError> {
        let request =
            Request { messages, tools: Vec::new(), sampling: self.sampling.clone(), seed };
        let retries_help = !self.backend.capabilities().deterministic;
        let mut n_attempts = 1;
        loop {
            match self.backend.complete(&request, &self.meter).await {
                Ok(mut completion) => {
                    completion.timing.n_attempts = n_attempts;
                    *n_tokens += spent(&request, &completion);
                    return Ok(completion);
                }
                Err(error) => {
                    let is_last = n_attempts >= self.settings.max_attempts;
                    if !retries_help || is_last || !error.is_transient() {
                        return Err(error);
                    }
                    tokio::time::sleep(wait(&error, n_attempts)).await;
                    n_attempts += 1;
                }
            }
        }
    }
}

/// Tokens as the backend counts them, or estimated where it does not.
fn spent(request: &Request, completion: &Completion) -> u64 {
    match completion.usage {
        Some(usage) => usage.prompt_tokens + usage.completion_tokens,
        None => prompt_tokens(&request.messages) + text_tokens(&completion.text),
    }
}

/// Half a second doubled with every attempt, or what the server asks for where that is longer; a minute
/// at most.
fn wait(error: &BackendError, n_attempts: u32) -> Duration {
    let backoff_ms = 500_u64 << (n_attempts - 1).min(10);
    let wait_ms = match error {
        BackendError::Unavailable { retry_after_ms: Some(wait_ms), .. } => {
            (*wait_ms).max(backoff_ms)
        }
        _ => backoff_ms,
    };
    Duration::from_millis(wait_ms.min(MAX_WAIT_MS))
}
