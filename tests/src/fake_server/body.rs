//! The JSON of replies, whole and in events.

use serde_json::{Map, Value, json};

use super::reply::{ChatReply, Usage};
use super::style::split;

/// Which of the two completion formats a request speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    Chat,
    Plain,
}

/// What all JSON objects of one reply share.
pub(super) struct Envelope<'a> {
    pub(super) endpoint: Endpoint,
    pub(super) index: usize,
    pub(super) model: &'a str,
}

impl Envelope<'_> {
    /// Returns the whole reply, a choice for each of `chats`, as one object.
    pub(super) fn whole(&self, chats: &[ChatReply]) -> Value {
        let choice = |(place, chat): (usize, &ChatReply)| {
            let mut choice = match self.endpoint {
                Endpoint::Chat => json!({"index": place, "message": message(chat, self.index)}),
                Endpoint::Plain => json!({"index": place, "text": chat.content}),
            };
            choice["logprobs"] = Value::Null;
            choice["finish_reason"] = json!(chat.finish_reason);
            choice
        };
        let choices: Vec<Value> = chats.iter().enumerate().map(choice).collect();
        let mut object = self.object(false, &choices);
        if let Some(counts) = Usage::of_all(chats) {
            object["usage"] = usage(counts);
        }
        object
    }

    /// Returns a reply, or the only event of a stream, without any choice.
    pub(super) fn without_choices(&self, stream: bool) -> Value {
        self.object(stream, &[])
    }

    /// Returns the payloads of the data events of a stream; those of several choices take turns.
    pub(super) fn events(
        &self,
        chats: &[ChatReply],
        pieces: usize,
        with_usage: bool,
    ) -> Vec<String> {
        let of_choice = |(place, chat)| self.events_of_choice(place, chat, pieces).into_iter();
        let mut choices: Vec<_> = chats.iter().enumerate().map(of_choice).collect();
        let mut events = Vec::new();
        loop {
            let n_before = events.len();
            events.extend(choices.iter_mut().filter_map(Iterator::next));
            if events.len() == n_before {
                break;
            }
        }
        if let Some(counts) = Usage::of_all(chats).filter(|_| with_usage) {
            for event in &mut events {
                event["usage"] = Value::Null;
            }
            let mut last = self.object(true, &[]);
            last["usage"] = usage(counts);
            events.push(last);
        }
        let mut payloads: Vec<String> = events.iter().map(Value::to_string).collect();
        payloads.push("[DONE]".to_owned());
        payloads
    }

    fn events_of_choice(&self, place: usize, chat: &ChatReply, pieces: usize) -> Vec<Value> {
        let deltas = self.deltas(chat, pieces).into_iter();
        let mut events: Vec<Value> = deltas.map(|delta| self.event(place, delta, None)).collect();
        if let Some(reason) = &chat.finish_reason {
            events.push(self.event(place, self.delta("content", ""), Some(reason)));
        }
        events
    }

    /// Returns what the events add one by one: the role, the reasoning, the text.
    fn deltas(&self, chat: &ChatReply, pieces: usize) -> Vec<Value> {
        let mut deltas = Vec::new();
        if self.endpoint == Endpoint::Chat {
            deltas.push(json!({"role": "assistant", "content": ""}));
            let reasoning = chat.reasoning.as_deref().unwrap_or_default();
            let thoughts = split(reasoning, pieces).into_iter();
            deltas.extend(thoughts.map(|piece| self.delta(chat.reasoning_field, piece)));
        }
        let texts = split(&chat.content, pieces).into_iter();
        deltas.extend(texts.map(|piece| self.delta("content", piece)));
        if self.endpoint == Endpoint::Chat {
            deltas.extend(call_deltas(chat, self.index, pieces));
        }
        deltas
    }

    /// Returns a delta that adds `text`; an empty chat delta has no fields.
    fn delta(&self, field: &str, text: &str) -> Value {
        match self.endpoint {
            Endpoint::Plain => json!({"text": text}),
            Endpoint::Chat if text.is_empty() => json!({}),
            Endpoint::Chat => json!({field: text}),
        }
    }

    fn event(&self, place: usize, delta: Value, finish_reason: Option<&str>) -> Value {
        let mut choice = match self.endpoint {
            Endpoint::Chat => json!({"delta": delta}),
            Endpoint::Plain => delta,
        };
        choice["index"] = json!(place);
        choice["finish_reason"] = json!(finish_reason);
        self.object(true, &[choice])
    }

    fn object(&self, stream: bool, choices: &[Value]) -> Value {
        let (prefix, object) = match (self.endpoint, stream) {
            (Endpoint::Chat, false) => ("chatcmpl", "chat.completion"),
            (Endpoint::Chat, true) => ("chatcmpl", "chat.completion.chunk"),
            (Endpoint::Plain, _) => ("cmpl", "text_completion"),
        };
        json!({
            "id": format!("{prefix}-{}", self.index),
            "object": object,
            "created": 1_700_000_000,
            "model": self.model,
            "choices": choices,
        })
    }
}

/// Returns an error object.
pub(super) fn error(message: &str) -> Value {
    json!({"error": {"message": message, "type": "fake_error", "code": null}})
}

/// Returns the list of models.
pub(super) fn models(names: &[String], owner: &str) -> Value {
    let data: Vec<Value> = names
        .iter()
        .map(|name| json!({"id": name, "object": "model", "created": 0, "owned_by": owner}))
        .collect();
    json!({"object": "list", "data": data})
}

/// Returns the name of a call: that of the reply and its place in it.
fn call_id(index: usize, place: usize) -> String {
    format!("call-{index}-{place}")
}

/// Returns each call as a name and the pieces of its arguments.
fn call_deltas(chat: &ChatReply, index: usize, pieces: usize) -> Vec<Value> {
    let mut deltas = Vec::new();
    for (place, (name, arguments)) in chat.calls.iter().enumerate() {
        let begun = json!({
            "index": place,
            "id": call_id(index, place),
            "type": "function",
            "function": {"name": name, "arguments": ""},
        });
        deltas.push(json!({"tool_calls": [begun]}));
        for piece in split(arguments, pieces) {
            let more = json!({"index": place, "function": {"arguments": piece}});
            deltas.push(json!({"tool_calls": [more]}));
        }
    }
    deltas
}

fn message(chat: &ChatReply, index: usize) -> Value {
    let mut message = Map::new();
    message.insert("role".to_owned(), json!("assistant"));
    let silent = chat.content.is_empty() && chat.reasoning.is_some();
    let content = Some(&chat.content).filter(|_| !silent);
    message.insert("content".to_owned(), json!(content));
    if let Some(reasoning) = &chat.reasoning {
        message.insert(chat.reasoning_field.to_owned(), json!(reasoning));
    }
    if !chat.calls.is_empty() {
        let call = |(place, (name, arguments)): (usize, &(String, String))| {
            let function = json!({"name": name, "arguments": arguments});
            json!({"id": call_id(index, place), "type": "function", "function": function})
        };
        let calls: Vec<Value> = chat.calls.iter().enumerate().map(call).collect();
        message.insert("tool_calls".to_owned(), json!(calls));
    }
    Value::Object(message)
}

fn usage(counts: Usage) -> Value {
    let mut object = json!({
        "prompt_tokens": counts.prompt,
        "completion_tokens": counts.completion,
        "total_tokens": counts.prompt + counts.completion,
    });
    if let Some(tokens) = counts.reasoning {
        object["completion_tokens_details"] = json!({"reasoning_tokens": tokens});
    }
    object
}
