//! `<tool_call>` blocks of JSON.

use super::native::{call_text, gathered};
use super::{Decoded, Undecodable};
use crate::calls::json;
use crate::calls::value::{Dict, Value};

const OPEN: &str = "<tool_call>\n";
const CLOSE: &str = "\n</tool_call>";

/// The calls. A block that is not JSON is passed over; one that is no call spoils the reply.
pub(super) fn calls(result: &Value) -> Result<Decoded, Undecodable> {
    let mut pairs = Vec::new();
    for block in blocks(result)? {
        let (name, arguments) = parts(&block)?;
        let arguments = arguments.as_dict();
        let arguments = arguments.ok_or_else(|| Undecodable::new("`arguments` is no object"))?;
        if Dict::new().insert(name.clone(), Value::None).is_err() {
            return Err(Undecodable::new("`name` is a list or an object"));
        }
        pairs.push((name.clone(), Value::Dict(arguments.clone())));
    }
    Ok(gathered(pairs))
}

/// `name(k=repr,…)` for each block. Arguments may be JSON in a text here.
pub(super) fn executable(result: &Value) -> Result<Vec<String>, Undecodable> {
    let mut calls = Vec::new();
    for block in blocks(result)? {
        let (name, arguments) = parts(&block)?;
        if Dict::new().insert(name.clone(), Value::None).is_err() {
            return Err(Undecodable::new("`name` is a list or an object"));
        }
        let parsed = match arguments {
            Value::Str(text) => json::parse(text).map_err(Undecodable)?,
            other => other.clone(),
        };
        let arguments = parsed.as_dict();
        let arguments = arguments.ok_or_else(|| Undecodable::new("`arguments` is no object"))?;
        calls.push(call_text(name, arguments));
    }
    Ok(calls)
}

fn parts(block: &Dict) -> Result<(&Value, &Value), Undecodable> {
    let part =
        |key: &str| block.get_str(key).ok_or_else(|| Undecodable(format!("a call has no `{key}`")));
    Ok((part("name")?, part("arguments")?))
}

/// The blocks that are JSON; each must be an object.
fn blocks(result: &Value) -> Result<Vec<Dict>, Undecodable> {
    let mut rest = result.as_str().ok_or_else(|| Undecodable::new("the reply is no text"))?;
    let mut blocks = Vec::new();
    while let Some((_, after)) = rest.split_once(OPEN) {
        let Some((block, after)) = after.split_once(CLOSE) else { break };
        rest = after;
        match json::parse(block) {
            Ok(Value::Dict(block)) => blocks.push(block),
            Ok(_) => return Err(Undecodable::new("a call is no object")),
            Err(_) => {}
        }
    }
    Ok(blocks)
}
