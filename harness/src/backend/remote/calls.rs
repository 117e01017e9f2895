//! Calls of functions, put together from a stream's pieces or read from one document.

use serde::Deserialize;
use tasks::{BackendError, ToolCall};

use super::protocol;

/// More calls than this in one answer are no answer.
const MAX_CALLS: usize = 1_000;

/// A piece of a call, or a whole one.
#[derive(Deserialize)]
pub(super) struct CallPiece {
    /// Which call of the answer; some servers leave it out and send each call whole.
    index: Option<usize>,
    id: Option<String>,
    #[serde(default)]
    function: FunctionPiece,
}

#[derive(Default, Deserialize)]
struct FunctionPiece {
    name: Option<String>,
    arguments: Option<Arguments>,
}

/// Arguments as JSON in a text, or as the object itself, which some gateways send.
#[derive(Deserialize)]
#[serde(untagged)]
enum Arguments {
    Text(String),
    Object(serde_json::Value),
}

/// The calls that have arrived, by their index.
#[derive(Debug, Default)]
pub(super) struct Calls {
    calls: Vec<Option<ToolCall>>,
    n_bytes: usize,
}

impl Calls {
    /// Bytes of names and arguments so far.
    pub(super) fn n_bytes(&self) -> usize {
        self.n_bytes
    }

    /// Takes in a piece. The pieces of a call's arguments follow one another.
    pub(super) fn add(&mut self, piece: CallPiece) -> Result<(), BackendError> {
        let idx = piece.index.unwrap_or(self.calls.len());
        if idx >= MAX_CALLS {
            return Err(protocol(&format!("the answer has a call with index {idx}")));
        }
        if self.calls.len() <= idx {
            self.calls.resize(idx + 1, None);
        }
        let empty =
            || ToolCall { id: String::new(), name: String::new(), arguments: String::new() };
        let call = self.calls[idx].get_or_insert_with(empty);
        if let Some(id) = piece.id.filter(|_| call.id.is_empty()) {
            call.id = id;
        }
        if let Some(name) = piece.function.name {
            // Most servers send a name once; those that repeat it send it whole.
            if call.name != name {
                self.n_bytes += name.len();
                call.name += &name;
            }
        }
        let arguments = match piece.function.arguments {
            None | Some(Arguments::Object(serde_json::Value::Null)) => return Ok(()),
            Some(Arguments::Text(text)) => text,
            Some(Arguments::Object(object)) => object.to_string(),
        };
        self.n_bytes += arguments.len();
        call.arguments += &arguments;
        Ok(())
    }

    /// The calls in order. A call without a name is no call that could be made.
    pub(super) fn finish(self) -> Result<Vec<ToolCall>, BackendError> {
        let call = |(idx, call): (usize, Option<ToolCall>)| {
            let mut call = call.filter(|call| !call.name.is_empty())?;
            if call.id.is_empty() {
                // The responses name the call that they answer.
                call.id = format!("call_{idx}");
            }
            Some(call)
        };
        let calls: Option<Vec<ToolCall>> = self.calls.into_iter().enumerate().map(call).collect();
        calls.ok_or_else(|| protocol("the answer has a call without a name"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pieces: &[&str], expected: &str) {
        let mut calls = Calls::default();
        let added = pieces
            .iter()
            .try_for_each(|piece| calls.add(serde_json::from_str(piece).expect("a piece")));
        let shown = match added.and_then(|()| calls.finish()) {
            Ok(calls) => calls
                .iter()
                .map(|call| format!("{} {}({})", call.id, call.name, call.arguments))
                .collect::<Vec<_>>()
                .join("; "),
            Err(err) => err.to_string(),
        };
        assert_eq!(shown, expected);
    }

    #[test]
    fn calls_are_put_together() {
        check(&[], "");
        check(
            &[
                r#"{"index":0,"id":"a","function":{"name":"f","arguments":""}}"#,
                r#"{"index":0,"function":{"arguments":"{\"x\":"}}"#,
                r#"{"index":1,"id":"b","function":{"name":"g","arguments":"{}"}}"#,
                r#"{"index":0,"function":{"arguments":"1}"}}"#,
            ],
            r#"a f({"x":1}); b g({})"#,
        );
        check(
            &[
                r#"{"id":"a","type":"function","function":{"name":"f","arguments":{"x":1}}}"#,
                r#"{"function":{"name":"g","arguments":null}}"#,
            ],
            r#"a f({"x":1}); call_1 g()"#,
        );
        check(
            &[
                r#"{"index":0,"id":"a","function":{"name":"f","arguments":"{"}}"#,
                r#"{"index":0,"id":"a","function":{"name":"f","arguments":"}"}}"#,
            ],
            "a f({})",
        );
        check(
            &[r#"{"index":1,"function":{"name":"f"}}"#],
            "unusable answer: the answer has a call without a name",
        );
        check(
            &[r#"{"index":99999,"function":{"name":"f"}}"#],
            "unusable answer: the answer has a call with index 99999",
        );
    }
}
