//! Calls of an endpoint's own: a list of one-key dictionaries from names to JSON texts.

use super::{Decoded, FunctionCall, Undecodable};
use crate::calls::json;
use crate::calls::value::{Dict, Value};

/// The calls. Only the first key of each item counts, and arguments must be text.
pub(super) fn calls(result: &Value) -> Result<Decoded, Undecodable> {
    let refused = || Undecodable::new("the reply is no list of calls");
    let items = match result {
        Value::List(items) => items.as_slice(),
        // Python iterates an empty text or dictionary without meeting anything it cannot use.
        Value::Str(text) if text.is_empty() => &[],
        Value::Dict(dict) if dict.is_empty() => &[],
        _ => return Err(refused()),
    };
    let item = |item: &Value| {
        let (name, arguments) =
            item.as_dict().and_then(|dict| dict.iter().next()).ok_or_else(refused)?;
        let text = arguments.as_str();
        let text = text.ok_or_else(|| Undecodable::new("the arguments of a call are no text"))?;
        let arguments = json::parse(text)
            .map_err(|err| Undecodable(format!("the arguments of a call are not JSON: {err}")))?;
        Ok((name.clone(), arguments))
    };
    let pairs = items.iter().map(item).collect::<Result<Vec<_>, _>>()?;
    Ok(gathered(pairs))
}

/// Calls, unless the arguments of one are no dictionary.
pub(super) fn gathered(pairs: Vec<(Value, Value)>) -> Decoded {
    let call = |(name, arguments): (Value, Value)| match arguments {
        Value::Dict(arguments) => Ok(FunctionCall { name, arguments }),
        other => Err(other.class().name()),
    };
    match pairs.into_iter().map(call).collect() {
        Ok(calls) => Decoded::Calls(calls),
        Err(class) => Decoded::OtherShape(format!("the arguments of a call are of type {class}")),
    }
}

/// `name(k=repr,…)` for each entry of each item (`convert_to_function_call`). Arguments may be a
/// dictionary here, and every key of an item is a call.
pub(super) fn executable(result: &Value) -> Result<Vec<String>, Undecodable> {
    let refused = || Undecodable::new("the step is no list of calls");
    let items = match result {
        Value::Dict(_) => std::slice::from_ref(result),
        Value::List(items) => items.as_slice(),
        Value::Str(text) if text.is_empty() => &[],
        _ => return Err(refused()),
    };
    let mut calls = Vec::new();
    for item in items {
        for (name, arguments) in item.as_dict().ok_or_else(refused)?.iter() {
            let parsed = match arguments {
                Value::Str(text) => json::parse(text).map_err(Undecodable)?,
                other => other.clone(),
            };
            let arguments = parsed.as_dict().ok_or_else(refused)?;
            calls.push(call_text(name, arguments));
        }
    }
    Ok(calls)
}

/// `name(k=repr,…)`.
pub(super) fn call_text(name: &Value, arguments: &Dict) -> String {
    let argument = |(key, value): &(Value, Value)| format!("{}={}", key.to_text(), value.repr());
    let arguments: Vec<String> = arguments.iter().map(argument).collect();
    format!("{}({})", name.to_text(), arguments.join(","))
}
