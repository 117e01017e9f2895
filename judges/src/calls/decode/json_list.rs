//! Calls as a JSON list of objects with `function` and `parameters`.

use std::sync::LazyLock;

use regex::Regex;

use super::native::gathered;
use super::{Decoded, Undecodable};
use crate::calls::json;
use crate::calls::value::{Dict, Value};

/// The list that upstream cuts out (`parser/json_parser.py`). It ends at the first `}` that a `]`
/// follows, so an argument that is a list of objects breaks it; upstream's quirk.
static LIST: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?s)\[\s*\{.*?\}\s*(?:,\s*\{.*?\}\s*)*\]").expect("a valid pattern")
});

/// The calls; a reply without readable JSON has none.
pub(super) fn calls(text: &str) -> Result<Decoded, Undecodable> {
    let outer = match (text.find('['), text.rfind(']')) {
        (Some(open), Some(close)) if open < close => &text[open..=close],
        _ => text,
    };
    let list = LIST.find(outer).map_or(outer, |found| found.as_str());
    let Ok(parsed) = json::parse(list) else { return Ok(Decoded::Calls(Vec::new())) };
    let items = match &parsed {
        Value::List(items) => items.as_slice(),
        // Python iterates the keys of an object and the characters of a text, none of which is one.
        Value::Dict(_) | Value::Str(_) => &[],
        _ => return Err(Undecodable::new("the reply is no list")),
    };
    let mut pairs = Vec::new();
    for item in items.iter().filter_map(Value::as_dict) {
        let part = |key: &str| {
            item.get_str(key).ok_or_else(|| Undecodable(format!("a call has no `{key}`")))
        };
        let (name, arguments) = (part("function")?, part("parameters")?);
        if Dict::new().insert(name.clone(), Value::None).is_err() {
            return Err(Undecodable::new("`function` is a list or an object"));
        }
        pairs.push((name.clone(), arguments.clone()));
    }
    Ok(gathered(pairs))
}
