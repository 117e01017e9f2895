//! The memory of upstream's agents, from one conversation to the next
//! (`eval_checker/multi_turn_eval/func_source_code/memory_*.py`).

use super::multi_turn::{Conversation, ConversationError, Turns};
use super::outside::Surroundings;
use super::reply::dict;
use super::value::Value;

/// What a conversation leaves behind.
#[derive(Debug, Clone, PartialEq)]
pub struct Memory {
    /// The content, as the classes keep it in their files.
    pub snapshot: Value,
    /// What of it a model is shown at the beginning of a conversation.
    pub shown: String,
}

/// Upstream's class that searches the web.
const WEB: &str = "WebSearchAPI";

/// Stands in system messages for what a memory shows.
const PLACE: &str = "{evalrun:memory}";

impl Memory {
    /// A text with what the memory shows in its place.
    pub fn filled(&self, text: &str) -> String {
        text.replace(PLACE, &self.shown)
    }
}

impl Conversation {
    /// The conversation of an entry over a memory class that starts with this content.
    pub fn over_memory(
        (id, category): (&str, tasks::calls::Category),
        class: &str,
        memory: Option<&Memory>,
    ) -> Self {
        let snapshot = memory.map_or(Value::None, |memory| memory.snapshot.clone());
        Self {
            id: id.to_owned(),
            category,
            initial_config: dict([(class, dict([("snapshot", snapshot)]))]),
            involved_classes: vec![class.to_owned()],
            ground_truth: Vec::new(),
        }
    }

    /// The conversation of an entry over the web.
    pub fn over_web((id, category): (&str, tasks::calls::Category)) -> Self {
        let shows_snippets = category != tasks::calls::Category::WebSearchNoSnippet;
        let config = dict([("show_snippet", Value::Bool(shows_snippets))]);
        Self {
            id: id.to_owned(),
            category,
            initial_config: dict([(WEB, config)]),
            involved_classes: vec![WEB.to_owned()],
            ground_truth: Vec::new(),
        }
    }

    /// The memory after the calls of a conversation; calls that used up what they may, and all after
    /// them, changed nothing.
    pub fn memory_after(
        &self,
        turns: &Turns,
        surroundings: &Surroundings,
    ) -> Result<Memory, ConversationError> {
        let nothing = vec![Vec::new()];
        let memory = match turns.as_slice() {
            [] => None,
            turns => self.remembered(turns, surroundings)?,
        };
        let memory = match memory {
            Some(memory) => Some(memory),
            None => self.remembered(&nothing, surroundings)?,
        };
        memory.ok_or_else(|| ConversationError::Memory(self.id.clone()))
    }
}
