//! What Java and JavaScript sources have in common for upstream's converters.

use crate::calls::text;
use crate::calls::value::Value;
use crate::instructions::python::text::is_decimal;

/// Whether the source is digits after an optional minus, before a suffix that `is_suffix` takes. As in
/// Python, a final newline does not count.
pub(super) fn integer<'s>(source: &'s str, suffixes: &[char]) -> Option<Value> {
    let line = source.strip_suffix('\n').unwrap_or(source);
    let digits: &'s str = match suffixes {
        [] => line,
        suffixes => line.strip_suffix(suffixes)?,
    };
    let unsigned = digits.strip_prefix('-').unwrap_or(digits);
    let is_number = !unsigned.is_empty() && unsigned.chars().all(is_decimal);
    is_number.then(|| text::int(digits)).flatten().map(Value::Int)
}

/// Whether an exponent may follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exponent {
    Allowed,
    Refused,
}

/// A decimal number, before a suffix.
pub(super) fn real(source: &str, exponent: Exponent, suffixes: &[char]) -> Option<Value> {
    let line = source.strip_suffix('\n').unwrap_or(source);
    let number = match suffixes {
        [] => line,
        suffixes => line.strip_suffix(suffixes)?,
    };
    let after_digits = |text: &str| {
        let rest = text.trim_start_matches(is_decimal).len();
        (rest < text.len()).then(|| text.len() - rest)
    };
    let mut rest = number.strip_prefix('-').unwrap_or(number);
    rest = &rest[after_digits(rest)?..];
    if let Some(decimals) = rest.strip_prefix('.') {
        rest = &decimals[after_digits(decimals)?..];
    }
    if exponent == Exponent::Allowed
        && let Some(power) = rest.strip_prefix(['e', 'E'])
    {
        let power = power.strip_prefix(['+', '-']).unwrap_or(power);
        rest = &power[after_digits(power)?..];
    }
    if rest.is_empty() { text::float(number).map(Value::Float) } else { None }
}

/// A value by its looks: an integer, a number, or else a text.
pub(super) fn guessed(source: &str) -> Value {
    let integer = text::int(source).map(Value::Int);
    let number = integer.or_else(|| text::float(source).map(Value::Float));
    number.unwrap_or_else(|| Value::str(source))
}

/// The text within one of the quotes, if it is.
pub(super) fn within(source: &str, quote: char) -> Option<&str> {
    (source.starts_with(quote) && source.ends_with(quote)).then(|| inner(source))
}

/// `source[1:-1]`.
pub(super) fn inner(source: &str) -> &str {
    let mut chars = source.chars();
    chars.next();
    chars.next_back();
    chars.as_str()
}
