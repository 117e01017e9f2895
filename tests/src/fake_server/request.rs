//! What the server remembers of a request.

use std::time::Instant;

use serde_json::Value;

/// One request as the server saw it.
#[derive(Clone, Debug)]
pub struct SeenRequest {
    /// The position in order of arrival, from 0.
    pub index: usize,
    /// The number of the connection it came over; kept-alive requests share it.
    pub connection: u64,
    /// How many requests with this very path and body came before this one.
    pub attempt: usize,
    /// When the request had been read completely.
    pub arrived: Instant,
    /// The HTTP method.
    pub method: String,
    /// The request target as sent, with its query.
    pub path: String,
    /// The headers in order, their names in lower case.
    pub headers: Vec<(String, String)>,
    /// The parsed JSON body, or `null` when it was absent or no JSON.
    pub body: Value,
}

impl SeenRequest {
    /// Returns the first value of the header called `name`, in any letter case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Returns the text of the last user message, or the `prompt` of a plain
    /// completion. A message made of parts yields its text parts joined.
    pub fn question(&self) -> String {
        let messages = self.body["messages"].as_array().map(Vec::as_slice);
        let last = messages.unwrap_or_default().iter().rfind(|message| message["role"] == "user");
        match last {
            Some(message) => text_of(&message["content"]),
            None => text_of(&self.body["prompt"]),
        }
    }

    /// Returns the `seed` of the body when it is an integer.
    pub fn seed(&self) -> Option<i64> {
        self.body["seed"].as_i64()
    }

    /// Returns how many choices the body asks for.
    pub fn n_choices(&self) -> usize {
        self.body["n"].as_u64().map_or(1, |n| usize::try_from(n).expect("a small number"))
    }

    /// Returns the request that asks for the choice with this index alone: its seed follows from the seed
    /// of the first one.
    #[must_use]
    pub fn choice(&self, index: usize) -> Self {
        let mut single = self.clone();
        // What could go wrong has gone wrong with the first one.
        single.attempt += 1;
        if let Some(body) = single.body.as_object_mut() {
            body.remove("n");
        }
        if let Some(seed) = self.seed() {
            single.body["seed"] = (seed + i64::try_from(index).expect("a small number")).into();
        }
        single
    }

    /// Tells whether the body asks for a stream of events.
    pub fn wants_stream(&self) -> bool {
        self.body["stream"] == true
    }

    /// Tells whether the body asks for a usage event at the end of the stream.
    pub fn wants_stream_usage(&self) -> bool {
        self.body["stream_options"]["include_usage"] == true
    }
}

fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts
            .iter()
            .filter_map(|part| part.as_str().or_else(|| part["text"].as_str()))
            .collect(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn request(body: Value) -> SeenRequest {
        SeenRequest {
            index: 0,
            connection: 0,
            attempt: 0,
            arrived: Instant::now(),
            method: "POST".into(),
            path: "/v1/chat/completions".into(),
            headers: vec![("x-test".into(), "yes".into())],
            body,
        }
    }

    #[test]
    fn question_is_the_last_user_message_in_any_form() {
        let user = |content: Value| json!({"role": "user", "content": content});
        let parts = json!([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]);
        let last = json!({"role": "assistant", "content": "prefill"});
        let chat = json!({"messages": [user("first".into()), user(parts), last]});
        assert_eq!(request(chat).question(), "ab");
        assert_eq!(request(json!({"prompt": "p"})).question(), "p");
        assert_eq!(request(Value::Null).question(), "");
    }

    #[test]
    fn header_names_match_in_any_case() {
        assert_eq!(request(Value::Null).header("X-Test"), Some("yes"));
        assert_eq!(request(Value::Null).header("missing"), None);
    }
}
