//! Request bodies.

use serde_json::{Map, Value, json};
use tasks::Request;

use super::{Api, Endpoint};

/// The JSON body of `request`. Parameters outside the `OpenAI` reference (`top_k`, `min_p`, `repetition_penalty`) are sent
/// only where the task or the user sets them.
pub(super) fn of(endpoint: &Endpoint, request: &Request) -> Value {
    let sampling = &request.sampling;
    let mut body = Map::new();
    let mut set = |name: &str, value: Value| body.insert(name.to_owned(), value);
    set("model", json!(endpoint.model));
    match endpoint.api {
        Api::Chat => set("messages", json!(request.messages)),
        Api::Completions => set("prompt", json!(request.plain_prompt())),
    };
    set("stream", json!(true));
    set("stream_options", json!({ "include_usage": true }));
    set("max_tokens", json!(sampling.max_tokens));
    set("temperature", json!(sampling.temperature));
    set("seed", json!(request.seed));
    let optional = [
        ("top_p", sampling.top_p.map(|value| json!(value))),
        ("top_k", sampling.top_k.map(|value| json!(value))),
        ("min_p", sampling.min_p.map(|value| json!(value))),
        ("repetition_penalty", sampling.repetition_penalty.map(|value| json!(value))),
        ("presence_penalty", sampling.presence_penalty.map(|value| json!(value))),
        ("frequency_penalty", sampling.frequency_penalty.map(|value| json!(value))),
        ("stop", (!sampling.stop.is_empty()).then(|| json!(sampling.stop))),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            set(name, value);
        }
    }
    Value::Object(body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tasks::{Message, Role, SampleSeed, Sampling};

    fn check(api: Api, sampling: Sampling, expected: &str) {
        let message = |role, content: &str| Message { role, content: content.to_owned() };
        let request = Request {
            messages: vec![message(Role::System, "Будь краток."), message(Role::User, "2+2?")],
            sampling,
            seed: SampleSeed(5),
        };
        let endpoint =
            Endpoint { base_url: String::new(), model: "m".to_owned(), api, api_key: None };
        assert_eq!(of(&endpoint, &request).to_string(), expected);
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
            full,
            r#"{"model":"m","prompt":"Будь краток.\n\n2+2?","stream":true,"stream_options":{"include_usage":true},"max_tokens":9,"temperature":0.6,"seed":5,"top_p":0.95,"top_k":20,"min_p":0.05,"repetition_penalty":1.1,"presence_penalty":1.5,"frequency_penalty":-0.5,"stop":["\n\n"]}"#,
        );
    }
}
