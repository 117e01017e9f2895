//! How a server wants its requests written: names of parameters, what it does not take, what it gets
//! on top. All of it can change a sample, so all of it is part of the plan.

mod adapt;
mod profile;
mod sharing;

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use tasks::{Message, Request, Role, SampleSeed, Sampling};

use super::Api;
pub use profile::{Parameter, Profile};
pub use sharing::Sharing;

/// How requests are written.
#[derive(Debug, Clone, Default)]
pub struct Dialect {
    /// The kind of server.
    pub profile: Profile,
    /// Parameters that are left out although the profile has them.
    pub dropped: BTreeSet<Parameter>,
    /// Whether `max_tokens` is called `max_completion_tokens` although the profile says otherwise.
    pub has_renamed_limit: bool,
    /// Whether the system message is put before the first user message.
    pub folds_system: bool,
    /// How much a reasoning model is to think: `low`, `medium`, `high`, or what the server knows.
    pub reasoning_effort: Option<String>,
    /// Variables for the server's chat template.
    pub chat_template_kwargs: Map<String, Value>,
    /// Fields added to every body.
    pub extra_body: Map<String, Value>,
    /// How many samples of a prompt may share a request.
    pub sharing: Sharing,
}

impl Dialect {
    /// What `parameter` is called, or `None` where it is not sent.
    pub(super) fn spelling(&self, parameter: Parameter, api: Api) -> Option<&'static str> {
        if self.dropped.contains(&parameter) {
            return None;
        }
        match parameter {
            Parameter::MaxTokens if self.has_renamed_limit => Some("max_completion_tokens"),
            _ => self.profile.spelling(parameter, api),
        }
    }

    /// The parameters that `sampling` or the user asks for and that are not sent.
    pub(crate) fn not_sent(&self, sampling: &Sampling) -> Vec<&'static str> {
        let is_asked = |parameter: &Parameter| match parameter {
            Parameter::TopP => sampling.top_p.is_some(),
            Parameter::TopK => sampling.top_k.is_some(),
            Parameter::MinP => sampling.min_p.is_some(),
            Parameter::RepetitionPenalty => sampling.repetition_penalty.is_some(),
            Parameter::PresencePenalty => sampling.presence_penalty.is_some(),
            Parameter::FrequencyPenalty => sampling.frequency_penalty.is_some(),
            Parameter::Stop => !sampling.stop.is_empty(),
            Parameter::ReasoningEffort => self.reasoning_effort.is_some(),
            Parameter::ChatTemplateKwargs => !self.chat_template_kwargs.is_empty(),
            Parameter::Temperature | Parameter::Seed | Parameter::MaxTokens => true,
            Parameter::StreamOptions => false,
        };
        self.unspoken().filter(is_asked).map(Parameter::name).collect()
    }

    fn unspoken(&self) -> impl Iterator<Item = Parameter> {
        Parameter::ALL.into_iter().filter(|p| self.spelling(*p, Api::Chat).is_none())
    }

    /// The facts about this dialect that a plan keeps: what it does, not what it is called, so that a
    /// server that is recognised only later stays the same one.
    pub(super) fn details(&self) -> Vec<(String, String)> {
        let mut details = Vec::new();
        let mut add = |name: &str, value: String| details.push((name.to_owned(), value));
        let unspoken: Vec<&str> = self.unspoken().map(Parameter::name).collect();
        if !unspoken.is_empty() {
            add("not_sent", unspoken.join(" "));
        }
        let renamed: Vec<String> = Parameter::ALL
            .into_iter()
            .filter_map(|p| Some((p.name(), self.spelling(p, Api::Chat)?)))
            .filter(|(name, spelling)| name != spelling)
            .map(|(name, spelling)| format!("{name}={spelling}"))
            .collect();
        if !renamed.is_empty() {
            add("renamed", renamed.join(" "));
        }
        if self.folds_system {
            add("system_message", "in the first user message".to_owned());
        }
        if let Some(effort) = &self.reasoning_effort {
            add("reasoning_effort", effort.clone());
        }
        if !self.chat_template_kwargs.is_empty() {
            add("chat_template_kwargs", Value::from(self.chat_template_kwargs.clone()).to_string());
        }
        if self.sharing != Sharing::Off {
            add("samples_per_request", self.sharing.to_string());
        }
        if !self.extra_body.is_empty() {
            add("extra_body", Value::from(self.extra_body.clone()).to_string());
        }
        details
    }
}

/// A short request that uses every parameter.
pub(super) fn probe_request() -> Request {
    let message = Message::new;
    Request {
        messages: vec![message(Role::System, "Be brief."), message(Role::User, "Say yes.")],
        tools: Vec::new(),
        sampling: Sampling {
            temperature: 0.5,
            top_p: Some(0.9),
            top_k: Some(20),
            min_p: Some(0.01),
            repetition_penalty: Some(1.01),
            presence_penalty: Some(0.01),
            frequency_penalty: Some(0.01),
            max_tokens: 16,
            stop: vec!["\n\n\n".to_owned()],
        },
        seed: SampleSeed(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_and_not_sent_is_named() {
        let sampling = probe_request().sampling;
        let check = |profile, expected: &[&str]| {
            let dialect = Dialect { profile, ..Dialect::default() };
            assert_eq!(dialect.not_sent(&sampling), expected, "{profile:?}");
        };
        check(Profile::Generic, &[]);
        check(Profile::Vllm, &[]);
        check(Profile::Openai, &["top_k", "min_p", "repetition_penalty"]);
        check(Profile::Deepseek, &["top_k", "min_p", "repetition_penalty", "seed"]);
        let plain = Sampling { top_k: None, min_p: None, repetition_penalty: None, ..sampling };
        let dialect = Dialect { profile: Profile::Openai, ..Dialect::default() };
        assert_eq!(dialect.not_sent(&plain), [""; 0]);
    }

    #[test]
    fn the_general_dialect_leaves_plans_as_they_were() {
        assert_eq!(Dialect::default().details(), []);
        assert_eq!(Dialect { profile: Profile::Vllm, ..Dialect::default() }.details(), []);
        let dialect = Dialect {
            profile: Profile::LlamaCpp,
            dropped: BTreeSet::from([Parameter::Seed]),
            folds_system: true,
            extra_body: serde_json::from_str(r#"{"a": [1]}"#).expect("an object"),
            ..Dialect::default()
        };
        let expected = [
            ("not_sent", "seed"),
            ("renamed", "repetition_penalty=repeat_penalty"),
            ("system_message", "in the first user message"),
            ("extra_body", r#"{"a":[1]}"#),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(dialect.details(), expected);
    }
}
