//! The model's thread: takes jobs from a channel and decodes many of them together.
//!
//! Continuous batching: every step runs one token of each sequence under way, plus a piece of one
//! prompt, through the model. A sequence that ends leaves, and a waiting job takes its place. The
//! samples of an item share the keys and values of their prompt, which is computed once.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::Instant;

use rayon::prelude::*;
use serde_json::{Map, Value, json};
use tasks::{
    BackendError, Completion, Continuation, ContinuationScore, Message, Request, Role, TokenMeter,
};
use tokio::sync::oneshot;

use super::arch;
use super::chat::{Chat, ChatTemplate, TemplateError, render_chat};
use super::gguf::ModelError;
use super::kv::{Kv, Sequence};
use super::likelihood;
use super::model::{Model, Piece, Wanted};
use super::output::{Ended, Output};
use super::tokenizer::{self, Tokenizer};
use super::weights::{Checkpoint, Dtype};

/// Prompt tokens that join one step at most, so that sequences under way do not wait long.
const CHUNK: usize = 128;

/// Prompt tokens of one step where no sequence is under way.
const LONG_CHUNK: usize = 256;

/// Prompts kept after their last sample has started.
const KEPT_PROMPTS: usize = 2;

/// What the thread is asked.
pub(super) enum Asked {
    /// To complete a request.
    Completion(Job),
    /// How probable a text is.
    Score(Continuation, oneshot::Sender<Result<ContinuationScore, BackendError>>),
}

/// A request and where its completion goes.
pub(super) struct Job {
    pub(super) request: Request,
    pub(super) meter: Arc<TokenMeter>,
    pub(super) reply: oneshot::Sender<Result<Completion, BackendError>>,
}

/// The model with everything around it.
pub(super) struct Worker {
    model: Model,
    tokenizer: Tokenizer,
    template: Option<ChatTemplate>,
    limits: Limits,
}

/// What the worker may use.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Sequences decoded together at most.
    pub(super) n_sequences: usize,
    /// Bytes of keys and values at most.
    pub(super) kv_bytes: u64,
}

/// The state of the thread.
struct Batch<'a> {
    worker: &'a Worker,
    waiting: VecDeque<Waiting>,
    prompts: Vec<Prompt>,
    active: Vec<Active>,
}

/// A job that has been read but not started.
struct Waiting {
    job: Job,
    tokens: Vec<u32>,
    text: String,
    n_most: usize,
    arrived: Instant,
}

/// A prompt: being computed, or ready to be continued.
struct Prompt {
    tokens: Vec<u32>,
    progress: Progress,
}

enum Progress {
    /// Tokens before this sequence's end have been computed.
    Under(Sequence),
    /// All keys and values, and the logits after the last token.
    Ready(Arc<Kv>, Vec<f32>),
}

/// A sequence under way.
struct Active {
    job: Job,
    /// The prompt, then what has been chosen.
    tokens: Vec<u32>,
    /// `None` until the prompt is ready.
    sequence: Option<Sequence>,
    logits: Vec<f32>,
    output: Output,
    reserved_bytes: u64,
}

impl Worker {
    pub(super) fn load(path: &Path, dtype: Dtype, limits: Limits) -> Result<Self, ModelError> {
        let mut checkpoint = Checkpoint::open(path, dtype)?;
        let build = arch::of(&checkpoint)?;
        let tokenizer = Tokenizer::of(&checkpoint, path)?;
        let template = tokenizer::chat_template(&checkpoint, path)?;
        let model = build(&mut checkpoint)?;
        let template = template.as_deref().map(ChatTemplate::compile).transpose();
        let template = template.map_err(|err| ModelError::Template(err.to_string()))?;
        Ok(Self { model, tokenizer, template, limits })
    }

    pub(super) fn template_source(&self) -> Option<&str> {
        self.template.as_ref().map(ChatTemplate::source)
    }

    /// Whether the chat template tells the model of functions: whether it renders another text with one
    /// than without.
    pub(super) fn describes_tools(&self) -> bool {
        let Some(template) = &self.template else { return false };
        let parameters = json!({ "type": "object", "properties": {}, "required": [] });
        let function = json!({ "name": "look", "description": "Looks.", "parameters": parameters });
        let tool = json!({ "type": "function", "function": function });
        let messages = [Message::new(Role::User, "?")];
        let without = self.render(template, &messages, &[]);
        let with = self.render(template, &messages, &[tool]);
        matches!((with, without), (Ok(with), Ok(without)) if with != without)
    }

    pub(super) fn context_tokens(&self) -> u32 {
        u32::try_from(self.model.context_tokens()).unwrap_or(u32::MAX)
    }

    /// Answers jobs until nobody can send any.
    pub(super) fn serve(&self, jobs: &Receiver<Asked>) {
        let mut batch = Batch {
            worker: self,
            waiting: VecDeque::new(),
            prompts: Vec::new(),
            active: Vec::new(),
        };
        while batch.take_in(jobs) {
            batch.admit();
            batch.step();
        }
    }

    /// The prompt's text and tokens: the chat template's, or for a base model the messages one after
    /// the other.
    fn prompt(&self, request: &Request) -> Result<(String, Vec<u32>), BackendError> {
        let text = match &self.template {
            None => request.plain_prompt(),
            Some(template) => self
                .render(template, &request.messages, &request.tools)
                .map_err(|err| engine(format!("the chat template failed: {err}")))?,
        };
        let tokens = self.tokenizer.encode_prompt(&text).map_err(|err| engine(err.to_string()))?;
        let context_tokens = self.model.context_tokens();
        if tokens.is_empty() {
            return Err(engine("the prompt is empty".to_owned()));
        }
        if tokens.len() >= context_tokens {
            return Err(BackendError::ContextOverflow {
                prompt_tokens: tokens.len() as u64,
                context_tokens: context_tokens as u64,
            });
        }
        Ok((text, tokens))
    }

    /// A prompt that changes with the day is no measurement, so every template lives on one day.
    fn render(
        &self,
        template: &ChatTemplate,
        messages: &[Message],
        tools: &[Value],
    ) -> Result<String, TemplateError> {
        let tools = if tools.is_empty() { Value::Null } else { json!(tools) };
        let messages = messages.iter().map(|message| json!(message)).collect();
        let mut variables = Map::from_iter([("add_generation_prompt".to_owned(), json!(true))]);
        let tokens =
            [("bos_token", self.tokenizer.bos_text()), ("eos_token", self.tokenizer.eos_text())];
        for (name, text) in tokens {
            if let Some(text) = text {
                variables.insert(name.to_owned(), json!(text));
            }
        }
        let chat = Chat { messages, tools, variables, ..Chat::default() };
        render_chat(template, &chat, jiff::civil::date(2025, 1, 15).at(12, 0, 0, 0))
    }

    /// A sequence that will have `n_tokens` after the next step.
    fn empty_sequence(&self, n_tokens: usize) -> Sequence {
        let (own, reach) = (self.model.empty_memory(), self.model.reach(n_tokens));
        Sequence { prompt: None, own, reach }
    }
}

impl Batch<'_> {
    /// Collects jobs; waits for one only where there is nothing else to do. `false` at the end.
    fn take_in(&mut self, jobs: &Receiver<Asked>) -> bool {
        let is_idle = self.waiting.is_empty() && self.active.is_empty();
        if is_idle {
            let Ok(asked) = jobs.recv() else { return false };
            self.hear(asked);
        }
        loop {
            match jobs.try_recv() {
                Ok(asked) => self.hear(asked),
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => return true,
            }
        }
    }

    fn hear(&mut self, asked: Asked) {
        match asked {
            Asked::Completion(job) => self.read(job),
            Asked::Score(continuation, reply) => {
                let model = (&self.worker.model, &self.worker.tokenizer);
                drop(reply.send(likelihood::score(model, &continuation)));
            }
        }
    }

    /// Renders and tokenises a request.
    fn read(&mut self, job: Job) {
        let arrived = Instant::now();
        match self.worker.prompt(&job.request) {
            Ok((text, tokens)) => {
                let n_left = self.worker.model.context_tokens() - tokens.len();
                let n_most = (job.request.sampling.max_tokens as usize).min(n_left);
                self.waiting.push_back(Waiting { job, tokens, text, n_most, arrived });
            }
            // A job whose asker has gone needs no answer.
            Err(err) => drop(job.reply.send(Err(err))),
        }
    }

    /// Starts waiting jobs while there is room. Memory is reserved for the longest completion, so
    /// that a sequence that was started can always end.
    fn admit(&mut self) {
        let limits = self.worker.limits;
        while self.active.len() < limits.n_sequences
            && let Some(next) = self.waiting.front()
        {
            if next.job.reply.is_closed() {
                self.waiting.pop_front();
                continue;
            }
            let reserved_bytes = self.worker.model.memory_bytes(next.tokens.len() + next.n_most);
            let in_use: u64 = self.active.iter().map(|active| active.reserved_bytes).sum();
            let fits = in_use + reserved_bytes <= limits.kv_bytes;
            if !fits && !self.active.is_empty() {
                return;
            }
            let next = self.waiting.pop_front().expect("the queue has a front");
            if fits {
                self.start(next, reserved_bytes);
            } else {
                let reason = format!(
                    "the sequence needs {} MiB for keys and values, --memory allows {} MiB: raise it or lower --max-tokens",
                    reserved_bytes >> 20,
                    limits.kv_bytes >> 20
                );
                drop(next.job.reply.send(Err(engine(reason))));
            }
        }
    }

    fn start(&mut self, next: Waiting, reserved_bytes: u64) {
        if !self.prompts.iter().any(|prompt| prompt.tokens == next.tokens) {
            let progress = Progress::Under(self.worker.empty_sequence(next.tokens.len()));
            self.prompts.push(Prompt { tokens: next.tokens.clone(), progress });
        }
        let output = Output::new(&next.text, next.tokens.len(), next.n_most, next.arrived);
        self.active.push(Active {
            job: next.job,
            tokens: next.tokens,
            sequence: None,
            logits: Vec::new(),
            output,
            reserved_bytes,
        });
    }

    /// One step: sequences whose prompt is ready begin, every sequence chooses a token, and the
    /// tokens go through the model together with a piece of a prompt.
    fn step(&mut self) {
        self.begin_ready();
        self.choose();
        let mut pieces: Vec<Piece<'_>> = Vec::new();
        let mut decoding = Vec::new();
        for (idx, active) in self.active.iter_mut().enumerate() {
            let n_tokens = active.tokens.len();
            if let Some(sequence) = &mut active.sequence {
                // Where positions change for long texts, all of the sequence is computed anew.
                if self.worker.model.reach(n_tokens) != sequence.reach {
                    *sequence = self.worker.empty_sequence(n_tokens);
                }
                let tokens = &active.tokens[sequence.n_positions()..];
                pieces.push(Piece { sequence, tokens, logits: Wanted::Last });
                decoding.push(idx);
            }
        }
        let unfinished = self
            .prompts
            .iter_mut()
            .position(|prompt| matches!(prompt.progress, Progress::Under(_)));
        let mut is_complete = false;
        if let Some(idx) = unfinished
            && let Prompt { tokens, progress: Progress::Under(sequence) } = &mut self.prompts[idx]
        {
            let start = sequence.n_positions();
            let chunk = if decoding.is_empty() { LONG_CHUNK } else { CHUNK };
            let end = (start + chunk).min(tokens.len());
            is_complete = end == tokens.len();
            let logits = if is_complete { Wanted::Last } else { Wanted::Nothing };
            pieces.push(Piece { sequence, tokens: &tokens[start..end], logits });
        }
        if pieces.is_empty() {
            return;
        }
        let mut logits = self.worker.model.forward(&mut pieces);
        if let Some(idx) = unfinished.filter(|_| is_complete) {
            let last = logits.pop().expect("a complete prompt asks for logits");
            self.prompts[idx].complete(last);
        }
        for (idx, logits) in decoding.into_iter().zip(logits) {
            self.active[idx].logits = logits;
        }
    }

    /// Gives sequences whose prompt is ready its keys, values and logits, and forgets prompts that
    /// nobody waits for.
    fn begin_ready(&mut self) {
        let worker = self.worker;
        for active in self.active.iter_mut().filter(|active| active.sequence.is_none()) {
            let prompt = self.prompts.iter().find(|prompt| prompt.tokens == active.tokens);
            if let Some(Prompt { progress: Progress::Ready(kv, logits), .. }) = prompt {
                let sequence = worker.empty_sequence(active.tokens.len());
                active.sequence = Some(Sequence { prompt: Some(Arc::clone(kv)), ..sequence });
                active.logits.clone_from(logits);
            }
        }
        let active = &self.active;
        let is_needed = |prompt: &Prompt| {
            let waits = |a: &Active| a.sequence.is_none() && a.tokens == prompt.tokens;
            active.iter().any(waits)
        };
        while self.prompts.len() > KEPT_PROMPTS {
            let Some(idle) = self.prompts.iter().position(|prompt| !is_needed(prompt)) else {
                return;
            };
            self.prompts.remove(idle);
        }
    }

    /// Chooses the next token of every sequence that has logits, and answers jobs that ended.
    fn choose(&mut self) {
        let tokenizer = &self.worker.tokenizer;
        let ended: Vec<Option<Ended>> = self
            .active
            .par_iter_mut()
            .map(|active| {
                active.sequence.as_ref()?;
                let Request { sampling, seed, .. } = &active.job.request;
                let token = active.output.choose(&active.logits, (sampling, *seed), &active.tokens);
                active.tokens.push(token);
                active.job.meter.add(1);
                // Nobody waits for the rest of a job that was called off.
                let is_off = active.job.reply.is_closed();
                active.output.push(token, tokenizer, sampling).or(is_off.then_some(Ended::Length))
            })
            .collect();
        let mut ended = ended.into_iter();
        let (over, under_way) = self
            .active
            .drain(..)
            .map(|active| (active, ended.next().flatten()))
            .partition::<Vec<_>, _>(|(_, e)| e.is_some());
        self.active = under_way.into_iter().map(|(active, _)| active).collect();
        for (active, ended) in over {
            let completion = active.output.completion(ended.expect("it is over"));
            drop(active.job.reply.send(Ok(completion)));
        }
    }
}

impl Prompt {
    fn complete(&mut self, logits: Vec<f32>) {
        let Progress::Under(sequence) = &mut self.progress else { return };
        let kv = std::mem::take(&mut sequence.own);
        self.progress = Progress::Ready(Arc::new(kv), logits);
    }
}

fn engine(reason: String) -> BackendError {
    BackendError::Engine { reason }
}
