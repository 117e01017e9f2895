//! Collecting one completion from stream events or from one JSON document.

use std::time::Instant;

use serde::Deserialize;
use tasks::{BackendError, Completion, Finish, Timing, TokenMeter, Usage};

use super::calls::{CallPiece, Calls};
use super::endpoint::redact;
use super::stream::Event;
use super::{Api, Endpoint, protocol};

/// What has arrived of one completion.
#[derive(Debug)]
pub(super) struct Collected<'a> {
    endpoint: &'a Endpoint,
    started: Instant,
    first_token: Option<Instant>,
    /// When the last part came that told anything.
    latest: Instant,
    is_done: bool,
    text: String,
    reasoning: String,
    calls: Calls,
    finish: Option<Finish>,
    usage: Option<Usage>,
}

/// One event of a stream, or a whole answer; both paths of the API fit.
#[derive(Deserialize)]
struct Payload {
    choices: Option<Vec<Choice>>,
    usage: Option<UsageBody>,
    error: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    index: u32,
    delta: Option<Piece>,
    message: Option<Piece>,
    text: Option<String>,
    finish_reason: Option<String>,
}

#[derive(Default, Deserialize)]
struct Piece {
    content: Option<String>,
    reasoning_content: Option<String>,
    reasoning: Option<String>,
    tool_calls: Option<Vec<CallPiece>>,
}

#[derive(Deserialize)]
struct UsageBody {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    completion_tokens_details: Option<UsageDetails>,
    prompt_tokens_details: Option<PromptDetails>,
    /// DeepSeek's name for cached prompt tokens.
    prompt_cache_hit_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct PromptDetails {
    cached_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct UsageDetails {
    reasoning_tokens: Option<u64>,
}

impl<'a> Collected<'a> {
    pub(super) fn new(endpoint: &'a Endpoint, started: Instant) -> Self {
        Self {
            endpoint,
            started,
            first_token: None,
            latest: started,
            is_done: false,
            text: String::new(),
            reasoning: String::new(),
            calls: Calls::default(),
            finish: None,
            usage: None,
        }
    }

    /// Takes in one stream event.
    pub(super) fn event(&mut self, event: &Event, meter: &TokenMeter) -> Result<(), BackendError> {
        let data = event.data.as_str();
        if data.trim() == "[DONE]" {
            self.latest = Instant::now();
            self.is_done = true;
            return Ok(());
        }
        if event.name.as_deref() == Some("error") {
            return Err(self.failed(&serde_json::from_str(data).unwrap_or_else(|_| data.into())));
        }
        // A stream event carries about one token; the exact count comes with `usage` at the end.
        if self.payload(data)? {
            meter.add(1);
        }
        Ok(())
    }

    /// Takes in a whole answer.
    pub(super) fn whole(&mut self, body: &str, meter: &TokenMeter) -> Result<(), BackendError> {
        self.payload(body)?;
        meter.add(self.usage.map_or(0, |usage| usage.completion_tokens));
        Ok(())
    }

    /// Whether the server said that nothing more comes.
    pub(super) fn is_done(&self) -> bool {
        self.is_done
    }

    /// Whether the finish reason has come, after which there are only token counts.
    pub(super) fn has_finish(&self) -> bool {
        self.finish.is_some()
    }

    /// Bytes collected so far.
    pub(super) fn n_bytes(&self) -> usize {
        self.text.len() + self.reasoning.len() + self.calls.n_bytes()
    }

    fn timing(&self) -> Timing {
        let since_start = |at: Instant| {
            let wait_ms = at.duration_since(self.started).as_millis();
            u64::try_from(wait_ms).unwrap_or(u64::MAX)
        };
        Timing {
            latency_ms: since_start(self.latest),
            first_token_ms: self.first_token.map(since_start),
            n_attempts: 1,
        }
    }

    /// The completion; one without an end is no completion.
    pub(super) fn finish(self) -> Result<Completion, BackendError> {
        let timing = self.timing();
        let Some(finish) = self.finish else {
            return Err(protocol("the answer broke off without a finish reason"));
        };
        Ok(Completion {
            text: self.text,
            reasoning: (!self.reasoning.is_empty()).then_some(self.reasoning),
            tool_calls: self.calls.finish()?,
            reasoning_opened_by_template: false,
            finish,
            usage: self.usage,
            timing,
        })
    }

    /// Whether the payload brought text.
    fn payload(&mut self, json: &str) -> Result<bool, BackendError> {
        let payload: Payload = serde_json::from_str(json)
            .map_err(|err| protocol(&format!("malformed JSON ({err}): {}", self.start_of(json))))?;
        self.latest = Instant::now();
        if let Some(error) = payload.error.filter(|error| !error.is_null()) {
            return Err(self.failed(&error));
        }
        if let Some(usage) = payload.usage {
            self.usage = usage.into_usage().or(self.usage);
        }
        let n_before = self.n_bytes();
        for choice in payload.choices.into_iter().flatten().filter(|choice| choice.index == 0) {
            self.choice(choice)?;
        }
        let brought_text = self.n_bytes() > n_before;
        if brought_text && self.first_token.is_none() {
            self.first_token = Some(self.latest);
        }
        Ok(brought_text)
    }

    fn choice(&mut self, choice: Choice) -> Result<(), BackendError> {
        match self.endpoint.api {
            Api::Completions => self.text += choice.text.as_deref().unwrap_or(""),
            Api::Chat => {
                let piece = choice.delta.or(choice.message).unwrap_or_default();
                self.text += piece.content.as_deref().unwrap_or("");
                let reasoning = piece.reasoning_content.or(piece.reasoning);
                self.reasoning += reasoning.as_deref().unwrap_or("");
                for piece in piece.tool_calls.into_iter().flatten() {
                    self.calls.add(piece)?;
                }
            }
        }
        if let Some(reason) = choice.finish_reason.filter(|reason| !reason.is_empty()) {
            self.finish = Some(finish_of(&reason).ok_or_else(|| {
                protocol(&format!("the server ended the answer with `{}`", self.start_of(&reason)))
            })?);
        }
        Ok(())
    }
}

impl Collected<'_> {
    /// What a server calls an error, in whatever form: an object, or an object inside one, or a text.
    fn failed(&self, error: &serde_json::Value) -> BackendError {
        let said = [&error["message"], &error["error"]["message"], &error["error"], error];
        let said = said.into_iter().find_map(serde_json::Value::as_str);
        let message = said.map_or_else(|| error.to_string(), str::to_owned);
        protocol(&format!(
            "the server reported an error in its answer: {}",
            self.start_of(&message)
        ))
    }

    /// The start of what a server said, fit to be shown.
    fn start_of(&self, text: &str) -> String {
        redact(text, self.endpoint.api_key.as_ref()).chars().take(120).collect()
    }
}

impl UsageBody {
    fn into_usage(self) -> Option<Usage> {
        Some(Usage {
            prompt_tokens: self.prompt_tokens?,
            completion_tokens: self.completion_tokens?,
            reasoning_tokens: self
                .completion_tokens_details
                .and_then(|details| details.reasoning_tokens),
            cached_tokens: self
                .prompt_tokens_details
                .and_then(|details| details.cached_tokens)
                .or(self.prompt_cache_hit_tokens),
        })
    }
}

/// Finish reasons of OpenAI, and the words that TGI, Ollama, Mistral and Anthropic gateways use. A
/// reason that means the server gave up (`abort`, `error`) is none of them and makes the attempt fail.
fn finish_of(reason: &str) -> Option<Finish> {
    match reason {
        "stop" | "eos" | "eos_token" | "stop_sequence" | "end_turn" => Some(Finish::Stop),
        "length" | "max_tokens" | "model_length" => Some(Finish::Length),
        "content_filter" => Some(Finish::ContentFilter),
        "tool_calls" | "function_call" | "tool_use" => Some(Finish::ToolCalls),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(api: Api, events: &[&str], expected: &str) {
        let meter = TokenMeter::default();
        let endpoint =
            Endpoint { base_url: String::new(), model: String::new(), api, api_key: None };
        let mut collected = Collected::new(&endpoint, Instant::now());
        let outcome = events
            .iter()
            .try_for_each(|event| {
                let (name, data) = event.split_once('|').unwrap_or(("", event));
                let name = (!name.is_empty()).then(|| name.to_owned());
                collected.event(&Event { name, data: data.to_owned() }, &meter)
            })
            .and_then(|()| collected.finish());
        let shown = match outcome {
            Ok(c) => format!(
                "{} | {:?} | {} | {:?}",
                c.text,
                c.reasoning,
                c.finish.name(),
                c.usage.map(|u| u.completion_tokens)
            ),
            Err(err) => err.to_string(),
        };
        assert_eq!(shown, expected);
    }

    #[test]
    fn completions_are_put_together() {
        check(
            Api::Chat,
            &[
                r#"{"choices":[{"index":0,"delta":{"role":"assistant","content":null}}]}"#,
                r#"{"choices":[{"index":0,"delta":{"reasoning_content":"hm"}}]}"#,
                r#"{"choices":[{"index":0,"delta":{"content":"4"}}]}"#,
                r#"{"choices":[{"index":1,"delta":{"content":"other"}}]}"#,
                r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#,
                r#"{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}"#,
                "[DONE]",
            ],
            r#"4 | Some("hm") | stop | Some(2)"#,
        );
        check(
            Api::Chat,
            &[
                r#"{"choices":[{"message":{"content":"4","reasoning":"hm"},"finish_reason":"length"}],"usage":null}"#,
            ],
            r#"4 | Some("hm") | length | None"#,
        );
        check(
            Api::Completions,
            &[
                r#"{"choices":[{"text":"a"}]}"#,
                r#"{"choices":[{"text":"b","finish_reason":"eos_token"}]}"#,
            ],
            "ab | None | stop | None",
        );
        check(
            Api::Chat,
            &[r#"{"choices":[{"delta":{"content":"cut"}}]}"#],
            "unusable answer: the answer broke off without a finish reason",
        );
        check(
            Api::Chat,
            &[r#"{"choices":[]}"#, "[DONE]"],
            "unusable answer: the answer broke off without a finish reason",
        );
        check(
            Api::Chat,
            &["{"],
            "unusable answer: malformed JSON (EOF while parsing an object at line 1 column 1): {",
        );
        check(
            Api::Chat,
            &[r#"{"error":{"message":"overloaded"}}"#],
            "unusable answer: the server reported an error in its answer: overloaded",
        );
        let cut = r#"{"choices":[{"delta":{"content":"4"},"finish_reason":"stop"}]}"#;
        for (error, said) in [
            (r#"error|{"message":"overloaded"}"#, "overloaded"),
            (r#"error|{"error":{"message":"overloaded"}}"#, "overloaded"),
            (r#"error|{"error":"overloaded"}"#, "overloaded"),
            (r#"error|{"code":503}"#, r#"{"code":503}"#),
            ("error|overloaded", "overloaded"),
            (r#"error|{"choices":[]}"#, r#"{"choices":[]}"#),
        ] {
            let told = "unusable answer: the server reported an error in its answer";
            check(Api::Chat, &[cut, error], &format!("{told}: {said}"));
        }
        check(Api::Chat, &[r#"message|{"choices":[]}"#, cut], "4 | None | stop | None");
        check(
            Api::Chat,
            &[r#"{"choices":[{"delta":{},"finish_reason":"abort"}]}"#],
            "unusable answer: the server ended the answer with `abort`",
        );
    }
}
