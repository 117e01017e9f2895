//! One choice of an answer while it is put together.

use std::time::Instant;

use serde::Deserialize;
use tasks::{BackendError, Completion, Finish, Timing, Usage};

use super::calls::{CallPiece, Calls};

/// What a part of an answer adds to a choice; both paths of the API fit.
#[derive(Deserialize)]
pub(super) struct ChoicePart {
    #[serde(default)]
    pub(super) index: u32,
    delta: Option<Piece>,
    message: Option<Piece>,
    text: Option<String>,
    pub(super) finish_reason: Option<String>,
}

#[derive(Default, Deserialize)]
struct Piece {
    content: Option<String>,
    reasoning_content: Option<String>,
    reasoning: Option<String>,
    tool_calls: Option<Vec<CallPiece>>,
}

/// What has arrived of a choice.
#[derive(Debug)]
pub(super) struct Choice {
    text: String,
    reasoning: String,
    calls: Calls,
    pub(super) finish: Option<Finish>,
    first_token: Option<Instant>,
    /// When the last part came.
    latest: Instant,
    /// Parts that brought text.
    pub(super) n_texts: u64,
    /// Parts that brought text, or the end.
    pub(super) n_parts: u64,
}

impl Choice {
    /// One of which nothing has arrived.
    pub(super) fn new(started: Instant) -> Self {
        Self {
            text: String::new(),
            reasoning: String::new(),
            calls: Calls::default(),
            finish: None,
            first_token: None,
            latest: started,
            n_texts: 0,
            n_parts: 0,
        }
    }

    /// Bytes collected so far.
    pub(super) fn n_bytes(&self) -> usize {
        self.text.len() + self.reasoning.len() + self.calls.n_bytes()
    }

    /// Takes in what came at the time `now`, and tells whether it brought text.
    pub(super) fn add(
        &mut self,
        part: ChoicePart,
        finish: Option<Finish>,
        now: Instant,
    ) -> Result<bool, BackendError> {
        let n_before = self.n_bytes();
        // A chat has pieces and a plain completion a text; no server sends both.
        self.text += part.text.as_deref().unwrap_or("");
        let piece = part.delta.or(part.message).unwrap_or_default();
        self.text += piece.content.as_deref().unwrap_or("");
        let reasoning = piece.reasoning_content.or(piece.reasoning);
        self.reasoning += reasoning.as_deref().unwrap_or("");
        for piece in piece.tool_calls.into_iter().flatten() {
            self.calls.add(piece)?;
        }
        let brought_text = self.n_bytes() > n_before;
        if brought_text && self.first_token.is_none() {
            self.first_token = Some(now);
        }
        self.n_texts += u64::from(brought_text);
        self.n_parts += u64::from(brought_text || finish.is_some());
        self.finish = finish.or(self.finish);
        self.latest = now;
        Ok(brought_text)
    }

    /// The completion, or nothing where the end is missing. It took as long as its own last part, or as
    /// the whole answer where that is given.
    pub(super) fn completion(
        self,
        (started, ended): (Instant, Option<Instant>),
        usage: Option<Usage>,
    ) -> Result<Option<Completion>, BackendError> {
        let Some(finish) = self.finish else { return Ok(None) };
        let since_start = |at: Instant| {
            let wait_ms = at.duration_since(started).as_millis();
            u64::try_from(wait_ms).unwrap_or(u64::MAX)
        };
        let timing = Timing {
            latency_ms: since_start(ended.unwrap_or(self.latest)),
            first_token_ms: self.first_token.map(since_start),
            n_attempts: 1,
        };
        Ok(Some(Completion {
            text: self.text,
            reasoning: (!self.reasoning.is_empty()).then_some(self.reasoning),
            tool_calls: self.calls.finish()?,
            reasoning_opened_by_template: false,
            finish,
            usage,
            timing,
            shared: None,
        }))
    }
}
