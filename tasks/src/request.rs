//! What a model is asked.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::digest::hex;
use crate::seed::SampleSeed;

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Standing instructions.
    System,
    /// The asker.
    User,
    /// The model.
    Assistant,
    /// A function that the model called.
    Tool,
}

/// One message of a dialogue. Its JSON is that of the `OpenAI` API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// The text.
    pub content: String,
    /// The calls of a model that calls functions by the endpoint's own means.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ToolCall>,
    /// Which call a function answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_call_id: Option<String>,
}

impl Message {
    /// A message that is text only.
    pub fn new(role: Role, content: impl Into<String>) -> Self {
        Self { role, content: content.into(), tool_calls: Vec::new(), tool_call_id: None }
    }

    /// The text, with calls below it.
    pub fn shown(&self) -> Cow<'_, str> {
        with_calls(&self.content, &self.tool_calls)
    }
}

/// A text with calls below it, a line each, for people to read.
pub(crate) fn with_calls<'a>(text: &'a str, calls: &[ToolCall]) -> Cow<'a, str> {
    if calls.is_empty() {
        return Cow::Borrowed(text);
    }
    let shown = calls.iter().map(|call| format!("{}({})", call.name, call.arguments));
    let lines = (!text.is_empty()).then(|| text.to_owned()).into_iter().chain(shown);
    Cow::Owned(lines.collect::<Vec<_>>().join("\n"))
}

/// A call by the endpoint's own means. Its JSON is that of the `OpenAI` API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "ToolCallBody", from = "ToolCallBody")]
pub struct ToolCall {
    /// What names the call in the dialogue; the server chose it.
    pub id: String,
    /// The function.
    pub name: String,
    /// The arguments, JSON if the model kept to it.
    pub arguments: String,
}

#[derive(Serialize, Deserialize)]
struct ToolCallBody {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    function: FunctionBody,
}

#[derive(Serialize, Deserialize)]
struct FunctionBody {
    name: String,
    arguments: String,
}

impl From<ToolCall> for ToolCallBody {
    fn from(ToolCall { id, name, arguments }: ToolCall) -> Self {
        Self { id, kind: "function".to_owned(), function: FunctionBody { name, arguments } }
    }
}

impl From<ToolCallBody> for ToolCall {
    fn from(ToolCallBody { id, function, .. }: ToolCallBody) -> Self {
        Self { id, name: function.name, arguments: function.arguments }
    }
}

/// How the next token is chosen and when to stop.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sampling {
    /// 0 is greedy.
    pub temperature: f64,
    /// Nucleus sampling: keep the smallest set of tokens with at least this probability.
    pub top_p: Option<f64>,
    /// Keep this many most probable tokens.
    pub top_k: Option<u32>,
    /// Keep tokens at least this fraction as probable as the most probable one.
    pub min_p: Option<f64>,
    /// Logits of tokens in the prompt or the completion so far are divided by this where positive and
    /// multiplied where negative (Keskar et al., arXiv 1909.05858).
    pub repetition_penalty: Option<f64>,
    /// Taken from the logits of tokens that the completion has already.
    pub presence_penalty: Option<f64>,
    /// Taken from a token's logit once for each time the completion has it.
    pub frequency_penalty: Option<f64>,
    /// The most tokens to generate.
    pub max_tokens: u32,
    /// Texts at which generation stops; they are not part of the completion.
    pub stop: Vec<String>,
}

/// One call to a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// The dialogue so far, the last message being the one to answer.
    pub messages: Vec<Message>,
    /// The functions that may be called, as the `OpenAI` API describes them. The run file keeps them
    /// with the item and not with each request.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<Value>,
    /// Sampling parameters.
    pub sampling: Sampling,
    /// The seed of this sample.
    pub seed: SampleSeed,
}

impl Request {
    /// The prompt of a base model: the messages' texts, a blank line between them.
    pub fn plain_prompt(&self) -> String {
        let texts: Vec<&str> =
            self.messages.iter().map(|message| message.content.as_str()).collect();
        texts.join("\n\n")
    }

    /// Hex SHA-256 of the messages' canonical JSON: equal for all samples of one item.
    pub fn messages_sha256(&self) -> String {
        let json = serde_json::to_vec(&self.messages).expect("messages are plain strings");
        hex(&Sha256::digest(json))
    }
}
