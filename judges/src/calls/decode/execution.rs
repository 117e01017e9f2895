//! Steps of a conversation, as the texts of the calls that upstream runs.

use super::{Mode, Undecodable, hermes, native};
use crate::calls::value::{Dict, Value};

/// Decodes a step as upstream's `decode_execute` does. No text is no step, and neither is an empty
/// one: see [`is_empty`].
pub fn executable(step: &Value, mode: Mode) -> Result<Vec<String>, Undecodable> {
    match mode {
        Mode::Native => native::executable(step),
        Mode::Hermes => hermes::executable(step),
        Mode::Prompting => {
            let text = step.as_str().ok_or_else(|| Undecodable::new("the step is no text"))?;
            let text = super::bracketed(text);
            super::python::calls(&text)?
                .iter()
                .map(|call| Ok(format!("{}({})", call.name.to_text(), arguments(&call.arguments)?)))
                .collect()
        }
    }
}

/// `k=value, …`, where a dictionary of dictionaries is written as the call that it may have been.
fn arguments(arguments: &Dict) -> Result<String, Undecodable> {
    let argument =
        |(key, value): &(Value, Value)| Ok(format!("{}={}", key.to_text(), argument_text(value)?));
    let texts = arguments.iter().map(argument).collect::<Result<Vec<_>, Undecodable>>()?;
    Ok(texts.join(", "))
}

/// `parse_nested_value` of upstream. An empty dictionary raises an exception there.
fn argument_text(value: &Value) -> Result<String, Undecodable> {
    let Value::Dict(dict) = value else { return Ok(value.repr()) };
    if dict.iter().all(|(_, value)| value.as_dict().is_some()) {
        let first = dict.iter().next();
        let (name, nested) =
            first.ok_or_else(|| Undecodable::new("an argument is an empty dictionary"))?;
        let nested = nested.as_dict().map(arguments).transpose()?.unwrap_or_default();
        return Ok(format!("{}({nested})", name.to_text()));
    }
    let entry = |(key, value): &(Value, Value)| {
        Ok(format!("'{}': {}", key.to_text(), argument_text(value)?))
    };
    let entries = dict.iter().map(entry).collect::<Result<Vec<_>, Undecodable>>()?;
    Ok(format!("{{{}}}", entries.join(", ")))
}
