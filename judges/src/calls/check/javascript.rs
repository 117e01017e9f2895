//! JavaScript source as values (`type_convertor/js_type_converter.py`).
//!
//! A source that has not the form of its type stays a text. Lists and objects are read by patterns that
//! know neither nesting nor commas in texts.

use std::sync::LazyLock;

use regex::Regex;
use tasks::calls::{Parameter, ParameterType};

use super::collection::{Exponent, guessed, inner, integer, real, within};
use crate::calls::value::{Dict, Value};
use crate::instructions::python::text::{is_space, strip};

static TWO_LEVELS: LazyLock<Regex> = LazyLock::new(|| {
    let rows = r"\[\s*\[.*?\]\s*(,\s*\[.*?\]\s*)*\]";
    let built = r"\bnew\s+Array\(\s*\[.*?\]\s*(,\s*\[.*?\]\s*)*\)";
    Regex::new(&format!(r"\A(?:{rows}|{built})")).expect("a valid pattern")
});
static ROW: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\[(.*?)\]").expect("a valid pattern"));
static ONE_LEVEL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\A(?:\[(.*?)\]|\bnew\s+Array\((.*?)\))").expect("a valid pattern")
});
static OBJECT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\A\{(.*?)\}").expect("a valid pattern"));
/// Objects and arrays in one another that are read.
const MAX_DEPTH: usize = 50;

/// The value of a source for a parameter.
pub(super) fn read(source: &str, parameter: Parameter) -> Value {
    match parameter.kind {
        ParameterType::Array => array(source, parameter.item, MAX_DEPTH),
        ParameterType::Dict => object(source, MAX_DEPTH),
        kind => scalar(source, kind),
    }
}

fn scalar(source: &str, kind: ParameterType) -> Value {
    use ParameterType as P;
    let value = match (kind, source) {
        (P::String, _) => quoted(source).map(Value::str),
        (P::Integer, _) => integer(source, &[]),
        (P::BigInt, _) => integer(source, &['n']),
        (P::Float, _) => real(source, Exponent::Refused, &[]),
        (P::Boolean, "true") => Some(Value::Bool(true)),
        (P::Boolean, "false") => Some(Value::Bool(false)),
        _ => None,
    };
    value.unwrap_or_else(|| Value::str(source))
}

fn quoted(source: &str) -> Option<&str> {
    within(source, '"').or_else(|| within(source, '\''))
}

fn array(source: &str, kind: Option<ParameterType>, depth: usize) -> Value {
    let source = strip(source);
    if let Some(found) = TWO_LEVELS.find(source) {
        let row = |(idx, row): (usize, regex::Captures<'_>)| {
            let mut row = strip(row.get(1).map_or("", |inner| inner.as_str())).to_owned();
            if idx == 0 && row.starts_with('[') {
                row.remove(0);
            }
            Value::List(row.split(',').map(|item| looks_like(strip(item))).collect())
        };
        return Value::List(ROW.captures_iter(found.as_str()).enumerate().map(row).collect());
    }
    let Some(found) = ONE_LEVEL.captures(source) else { return Value::str(source) };
    let items = strip(found.get(1).or(found.get(2)).map_or("", |items| items.as_str()));
    if items.is_empty() {
        return Value::List(Vec::new());
    }
    let item = |source: &str| {
        let source = strip(source);
        match kind {
            None => looks_like(source),
            Some(ParameterType::Array) if depth > 0 => array(source, None, depth - 1),
            Some(ParameterType::Dict) if depth > 0 => object(source, depth - 1),
            Some(kind) => scalar(source, kind),
        }
    };
    Value::List(items.split(',').map(item).collect())
}

fn object(source: &str, depth: usize) -> Value {
    let source = strip(source);
    let mut entries = Dict::new();
    if source == "{}" {
        return Value::Dict(entries);
    }
    let Some(found) = OBJECT.captures(source) else { return Value::str(source) };
    for (key, value) in pairs(found.get(1).map_or("", |content| content.as_str())) {
        let key = strip(key).trim_matches(['\'', '"']);
        let value = strip(value);
        let value = if value.starts_with('[') && value.ends_with(']') && depth > 0 {
            array(value, None, depth - 1)
        } else if value.starts_with('{') && value.ends_with('}') && depth > 0 {
            object(value, depth - 1)
        } else {
            looks_like(value.trim_matches(['\'', '"']))
        };
        entries.insert(Value::str(key), value).expect("a `str` can be hashed");
    }
    Value::Dict(entries)
}

/// What `([^:]+):\s*(.*?)(?:,\s*(?=[^,]+:)|$)` finds: a value ends at the first comma behind which a
/// colon comes before the next comma, or at the end.
fn pairs(content: &str) -> Vec<(&str, &str)> {
    let mut pairs = Vec::new();
    let mut at = 0;
    while let Some(colon) = content[at..].find(':').map(|n| at + n) {
        if colon == at {
            at += 1;
            continue;
        }
        let key = &content[at..colon];
        let start = content.len() - content[colon + 1..].trim_start_matches(is_space).len();
        let (end, next) = value_end(content, start);
        pairs.push((key, &content[start..end]));
        at = next;
    }
    pairs
}

/// Where the value that starts here ends, and where the next pair begins.
fn value_end(content: &str, start: usize) -> (usize, usize) {
    let mut from = start;
    while let Some(comma) = content[from..].find(',').map(|n| from + n) {
        let after = &content[comma + 1..];
        let run = &after[..after.find(',').unwrap_or(after.len())];
        let trimmed = run.trim_start_matches(is_space);
        let n_spaces = run.len() - trimmed.len();
        if let Some(colon) = trimmed.rfind(':') {
            if colon > 0 {
                return (comma, comma + 1 + n_spaces);
            }
            // The pattern gives a space back, so that something stands before the colon.
            if let Some(last) = run[..n_spaces].chars().next_back() {
                return (comma, comma + 1 + n_spaces - last.len_utf8());
            }
        }
        from = comma + 1;
    }
    (content.len(), content.len())
}

/// A value by its looks.
fn looks_like(source: &str) -> Value {
    let source = strip(source);
    match source {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ => match quoted(source) {
            Some(_) => Value::str(inner(source)),
            None => guessed(source),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_read_as_upstream_reads_them() {
        use ParameterType as P;
        let check = |source: &str, kind: P, item: Option<P>, expected: &str| {
            assert_eq!(read(source, Parameter { kind, item }).repr(), expected, "{source}");
        };
        check("'a'", P::String, None, "'a'");
        check("a", P::String, None, "'a'");
        check("3.0", P::Float, None, "3.0");
        check("1e3", P::Float, None, "'1e3'");
        check("12n", P::BigInt, None, "12");
        check("[1, 2.5, x]", P::Array, Some(P::Float), "[1.0, 2.5, 'x']");
        check("['a, b', \"c\"]", P::Array, Some(P::String), "[\"'a\", \"b'\", 'c']");
        check("new Array(1, 2)", P::Array, Some(P::Integer), "[1, 2]");
        check("[[1, 2], [3]]", P::Array, Some(P::Float), "[[1, 2], [3]]");
        check("[]", P::Array, Some(P::String), "[]");
        check(
            "{a: 1, 'b': \"x:y, z\", c: [1, 2]}",
            P::Dict,
            None,
            "{'a': 1, 'b': 'x:y, z', 'c': [1, 2]}",
        );
        check("{a: 1, b}", P::Dict, None, "{'a': '1, b'}");
        check("{ }", P::Dict, None, "{}");
        check("f()", P::Dict, None, "'f()'");
        check("{a: {b: 1}}", P::Dict, None, "{'a': '{b: 1'}");
    }
}
