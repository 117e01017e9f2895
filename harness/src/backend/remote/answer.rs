//! Collecting the choices of one answer, mostly one, from stream events or from one JSON document.

use std::time::Instant;

use serde::Deserialize;
use tasks::{BackendError, Completion, Finish, TokenMeter, Usage};

use super::choice::{Choice, ChoicePart};
use super::endpoint::redact;
use super::stream::Event;
use super::{Endpoint, protocol};

/// What has arrived of one answer.
#[derive(Debug)]
pub(super) struct Collected<'a> {
    endpoint: &'a Endpoint,
    started: Instant,
    /// When the last part came that told anything.
    latest: Instant,
    is_done: bool,
    /// Those that were asked for, by their index.
    choices: Vec<Choice>,
    usage: Option<Usage>,
}

/// What an answer brought.
#[derive(Debug)]
pub(super) struct Brought {
    /// Completions with the index of their choice, at least one, in order.
    pub(super) completions: Vec<(u32, Completion)>,
    /// Token counts of all choices together.
    pub(super) usage: Option<Usage>,
}

/// One event of a stream, or a whole answer.
#[derive(Deserialize)]
struct Payload {
    choices: Option<Vec<ChoicePart>>,
    usage: Option<UsageBody>,
    error: Option<serde_json::Value>,
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
    /// Prepares to collect `n_choices`; others that a server may send are passed over.
    pub(super) fn new(endpoint: &'a Endpoint, n_choices: usize, started: Instant) -> Self {
        let choices = (0..n_choices).map(|_| Choice::new(started)).collect();
        Self { endpoint, started, latest: started, is_done: false, choices, usage: None }
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
        meter.add(self.payload(data)?);
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

    /// Whether every finish reason has come, after which there are only token counts.
    pub(super) fn has_finish(&self) -> bool {
        self.choices.iter().all(|choice| choice.finish.is_some())
    }

    /// Whether some choice is complete.
    pub(super) fn has_any(&self) -> bool {
        self.choices.iter().any(|choice| choice.finish.is_some())
    }

    /// Parts that brought text, each of which is about a token.
    pub(super) fn n_texts(&self) -> u64 {
        self.choices.iter().map(|choice| choice.n_texts).sum()
    }

    /// Bytes collected so far.
    pub(super) fn n_bytes(&self) -> usize {
        self.choices.iter().map(Choice::n_bytes).sum()
    }

    /// The completions; one without an end is no completion.
    pub(super) fn finish(self) -> Result<Brought, BackendError> {
        let (counts, usage) = (self.counts(), self.usage);
        // A choice among others has its own end; of a single one all that came counts.
        let times = (self.started, (self.choices.len() == 1).then_some(self.latest));
        let mut completions = Vec::new();
        for (idx, (choice, usage)) in (0..).zip(self.choices.into_iter().zip(counts)) {
            let completion = choice.completion(times, usage)?;
            completions.extend(completion.map(|completion| (idx, completion)));
        }
        if completions.is_empty() {
            return Err(protocol("the answer broke off without a finish reason"));
        }
        Ok(Brought { completions, usage })
    }

    /// Token counts of each choice. Servers report the sum, which is the count of a choice that came
    /// alone. Of several it is divided only where that is no guess: where the parts of all choices
    /// together are as many as the tokens, each part was one token.
    fn counts(&self) -> Vec<Option<Usage>> {
        let is_begun = |choice: &&Choice| choice.n_parts > 0;
        let Some(usage) = self.usage else { return vec![None; self.choices.len()] };
        if self.choices.iter().filter(is_begun).count() == 1 {
            return self
                .choices
                .iter()
                .map(|choice| Some(usage).filter(|_| is_begun(&choice)))
                .collect();
        }
        let of_choice =
            |n_tokens: u64| Usage { completion_tokens: n_tokens, reasoning_tokens: None, ..usage };
        let measures: [fn(&Choice) -> u64; 2] = [|choice| choice.n_texts, |choice| choice.n_parts];
        // The token that ends a choice may come without text.
        let fits = |measure: &fn(&Choice) -> u64| {
            self.choices.iter().map(measure).sum::<u64>() == usage.completion_tokens
        };
        let measure = measures.into_iter().find(fits);
        let count = |choice| measure.map(|measure| of_choice(measure(choice)));
        self.choices.iter().map(count).collect()
    }

    /// How many choices the payload brought text of.
    fn payload(&mut self, json: &str) -> Result<u64, BackendError> {
        let payload: Payload = serde_json::from_str(json)
            .map_err(|err| protocol(&format!("malformed JSON ({err}): {}", self.start_of(json))))?;
        self.latest = Instant::now();
        if let Some(error) = payload.error.filter(|error| !error.is_null()) {
            return Err(self.failed(&error));
        }
        if let Some(usage) = payload.usage {
            self.usage = usage.into_usage().or(self.usage);
        }
        let mut n_texts = 0;
        for part in payload.choices.into_iter().flatten() {
            n_texts += u64::from(self.part(part)?);
        }
        Ok(n_texts)
    }

    fn part(&mut self, part: ChoicePart) -> Result<bool, BackendError> {
        let reason = part.finish_reason.as_deref().filter(|reason| !reason.is_empty());
        let unknown = |reason: &str| {
            protocol(&format!("the server ended the answer with `{}`", self.start_of(reason)))
        };
        let finish =
            reason.map(|reason| finish_of(reason).ok_or_else(|| unknown(reason))).transpose();
        match self.choices.get_mut(part.index as usize) {
            Some(choice) => choice.add(part, finish?, self.latest),
            None => Ok(false),
        }
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
    use crate::backend::remote::Api;

    fn check(api: Api, events: &[&str], expected: &str) {
        let meter = TokenMeter::default();
        let endpoint =
            Endpoint { base_url: String::new(), model: String::new(), api, api_key: None };
        let mut collected = Collected::new(&endpoint, 1, Instant::now());
        let outcome = events
            .iter()
            .try_for_each(|event| {
                let (name, data) = event.split_once('|').unwrap_or(("", event));
                let name = (!name.is_empty()).then(|| name.to_owned());
                collected.event(&Event { name, data: data.to_owned() }, &meter)
            })
            .and_then(|()| collected.finish())
            .map(|mut brought| brought.completions.remove(0).1);
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
    /// What the parts of three choices come to, each given as `index text`, where `.` is the end; and the
    /// token counts where the server says that there were so many in all.
    fn check_choices(parts: &[&str], n_tokens: u64, expected: &[&str]) {
        let endpoint = Endpoint {
            base_url: String::new(),
            model: String::new(),
            api: Api::Chat,
            api_key: None,
        };
        let mut collected = Collected::new(&endpoint, 3, Instant::now());
        for part in parts {
            let (index, text) = part.split_once(' ').expect("an index and a text");
            let (text, finish) = if text == "." { ("", "\"stop\"") } else { (text, "null") };
            let json = format!(
                r#"{{"choices":[{{"index":{index},"delta":{{"content":"{text}"}},"finish_reason":{finish}}}]}}"#
            );
            collected.payload(&json).expect("a part");
        }
        let usage = format!(r#"{{"usage":{{"prompt_tokens":9,"completion_tokens":{n_tokens}}}}}"#);
        collected.payload(&usage).expect("counts");
        let brought = collected.finish().expect("completions");
        let shown: Vec<String> = brought
            .completions
            .iter()
            .map(|(idx, c)| format!("{idx} {} {:?}", c.text, c.usage.map(|u| u.completion_tokens)))
            .collect();
        assert_eq!(shown, expected);
        assert_eq!(brought.usage.map(|usage| usage.completion_tokens), Some(n_tokens));
    }

    #[test]
    fn choices_are_told_apart_and_counts_are_not_guessed() {
        let mixed = ["0 a", "2 x", "1 b", "0 c", "2 .", "0 .", "7 lost", "1 ."];
        check_choices(&mixed, 4, &["0 ac Some(2)", "1 b Some(1)", "2 x Some(1)"]);
        check_choices(&mixed, 7, &["0 ac Some(3)", "1 b Some(2)", "2 x Some(2)"]);
        check_choices(&mixed, 9, &["0 ac None", "1 b None", "2 x None"]);
        check_choices(&["1 b", "0 a", "1 ."], 3, &["1 b Some(2)"]);
        check_choices(&["0 a", "0 ."], 30, &["0 a Some(30)"]);
    }
}
