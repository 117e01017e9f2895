//! Learning from a refusal.

use std::fmt;

use super::{Dialect, Parameter};
use crate::backend::remote::Api;

/// One change of a dialect that a refusal calls for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// The limit is called `max_completion_tokens`.
    RenameLimit,
    /// The parameter is left out.
    Drop(Parameter),
    /// The system message goes into the first user message.
    FoldSystem,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RenameLimit => f.write_str("`max_tokens`, called `max_completion_tokens` there"),
            Self::Drop(parameter) => write!(f, "`{}`", parameter.name()),
            Self::FoldSystem => f.write_str("the system message"),
        }
    }
}

impl Dialect {
    /// What a refusal with this message asks to be changed; `None` where it names nothing that is sent.
    pub(crate) fn adapted(&self, message: &str) -> Option<Change> {
        let limit = self.spelling(Parameter::MaxTokens, Api::Chat);
        if limit == Some("max_tokens") && has_word(message, "max_completion_tokens") {
            return Some(Change::RenameLimit);
        }
        let is_named = |parameter: &Parameter| {
            let spelling = self.spelling(*parameter, Api::Chat);
            spelling.is_some_and(|name| has_word(message, name))
        };
        // A prompt that is too long is refused with a mention of `max_tokens`, and no server works
        // without a limit.
        let parameters = Parameter::ALL.into_iter().filter(|p| *p != Parameter::MaxTokens);
        if let Some(parameter) = parameters.into_iter().find(is_named) {
            return Some(Change::Drop(parameter));
        }
        let lower = message.to_lowercase();
        let is_about_system = has_word(&lower, "system")
            && ["role", "message", "prompt", "instruction"].iter().any(|word| lower.contains(word));
        (is_about_system && !self.folds_system).then_some(Change::FoldSystem)
    }

    /// Makes a change.
    pub(crate) fn adapt(&mut self, change: Change) {
        match change {
            Change::RenameLimit => self.has_renamed_limit = true,
            Change::Drop(parameter) => drop(self.dropped.insert(parameter)),
            Change::FoldSystem => self.folds_system = true,
        }
    }
}

/// Whether `word` stands in `text` with nothing around it that could belong to a name.
fn has_word(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        !text[..at].ends_with(is_part) && !text[at + word.len()..].starts_with(is_part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(message: &str, expected: Option<Change>) {
        assert_eq!(Dialect::default().adapted(message), expected, "{message}");
    }

    #[test]
    fn refusals_name_what_they_are_about() {
        check(
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
            Some(Change::RenameLimit),
        );
        check("Unrecognized request argument supplied: top_k", Some(Change::Drop(Parameter::TopK)));
        check(
            "Unsupported value: 'temperature' does not support 0.6 with this model.",
            Some(Change::Drop(Parameter::Temperature)),
        );
        check("property 'seed' is unsupported", Some(Change::Drop(Parameter::Seed)));
        check("System role not supported", Some(Change::FoldSystem));
        check("the seeds of doubt", None);
        check("This model's maximum context length is 4096 tokens: max_tokens is too large", None);
        check("the system is busy", None);
    }

    #[test]
    fn a_change_is_made_once() {
        let mut dialect = Dialect::default();
        for message in ["System role not supported", "no seed please", "use max_completion_tokens"]
        {
            let change = dialect.adapted(message).expect("a change");
            dialect.adapt(change);
            assert_eq!(dialect.adapted(message), None, "{message}");
        }
    }
}
