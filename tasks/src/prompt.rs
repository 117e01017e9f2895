//! Prompts: an item's fields become messages.

use minijinja::Value;

use crate::template::environment;
use crate::{Item, Message, Role, TaskError};

/// A prompt of a task: an optional system message and a template for the user's message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// The system message; `--system` replaces it.
    pub system: Option<String>,
    /// The template's file name, for errors and the run file.
    pub template_name: String,
    /// The template's text. One newline at its end belongs to the file, not to the prompt.
    pub template: String,
}

impl Prompt {
    /// The messages for `item`.
    pub fn render(&self, item: &Item) -> Result<Vec<Message>, TaskError> {
        let fields = Value::from_pairs(
            item.fields.iter().map(|(name, text)| (name.as_str(), Value::from(text.as_str()))),
        );
        let source = self.template.strip_suffix('\n').unwrap_or(&self.template);
        let content =
            environment().render_str(source, fields).map_err(|err| TaskError::Prompt {
                template: self.template_name.clone(),
                item: item.id.to_string(),
                message: err.to_string(),
            })?;
        let system = self.system.iter().map(|text| Message::new(Role::System, text));
        Ok(system.chain([Message::new(Role::User, content)]).collect())
    }
}
