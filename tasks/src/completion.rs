//! What a backend returns.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::request::with_calls;
use crate::{SampleSeed, ToolCall};

/// Why generation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    /// The model ended its turn or met a stop string.
    Stop,
    /// The token limit or the context window cut the model off.
    Length,
    /// A provider's filter withheld the rest of the text.
    ContentFilter,
    /// The model asked for a tool.
    ToolCalls,
}

impl Finish {
    /// The stable name used in run files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Length => "length",
            Self::ContentFilter => "content_filter",
            Self::ToolCalls => "tool_calls",
        }
    }

    /// The ending with this stable name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Stop, Self::Length, Self::ContentFilter, Self::ToolCalls]
            .into_iter()
            .find(|finish| finish.name() == name)
    }
}

/// Token counts of one completion.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens of the rendered prompt.
    pub prompt_tokens: u64,
    /// Tokens generated, reasoning included.
    pub completion_tokens: u64,
    /// The part of `completion_tokens` spent on reasoning, where the backend tells.
    pub reasoning_tokens: Option<u64>,
    /// The part of `prompt_tokens` that the server had in a cache, where the backend tells.
    #[serde(default)]
    pub cached_tokens: Option<u64>,
}

/// How long one completion took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timing {
    /// Milliseconds from sending the successful attempt to its last byte.
    pub latency_ms: u64,
    /// Milliseconds to the first generated text, where the backend streams.
    pub first_token_ms: Option<u64>,
    /// Attempts made, the successful one included.
    pub n_attempts: u32,
}

/// A request that brought several completions of one prompt (`n` above 1), as one of them tells of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedRequest {
    /// Names the request, by a number drawn at random.
    pub id: u64,
    /// Which of its choices this completion is.
    pub choice_idx: u32,
    /// Choices that came.
    pub n_choices: u32,
    /// The seed that was sent: that of the sample which led the request.
    pub seed: SampleSeed,
    /// Whether this is the completion of that sample, which answers for the whole request.
    pub is_leader: bool,
    /// Token counts of all choices together, the prompt counted once.
    pub usage: Option<Usage>,
}

impl Completion {
    /// The text, with calls below it.
    pub fn shown(&self) -> Cow<'_, str> {
        with_calls(&self.text, &self.tool_calls)
    }
}

/// One finished generation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Completion {
    /// The visible text as generated, inline reasoning tags included.
    pub text: String,
    /// Reasoning that the backend delivered apart from the text.
    pub reasoning: Option<String>,
    /// Whether the chat template ended the prompt inside an open reasoning section, so that the
    /// text starts in the middle of the reasoning.
    pub reasoning_opened_by_template: bool,
    /// Calls by the endpoint's own means, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ToolCall>,
    /// Why generation ended.
    pub finish: Finish,
    /// Token counts, where the backend reports them.
    pub usage: Option<Usage>,
    /// Duration and attempts.
    pub timing: Timing,
    /// The request, where it brought other completions as well; `usage` is then this one's own, and absent
    /// where only the sum is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shared: Option<SharedRequest>,
}
