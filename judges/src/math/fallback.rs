//! What Math-Verify finds in a text whose LaTeX it cannot read: a number after white space, an
//! equals sign or the start, or a fraction of numbers.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::answer::{Parsed, has_answer_word, parse};
use super::atom::number;
use super::clean::{clean, pattern};
use super::node::Node;
use super::value::Value;

static NUMBER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?:^|\s|=)(?:\*\*)?[$€£¥₹₽₪₩₫฿]?(?:(?<grouped>-?[1-9]\d{0,2}(?:[ ,]\d{3})+)(?<tail>\.\d+)?|(?<whole>-?\d+)(?<fraction>[.,]\d+)|(?<bare>\.\d+)|(?<integer>-?\d+))(?<percent>\s*(?:%|[Pp]ercent|[Pp]ct))?",
    )
});

/// The start of an arithmetic expression that upstream would compute.
static ARITHMETIC: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?:^|\s|=)(?:\*\*)?-?\(?-?\d[\d.\s+\-*×/^()÷]*[+\-*×/^()÷][\d.\s+\-*×/^()÷]+")
});

static FRACTION: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"-?\\frac\{-?[0-9]+(?:[.,][0-9]+)?\}\{-?[0-9]+(?:[.,][0-9]+)?\}"));

/// The last number of a text without readable LaTeX.
pub(super) fn number_in(text: &str) -> Parsed {
    if ARITHMETIC.is_match(text) {
        return Parsed::Number;
    }
    match NUMBER.captures_iter(text).last().map(|found| value_of(&found)) {
        Some(Some(node)) => Parsed::Value(Value::Expression(node)),
        Some(None) => Parsed::Number,
        None => Parsed::Nothing,
    }
}

/// The last number or fraction of a box that was not read.
pub(super) fn latex_in(text: &str) -> Parsed {
    if has_environment(text) || has_answer_word(text) {
        return Parsed::Unread;
    }
    if let Some(inside) = displayed(text) {
        return match parse(&clean(&inside)) {
            Ok(value) => Parsed::Value(value),
            Err(_) => Parsed::Unread,
        };
    }
    let mut fractions = FRACTION.find_iter(text);
    let Some(fraction) = fractions.next() else { return number_in(text) };
    let after = text[fraction.end()..].trim_start();
    let is_alone = fractions.next().is_none()
        && !NUMBER.is_match(text)
        && !ARITHMETIC.is_match(text)
        && !after.starts_with(['%', 'p', 'P'])
        && !after.starts_with(r"\%");
    match parse(&clean(fraction.as_str())) {
        Ok(value) if is_alone => Parsed::Value(value),
        _ => Parsed::Unread,
    }
}

/// The inside of `\boxed{\[ … \]}`.
fn displayed(text: &str) -> Option<String> {
    let inside = text.strip_prefix(r"\boxed{")?.strip_suffix('}')?.trim();
    let inside = inside.strip_prefix(r"\[")?.strip_suffix(r"\]")?;
    let is_plain = !inside.contains(r"\]") && !inside.contains(r"\[") && !inside.ends_with('\\');
    is_plain.then(|| inside.to_owned())
}

fn has_environment(text: &str) -> bool {
    text.contains('$')
        || text.contains(r"\(")
        || text.contains(r"\[") && displayed(text).is_none()
        || text.contains(r"\fbox")
        || text.matches(r"\boxed").count() > 1
        || text
            .split('[')
            .skip(1)
            .zip(text.split('['))
            .any(|(_, before)| before.ends_with(char::is_whitespace))
}

/// The number of a match, unless it has digits of other scripts, which upstream takes for digits.
fn value_of(captures: &Captures<'_>) -> Option<Node> {
    let group = |name: &str| captures.name(name).map_or("", |found| found.as_str());
    let integer = format!("{}{}{}", group("grouped"), group("whole"), group("integer"));
    let fraction = format!("{}{}{}", group("tail"), group("fraction"), group("bare"));
    let digits = integer.replace([',', ' '], "");
    let (negative, digits) = match digits.strip_prefix('-') {
        Some(rest) => (true, rest.to_owned()),
        None => (false, digits),
    };
    let text = format!("{digits}{}", fraction.replace(',', "."));
    let node = if text.is_ascii() { number(&text).ok()? } else { return None };
    let node = if negative { node.negate() } else { node };
    let is_percent = captures.name("percent").is_some();
    Some(if is_percent { Node::Percent(Box::new(node)) } else { node })
}
