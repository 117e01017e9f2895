//! Java source as values (`type_convertor/java_type_converter.py`).
//!
//! A source that has not the form of its type stays a text. Lists are split at every comma.

use std::sync::LazyLock;

use regex::Regex;
use tasks::calls::{Parameter, ParameterType};

use super::collection::{Exponent, guessed, inner, integer, real, within};
use crate::calls::value::{Dict, Value};
use crate::instructions::python::text::strip;

static AS_LIST: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"new\s+ArrayList<\w*>\(Arrays\.asList\((.+?)\)\)"));
static ADDED: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?s)new\s+ArrayList<\w*>\(\)\s*\{\{\s*(.+?)\s*\}\}"));
static ADD: LazyLock<Regex> = LazyLock::new(|| pattern(r"add\((.+?)\)"));
static EMPTY_LIST: LazyLock<Regex> = LazyLock::new(|| pattern(r"new\s+ArrayList<\w*>\(\)"));
static ARRAY: LazyLock<Regex> = LazyLock::new(|| pattern(r"new\s+\w+\[\]\s*\{(.*?)\}"));
static MAP: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?s)new\s+HashMap<.*?>\s*\(\)\s*\{\s*\{?\s*(.*?)\s*\}?\s*\}"));
static PUT: LazyLock<Regex> = LazyLock::new(|| pattern(r#"put\("(.*?)",\s*(.*?)\)"#));
static EMPTY_MAP: LazyLock<Regex> = LazyLock::new(|| pattern(r"new\s+HashMap<.*?>\s*\(\)"));

fn pattern(source: &str) -> Regex {
    Regex::new(source).expect("a valid pattern")
}

/// The value of a source for a parameter.
pub(super) fn read(source: &str, parameter: Parameter) -> Value {
    use ParameterType as P;
    match parameter.kind {
        P::Array => array(source, parameter.item),
        P::ArrayList => list(source, parameter.item),
        P::HashMap => map(source),
        kind => scalar(source, kind),
    }
}

fn scalar(source: &str, kind: ParameterType) -> Value {
    use ParameterType as P;
    let value = match (kind, source) {
        (P::Byte | P::Short | P::Integer, _) => integer(source, &[]),
        (P::Long, _) => integer(source, &['l', 'L']),
        (P::Float, _) => real(source, Exponent::Allowed, &['f', 'F']),
        (P::Double, _) => real(source, Exponent::Allowed, &[]),
        (P::Boolean, "true") => Some(Value::Bool(true)),
        (P::Boolean, "false") => Some(Value::Bool(false)),
        _ => None,
    };
    value.unwrap_or_else(|| Value::str(source))
}

/// The items of a source within a collection, which may be one itself.
fn item(source: &str, kind: Option<ParameterType>) -> Value {
    match kind {
        None => looks_like(source),
        Some(kind) => read(source, Parameter { kind, item: None }),
    }
}

/// `new T[]{…}`. Texts keep their quotes, an upstream quirk that `ArrayList` does not share.
fn array(source: &str, kind: Option<ParameterType>) -> Value {
    let Some(items) = ARRAY.captures(source) else { return Value::str(source) };
    let items = items[1].split(',').map(strip).filter(|item| !item.is_empty());
    Value::List(items.map(|source| item(source, kind)).collect())
}

fn list(source: &str, kind: Option<ParameterType>) -> Value {
    let element = |source: &str| {
        let source = strip(source);
        match kind {
            Some(ParameterType::Char | ParameterType::String) => Value::str(inner(source)),
            kind => item(source, kind),
        }
    };
    if let Some(items) = AS_LIST.captures(source) {
        return Value::List(items[1].split(',').map(element).collect());
    }
    if let Some(body) = ADDED.captures(source) {
        return Value::List(ADD.captures_iter(&body[1]).map(|add| element(&add[1])).collect());
    }
    if EMPTY_LIST.is_match(source) { Value::List(Vec::new()) } else { Value::str(source) }
}

fn map(source: &str) -> Value {
    let mut entries = Dict::new();
    if let Some(body) = MAP.captures(source) {
        for put in PUT.captures_iter(&body[1]) {
            let value = looks_like(strip(&put[2]));
            entries.insert(Value::str(&put[1]), value).expect("a `str` can be hashed");
        }
        return Value::Dict(entries);
    }
    if EMPTY_MAP.is_match(source) { Value::Dict(entries) } else { Value::str(source) }
}

/// A value by its looks.
fn looks_like(source: &str) -> Value {
    match source {
        "true" => return Value::Bool(true),
        "false" => return Value::Bool(false),
        _ => {}
    }
    if let Some(text) = within(source, '"') {
        return Value::str(text);
    }
    let suffixed =
        integer(source, &['l', 'L']).or_else(|| real(source, Exponent::Allowed, &['f', 'F']));
    suffixed.unwrap_or_else(|| guessed(source))
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
        check("-12", P::Integer, None, "-12");
        check("+12", P::Integer, None, "'+12'");
        check("12", P::Long, None, "'12'");
        check("12L", P::Long, None, "12");
        check("1.5", P::Float, None, "'1.5'");
        check("1e3f", P::Float, None, "1000.0");
        check("1.5", P::Double, None, "1.5");
        check("1.", P::Double, None, "'1.'");
        check("true", P::Boolean, None, "True");
        check("True", P::Boolean, None, "'True'");
        check("new int[]{1, 2,}", P::Array, Some(P::Integer), "[1, 2]");
        check("new String[]{\"a\", \"b\"}", P::Array, Some(P::String), "['\"a\"', '\"b\"']");
        check(
            "new ArrayList<String>(Arrays.asList(\"a\", \"b\"))",
            P::ArrayList,
            Some(P::String),
            "['a', 'b']",
        );
        check(
            "new ArrayList<Long>() {{ add(1L); add(2L); }}",
            P::ArrayList,
            Some(P::Long),
            "[1, 2]",
        );
        check("new ArrayList<>()", P::ArrayList, Some(P::Any), "[]");
        check(
            "new HashMap<String, Object>() {{ put(\"a\", 1); put(\"b\", \"x\"); put(\"c\", 2f); }}",
            P::HashMap,
            None,
            "{'a': 1, 'b': 'x', 'c': 2.0}",
        );
        check("new HashMap<String,Object>()", P::HashMap, None, "{}");
        check("Map.of()", P::HashMap, None, "'Map.of()'");
    }
}
