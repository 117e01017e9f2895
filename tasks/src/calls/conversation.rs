//! How an entry is asked.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Category;
use crate::Message;

/// An entry as a model is asked it. What is expected stays in the data set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallsTarget {
    /// The entry's id.
    pub entry: String,
    /// Its category.
    pub category: Category,
    /// The user's turns in order. Empty until a run asks for the prompts, which are made of the data
    /// set by its own code.
    pub turns: Vec<AskedTurn>,
    /// Its place among conversations that share a memory, where it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<MemoryPart>,
}

/// A place among conversations that share a memory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryPart {
    /// Who shares it: the scenario.
    pub scenario: String,
    /// The conversation that leaves the memory which this one finds; `None` for an empty one.
    pub after: Option<String>,
    /// Whether it fills the memory and asks nothing that has a right answer.
    pub fills: bool,
}

/// What the model learns at the beginning of a turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedTurn {
    /// New messages.
    pub messages: Vec<Message>,
    /// Functions that may be called from now on, besides those of the turns before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<Value>,
}

/// How a model is told of functions, and calls them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallsStyle {
    /// Upstream's system prompt describes them; calls are text in the format that it asks for.
    Prompting,
    /// The request has `tools`; the server gives calls apart from the text.
    Native,
    /// Upstream's system prompt for `<tool_call>` blocks (`local_inference/qwen_fc.py`).
    Hermes,
    /// The model's own chat template describes `tools`; calls are `<tool_call>` blocks.
    HermesTemplate,
}

impl CallsStyle {
    /// The name in tables and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Prompting => "prompting",
            Self::Native => "fc",
            Self::Hermes => "hermes",
            Self::HermesTemplate => "hermes, by the model's chat template",
        }
    }

    /// Whether functions are named to the model with underscores for dots, as `tools` demand.
    pub const fn has_underscores(self) -> bool {
        matches!(self, Self::Native | Self::HermesTemplate)
    }
}
