//! Spans as OTLP JSON.
//!
//! Names come from OpenTelemetry's semantic conventions for generative AI (`gen_ai.*`, version 1.37) and
//! the layout from the JSON encoding of OTLP 1.x: `traceId` and `spanId` in hex, times in nanoseconds as
//! strings, kind 3 for a client, status 2 for an error.

use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tasks::{BackendError, Completion, Fingerprint, Request};

const KIND_CLIENT: u8 = 3;
const STATUS_ERROR: u8 = 2;

/// One attempt at a completion.
pub(super) struct Attempt<'a> {
    pub(super) fingerprint: &'a Fingerprint,
    pub(super) request: &'a Request,
    pub(super) answer: &'a Result<&'a Completion, BackendError>,
    pub(super) started: SystemTime,
    pub(super) ended: SystemTime,
}

/// Its span. All spans of a process belong to one trace.
pub(super) fn span(attempt: &Attempt<'_>) -> Value {
    let Attempt { fingerprint, request, answer, .. } = attempt;
    let sampling = &request.sampling;
    let is_chat = fingerprint.details.get("api").is_none_or(|api| api != "completions");
    let operation = if is_chat { "chat" } else { "text_completion" };
    let mut attributes = vec![
        attribute("gen_ai.operation.name", &json!(operation)),
        attribute("gen_ai.provider.name", &json!(fingerprint.backend)),
        attribute("gen_ai.request.model", &json!(fingerprint.model)),
        attribute("gen_ai.request.temperature", &json!(sampling.temperature)),
        attribute("gen_ai.request.max_tokens", &json!(sampling.max_tokens)),
        attribute("gen_ai.request.seed", &json!(request.seed.0)),
    ];
    let mut add = |name: &str, value: Option<Value>| {
        attributes.extend(value.map(|value| attribute(name, &value)));
    };
    add("gen_ai.request.top_p", sampling.top_p.map(|value| json!(value)));
    add("server.address", fingerprint.details.get("base_url").map(|url| json!(url)));
    match answer {
        Ok(completion) => {
            let usage = completion.usage;
            add("gen_ai.response.finish_reasons", Some(json!([completion.finish.name()])));
            add("gen_ai.usage.input_tokens", usage.map(|usage| json!(usage.prompt_tokens)));
            add("gen_ai.usage.output_tokens", usage.map(|usage| json!(usage.completion_tokens)));
            let shared = completion.shared;
            add("gen_ai.request.choice.count", shared.map(|shared| json!(shared.n_choices)));
            add("evalrun.request.id", shared.map(|shared| json!(format!("{:016x}", shared.id))));
        }
        Err(error) => add("error.type", Some(json!(error.cause()))),
    }
    let status = match answer {
        Ok(_) => json!({}),
        Err(error) => json!({ "code": STATUS_ERROR, "message": error.to_string() }),
    };
    json!({
        "traceId": trace_id(),
        "spanId": format!("{:016x}", random()),
        "name": format!("{operation} {}", fingerprint.model),
        "kind": KIND_CLIENT,
        "startTimeUnixNano": nanoseconds(attempt.started),
        "endTimeUnixNano": nanoseconds(attempt.ended),
        "attributes": attributes,
        "status": status,
    })
}

/// An export request with these spans.
pub(super) fn export(spans: &[Value]) -> Value {
    let resource = [
        attribute("service.name", &json!("evalrun")),
        attribute("service.version", &json!(env!("CARGO_PKG_VERSION"))),
    ];
    json!({
        "resourceSpans": [{
            "resource": { "attributes": resource },
            "scopeSpans": [{ "scope": { "name": "evalrun" }, "spans": spans }],
        }],
    })
}

/// A name and a value with its type, as the encoding wants it.
fn attribute(name: &str, value: &Value) -> Value {
    json!({ "key": name, "value": typed(value) })
}

fn typed(value: &Value) -> Value {
    match value {
        Value::Number(n) if n.is_u64() => json!({ "intValue": n.to_string() }),
        Value::Number(n) => json!({ "doubleValue": n }),
        Value::Array(values) => {
            let values: Vec<Value> = values.iter().map(typed).collect();
            json!({ "arrayValue": { "values": values } })
        }
        other => json!({ "stringValue": other }),
    }
}

fn nanoseconds(time: SystemTime) -> String {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos().to_string()
}

fn trace_id() -> &'static str {
    static ID: OnceLock<String> = OnceLock::new();
    ID.get_or_init(|| format!("{:016x}{:016x}", random(), random()))
}

/// A number that differs from call to call and from process to process; the standard library's hasher
/// is keyed at random.
fn random() -> u64 {
    RandomState::new().hash_one(nanoseconds(SystemTime::now())).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use std::time::Duration;
    use tasks::{Message, Role, SampleSeed, Sampling};

    fn check(answer: &Result<Completion, BackendError>, expected: &[(&str, &str)]) {
        let fingerprint = Fingerprint {
            backend: "openai".to_owned(),
            model: "m".to_owned(),
            weights_sha256: None,
            details: BTreeMap::from([("base_url".to_owned(), "http://h/v1".to_owned())]),
        };
        let sampling = Sampling {
            temperature: 0.5,
            top_p: None,
            top_k: None,
            min_p: None,
            repetition_penalty: None,
            presence_penalty: None,
            frequency_penalty: None,
            max_tokens: 7,
            stop: vec![],
        };
        let messages = vec![Message::new(Role::User, "2+2?")];
        let request = Request { messages, tools: Vec::new(), sampling, seed: SampleSeed(5) };
        let started = UNIX_EPOCH + Duration::from_millis(1500);
        let ended = started + Duration::from_nanos(1);
        let answer = answer.as_ref().map_err(BackendError::clone);
        let (fingerprint, request, answer) = (&fingerprint, &request, &answer);
        let span = span(&Attempt { fingerprint, request, answer, started, ended });
        assert_eq!((&span["name"], &span["kind"]), (&json!("chat m"), &json!(3)));
        assert_eq!(span["startTimeUnixNano"], "1500000000");
        assert_eq!(span["traceId"].as_str().map(str::len), Some(32));
        for (name, value) in expected {
            let attributes = span["attributes"].as_array().expect("attributes");
            let found = attributes.iter().find(|attribute| attribute["key"] == *name);
            assert_eq!(found.expect("the attribute")["value"].to_string(), *value, "{name}");
        }
        assert!(!export(&[span]).to_string().contains("2+2"), "prompts stay out of spans");
    }

    #[test]
    fn spans_follow_the_conventions() {
        check(
            &Ok(crate::backend::scripted::completion("4")),
            &[
                ("gen_ai.request.temperature", r#"{"doubleValue":0.5}"#),
                ("gen_ai.request.max_tokens", r#"{"intValue":"7"}"#),
                ("gen_ai.usage.output_tokens", r#"{"intValue":"3"}"#),
                (
                    "gen_ai.response.finish_reasons",
                    r#"{"arrayValue":{"values":[{"stringValue":"stop"}]}}"#,
                ),
                ("server.address", r#"{"stringValue":"http://h/v1"}"#),
            ],
        );
        check(
            &Err(BackendError::Refused { status: 400, message: "no".to_owned() }),
            &[("error.type", r#"{"stringValue":"HTTP 400"}"#)],
        );
    }
}
