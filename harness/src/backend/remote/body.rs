//! Request bodies.

use serde_json::{Map, Value, json};
use tasks::{Message, Request, Role};

use super::{Api, Dialect, Endpoint, Parameter, Profile};

/// The JSON body of `request`, which asks for so many choices. Parameters outside the `OpenAI` reference (`top_k`, `min_p`, `repetition_penalty`) are sent
/// only where the task or the user sets them, and nothing is sent that `dialect` has no word for.
pub(super) fn of(
    endpoint: &Endpoint,
    dialect: &Dialect,
    (request, n_choices): (&Request, usize),
) -> Value {
    let mut body = Map::new();
    body.insert("model".to_owned(), json!(endpoint.model));
    let (field, prompt) = prompt(endpoint.api, dialect, request);
    body.insert(field.to_owned(), prompt);
    if !request.tools.is_empty() {
        body.insert("tools".to_owned(), json!(request.tools));
    }
    body.insert("stream".to_owned(), json!(true));
    if n_choices > 1 {
        body.insert("n".to_owned(), json!(n_choices));
    }
    for (parameter, value) in parameters(dialect, request) {
        if let (Some(name), Some(value)) = (dialect.spelling(parameter, endpoint.api), value) {
            body.insert(name.to_owned(), value);
        }
    }
    for (name, value) in &dialect.extra_body {
        body.insert(name.clone(), value.clone());
    }
    Value::Object(body)
}

fn prompt(api: Api, dialect: &Dialect, request: &Request) -> (&'static str, Value) {
    match api {
        Api::Completions => ("prompt", json!(request.plain_prompt())),
        Api::Chat if dialect.folds_system => ("messages", json!(folded(&request.messages))),
        Api::Chat => ("messages", json!(request.messages)),
    }
}

/// The messages with the system message before the text of the first user message.
fn folded(messages: &[Message]) -> Vec<Message> {
    let (system, mut others): (Vec<Message>, Vec<Message>) =
        messages.iter().cloned().partition(|message| message.role == Role::System);
    let first = others.iter_mut().find(|message| message.role == Role::User);
    if let Some(first) = first {
        for message in system.iter().rev() {
            first.content = format!("{}\n\n{}", message.content, first.content);
        }
    }
    others
}

/// Every parameter with its value, where it has one.
fn parameters(dialect: &Dialect, request: &Request) -> [(Parameter, Option<Value>); 13] {
    let sampling = &request.sampling;
    let mut kwargs = dialect.chat_template_kwargs.clone();
    let mut effort = dialect.reasoning_effort.as_ref().map(|effort| json!(effort));
    if dialect.profile == Profile::LlamaCpp {
        // llama.cpp hands the effort to the chat template like any other variable.
        kwargs.extend(effort.take().map(|effort| ("reasoning_effort".to_owned(), effort)));
    }
    // TGI refuses a top-p of 1, which is the same as none.
    let top_p = sampling.top_p.filter(|value| dialect.profile != Profile::Tgi || *value < 1.0);
    [
        (Parameter::StreamOptions, Some(json!({ "include_usage": true }))),
        (Parameter::MaxTokens, Some(json!(sampling.max_tokens))),
        (Parameter::Temperature, Some(json!(sampling.temperature))),
        (Parameter::Seed, Some(json!(request.seed))),
        (Parameter::TopP, top_p.map(|value| json!(value))),
        (Parameter::TopK, sampling.top_k.map(|value| json!(value))),
        (Parameter::MinP, sampling.min_p.map(|value| json!(value))),
        (Parameter::RepetitionPenalty, sampling.repetition_penalty.map(|value| json!(value))),
        (Parameter::PresencePenalty, sampling.presence_penalty.map(|value| json!(value))),
        (Parameter::FrequencyPenalty, sampling.frequency_penalty.map(|value| json!(value))),
        (Parameter::Stop, (!sampling.stop.is_empty()).then(|| json!(sampling.stop))),
        (Parameter::ReasoningEffort, effort),
        (Parameter::ChatTemplateKwargs, (!kwargs.is_empty()).then(|| json!(kwargs))),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use tasks::{SampleSeed, Sampling};

    fn check(api: Api, dialect: &Dialect, sampling: Sampling, expected: &str) {
        let message = Message::new;
        let request = Request {
            messages: vec![message(Role::System, "Будь краток."), message(Role::User, "2+2?")],
            tools: Vec::new(),
            sampling,
            seed: SampleSeed(5),
        };
        let endpoint =
            Endpoint { base_url: String::new(), model: "m".to_owned(), api, api_key: None };
        assert_eq!(of(&endpoint, dialect, (&request, 1)).to_string(), expected);
    }

    #[test]
    fn bodies_carry_what_was_asked_for_and_nothing_else() {
        let plain = Sampling {
            temperature: 0.6,
            top_p: None,
            top_k: None,
            min_p: None,
            repetition_penalty: None,
            presence_penalty: None,
            frequency_penalty: None,
            max_tokens: 9,
            stop: vec![],
        };
        check(
            Api::Chat,
            &Dialect::default(),
            plain.clone(),
            r#"{"model":"m","messages":[{"role":"system","content":"Будь краток."},{"role":"user","content":"2+2?"}],"stream":true,"stream_options":{"include_usage":true},"max_tokens":9,"temperature":0.6,"seed":5}"#,
        );
        let full = Sampling {
            top_p: Some(0.95),
            top_k: Some(20),
            min_p: Some(0.05),
            repetition_penalty: Some(1.1),
            presence_penalty: Some(1.5),
            frequency_penalty: Some(-0.5),
            stop: vec!["\n\n".to_owned()],
            ..plain
        };
        check(
            Api::Completions,
            &Dialect::default(),
            full.clone(),
            r#"{"model":"m","prompt":"Будь краток.\n\n2+2?","stream":true,"stream_options":{"include_usage":true},"max_tokens":9,"temperature":0.6,"seed":5,"top_p":0.95,"top_k":20,"min_p":0.05,"repetition_penalty":1.1,"presence_penalty":1.5,"frequency_penalty":-0.5,"stop":["\n\n"]}"#,
        );
        let kwargs = serde_json::from_str(r#"{"enable_thinking": false}"#).expect("an object");
        let dialect = Dialect {
            profile: Profile::LlamaCpp,
            folds_system: true,
            reasoning_effort: Some("low".to_owned()),
            chat_template_kwargs: kwargs,
            extra_body: serde_json::from_str(r#"{"cache_prompt": true}"#).expect("an object"),
            ..Dialect::default()
        };
        check(
            Api::Chat,
            &dialect,
            Sampling { top_p: None, stop: vec![], ..full.clone() },
            r#"{"model":"m","messages":[{"role":"user","content":"Будь краток.\n\n2+2?"}],"stream":true,"stream_options":{"include_usage":true},"max_tokens":9,"temperature":0.6,"seed":5,"top_k":20,"min_p":0.05,"repeat_penalty":1.1,"presence_penalty":1.5,"frequency_penalty":-0.5,"chat_template_kwargs":{"enable_thinking":false,"reasoning_effort":"low"},"cache_prompt":true}"#,
        );
        check(
            Api::Chat,
            &Dialect { profile: Profile::Anthropic, ..Dialect::default() },
            full,
            r#"{"model":"m","messages":[{"role":"system","content":"Будь краток."},{"role":"user","content":"2+2?"}],"stream":true,"stream_options":{"include_usage":true},"max_tokens":9,"temperature":0.6,"top_p":0.95,"stop":["\n\n"]}"#,
        );
    }
}
