//! The seam between everything that asks a model and everything that is one.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{Completion, Request, Sampling, Usage};

/// A boxed future that may move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A source of completions: an embedded model, a remote endpoint, or a script in a test.
pub trait Backend: Send + Sync {
    /// What identifies the model, for the plan and the run file.
    fn fingerprint(&self) -> &Fingerprint;

    /// What the backend can do; checked while planning, never at request 4,000.
    fn capabilities(&self) -> Capabilities;

    /// The names of parameters that `sampling` sets and that the backend cannot pass on.
    fn not_sent(&self, sampling: &Sampling) -> Vec<&'static str> {
        let _ = sampling;
        Vec::new()
    }

    /// The same model as a judge of given texts, if it can be one.
    fn log_likelihood(&self) -> Option<&dyn LogLikelihood> {
        None
    }

    /// Generates one completion. Tokens are counted on `meter` as they appear, for display only.
    fn complete<'a>(
        &'a self,
        request: &'a Request,
        meter: &'a Arc<TokenMeter>,
    ) -> BoxFuture<'a, Result<Completion, BackendError>>;

    /// The same on these terms: where they say no when the request's turn has come nothing is sent, and
    /// there is no answer. A backend that makes requests wait asks after the wait.
    fn complete_if<'a>(
        &'a self,
        request: &'a Request,
        meter: &'a Arc<TokenMeter>,
        terms: Terms<'a>,
    ) -> BoxFuture<'a, Result<Option<Completion>, BackendError>> {
        Box::pin(async move {
            if !(terms.may_send)() {
                return Ok(None);
            }
            self.complete(request, meter).await.map(Some)
        })
    }

    /// What the backend has to tell since it was last asked for it.
    fn remarks(&self) -> Vec<Remark> {
        Vec::new()
    }
}

/// On which terms a request is sent.
#[derive(Clone, Copy)]
pub struct Terms<'a> {
    /// Whether it may still be sent.
    pub may_send: &'a (dyn Fn() -> bool + Send + Sync),
    /// Whether other samples may be answered with it.
    pub company: Company,
}

/// Whether a request may bring several completions, one for each of several samples of its prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Company {
    /// It is for one sample: a conversation goes on from its own answers.
    Alone,
    /// It may be for several, if the backend was told to ask so.
    Welcome,
}

/// Something that a backend has to tell besides its answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remark {
    /// A request that was slow to begin was sent a second time.
    Hedged(Hedge),
    /// How the model is asked was found out or has changed, in words.
    Manner(String),
}

/// What became of a request that was sent a second time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hedge {
    /// Whether the second one brought the answer.
    pub won: bool,
    /// What the other one used up, as far as it was received before it was called off.
    pub spent: Usage,
}

/// A backend that can tell how probable given texts are: the base of multiple-choice and perplexity
/// tasks.
pub trait LogLikelihood: Send + Sync {
    /// How probable `continuation.text` is after `continuation.context`, both taken as they stand,
    /// without a chat template.
    fn log_likelihood<'a>(
        &'a self,
        continuation: &'a Continuation,
    ) -> BoxFuture<'a, Result<ContinuationScore, BackendError>>;
}

/// A text and what stands before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Continuation {
    /// What stands before; may be empty. White space at its end counts as the text's beginning, where
    /// tokenizers put it.
    pub context: String,
    /// The text whose probability is asked for.
    pub text: String,
}

/// How probable a text is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ContinuationScore {
    /// The natural logarithm of its probability.
    pub log_probability: f64,
    /// Its tokens.
    pub n_tokens: u64,
    /// Whether each of its tokens is the most probable one.
    pub is_greedy: bool,
}

/// What identifies a model well enough to refuse mixing two of them in one run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// The kind of backend: `candle`, `openai` or `scripted`.
    pub backend: String,
    /// The model's name as shown in tables.
    pub model: String,
    /// SHA-256 of the weights, where they are at hand.
    pub weights_sha256: Option<String>,
    /// Further facts that change completions: endpoint, API flavour, template hash, dtype.
    pub details: BTreeMap<String, String>,
}

/// What a backend can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// The largest prompt plus completion in tokens, where it is known.
    pub context_tokens: Option<u32>,
    /// How the model takes a prompt.
    pub prompt_style: PromptStyle,
    /// How many requests are useful at the same time.
    pub concurrency: usize,
    /// How many samples of a prompt may share a request; 1 where each has its own.
    pub samples_per_request: usize,
    /// How the model can be told of functions besides by text.
    pub tools: ToolSupport,
    /// Whether one request always gives the same outcome, so that trying it again is pointless.
    pub deterministic: bool,
}

/// How a model can be told of functions besides by text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToolSupport {
    /// Not at all.
    None,
    /// Its chat template describes them, and calls are part of the text.
    Template,
    /// The endpoint takes them, and gives calls apart from the text.
    Native,
}

/// How a model takes a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PromptStyle {
    /// It answers messages.
    Chat,
    /// It continues text.
    Base,
}

/// Counts generated tokens while they appear.
#[derive(Debug, Default)]
pub struct TokenMeter(AtomicU64);

impl TokenMeter {
    /// Adds `n_tokens` to the count.
    pub fn add(&self, n_tokens: u64) {
        self.0.fetch_add(n_tokens, Ordering::Relaxed);
    }

    /// The tokens counted so far.
    pub fn total(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Why a completion could not be had. Every variant means *failed*, never *wrong*.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
pub enum BackendError {
    /// The endpoint could not be reached.
    #[error("connection to {endpoint} failed: {reason}")]
    Connection {
        /// The endpoint's address.
        endpoint: String,
        /// What the network said.
        reason: String,
    },
    /// The connection broke before the answer was complete.
    #[error("connection to {endpoint} broke: {reason}")]
    Broken {
        /// The endpoint's address.
        endpoint: String,
        /// What the network said.
        reason: String,
    },
    /// Every endpoint of the model has been out of reach for longer than the run waits.
    #[error(
        "{endpoint} is down: {n_failures} requests in a row failed within {lasted_s} s, the last one with: {reason}"
    )]
    Down {
        /// The endpoint's address.
        endpoint: String,
        /// Requests that failed, with no answer between them.
        n_failures: u32,
        /// Seconds since the first of them.
        lasted_s: u64,
        /// Why the last one failed.
        reason: String,
    },
    /// No complete answer came in time.
    #[error("no complete answer within {limit_s} s")]
    Timeout {
        /// The limit that ran out, in seconds.
        limit_s: u64,
    },
    /// The server went silent.
    #[error("nothing came from the server for {limit_s} s")]
    Silent {
        /// The limit that ran out, in seconds.
        limit_s: u64,
    },
    /// The server is overloaded or broken for the moment.
    #[error("HTTP {status}: {message}")]
    Unavailable {
        /// The HTTP status.
        status: u16,
        /// The start of the body.
        message: String,
        /// How long the server asks to wait, in milliseconds.
        retry_after_ms: Option<u64>,
    },
    /// The server understood and refused this request.
    #[error("HTTP {status}: {message}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The start of the body.
        message: String,
    },
    /// The answer was not what the protocol promises.
    #[error("unusable answer: {reason}")]
    Protocol {
        /// What was wrong with it.
        reason: String,
    },
    /// The prompt does not fit into the model's context window.
    #[error("the prompt has {prompt_tokens} tokens, the model's context holds {context_tokens}")]
    ContextOverflow {
        /// Tokens of the rendered prompt.
        prompt_tokens: u64,
        /// Tokens the context holds.
        context_tokens: u64,
    },
    /// The embedded engine failed.
    #[error("the embedded engine failed: {reason}")]
    Engine {
        /// What it said.
        reason: String,
    },
}

impl BackendError {
    /// The stable name used in run files and reports.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Connection { .. } | Self::Broken { .. } => "connection",
            Self::Down { .. } => "down",
            Self::Timeout { .. } | Self::Silent { .. } => "timeout",
            Self::Unavailable { .. } => "unavailable",
            Self::Refused { .. } => "refused",
            Self::Protocol { .. } => "protocol",
            Self::ContextOverflow { .. } => "context_overflow",
            Self::Engine { .. } => "engine",
        }
    }

    /// The same without what a server said, which may quote the question.
    #[must_use]
    pub fn without_texts(self) -> Self {
        let withheld = "(its words are withheld: they may quote the question)".to_owned();
        match self {
            Self::Unavailable { status, retry_after_ms, .. } => {
                Self::Unavailable { status, message: withheld, retry_after_ms }
            }
            Self::Refused { status, .. } => Self::Refused { status, message: withheld },
            Self::Protocol { .. } => Self::Protocol { reason: withheld },
            // A chat template may quote messages in its complaint.
            Self::Engine { .. } => Self::Engine { reason: withheld },
            Self::Down { endpoint, n_failures, lasted_s, .. } => {
                Self::Down { endpoint, n_failures, lasted_s, reason: withheld }
            }
            same => same,
        }
    }

    /// The kind of error as a report counts it: the HTTP status where there is one.
    pub fn cause(&self) -> String {
        match self {
            Self::Unavailable { status, .. } | Self::Refused { status, .. } => {
                format!("HTTP {status}")
            }
            other => other.name().to_owned(),
        }
    }

    /// Whether the same request may succeed a moment later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Connection { .. }
            | Self::Broken { .. }
            | Self::Timeout { .. }
            | Self::Silent { .. }
            | Self::Unavailable { .. }
            | Self::Protocol { .. } => true,
            Self::Down { .. }
            | Self::Refused { .. }
            | Self::ContextOverflow { .. }
            | Self::Engine { .. } => false,
        }
    }

    /// Whether the server only asks for patience: it has too much to do for the moment.
    pub fn is_backpressure(&self) -> bool {
        matches!(self, Self::Unavailable { status: 429 | 503 | 529, .. })
    }

    /// Whether every other request will meet the same refusal: a wrong key, address or model name. A
    /// server that has answered before may mean only this request, as moderation does.
    pub fn is_about_the_endpoint(&self, has_answered: bool) -> bool {
        match self {
            Self::Refused { status: 401, .. } => true,
            Self::Refused { status: 403..=405, .. } => !has_answered,
            _ => false,
        }
    }

    /// Whether the endpoint, rather than this request, seems to be out of order.
    pub fn is_outage(&self) -> bool {
        matches!(
            self,
            Self::Connection { .. }
                | Self::Broken { .. }
                | Self::Down { .. }
                | Self::Timeout { .. }
                | Self::Silent { .. }
                | Self::Unavailable { .. }
        )
    }
}
